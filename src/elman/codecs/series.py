"""Series: numbers over time, one or several channels, of any length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.codecs.checks import one_of, strict
from elman.codecs.codec import Codec, each
from elman.codecs.incremental import StatelessEncoder
from elman.codecs.scaling import Scaler, check_settings, learnable, numbers
from elman.codecs.space import Continuous
from elman.errors import DataError


class Series(Codec):
    """Numbers over time: (T,) or (T, features), of any length from 0, each channel standardised by itself.

    Parameters
    ----------
    scale : {"standard", "log", "none"}, default "standard"
        Subtract the mean and divide by the deviation, the same on logarithms, or leave as is. A constant channel is only centred.
    missing : {"auto", True, False}, default "auto"
        In a source, NaN becomes the mean beside one more channel of 0 per feature; "auto" adds them when ``fit`` sees NaN.

    Examples
    --------
    >>> codec = Series().fit([[1.0, 2.0, 3.0], [2.0, float("nan")]])
    >>> codec.encode([2.0, float("nan")]).tolist()
    [[0.0, 1.0], [0.0, 0.0]]
    >>> codec.decode(codec.encode([2.0, float("nan")])).tolist()
    [2.0, nan]
    """

    id = "series.v1"
    modality = "series"
    rank = "many"

    def __init__(self, scale: str = "standard", *, missing: Any = "auto") -> None:
        self.scale = scale
        self.missing = missing

    @property
    def space(self) -> Continuous:
        """One channel a feature, or two with the mask."""
        return Continuous(self._fitted("scaler_").size)

    def encode(self, value: Any) -> np.ndarray:
        """Return float32 (T, features), or (T, 2·features) with the mask.

        Parameters
        ----------
        value : array-like
            (T,) for one feature, or (T, features).

        Returns
        -------
        ndarray
            The scaled numbers.
        """
        scaler = self._fitted("scaler_")
        array = _read(value)
        features = len(scaler.center)
        array = array.reshape(0, features) if array.size == 0 and array.shape[1] in (0, 1) else array
        if array.shape[1] != features:
            raise DataError(f"expected {features} features, as in fit; got {array.shape[1]}. Give an array (T, {features}).")
        return scaler.encode(array)

    def decode(self, array: Any) -> np.ndarray:
        """Return the numbers in the user's own units.

        Parameters
        ----------
        array : ndarray
            (T, features) or (T, 2·features).

        Returns
        -------
        ndarray
            Float64 (T,) if ``fit`` was given one-dimensional values, else (T, features).
        """
        decoded = self._fitted("scaler_").decode(array)
        if decoded.ndim != 2:
            raise DataError(f"expected an array (T, {self.space.d}) to decode; got shape {decoded.shape}.")
        return decoded[:, 0] if self.flat_ else decoded

    def incremental_encoder(self) -> StatelessEncoder:
        """Return an incremental encoder of numbers.

        Returns
        -------
        StatelessEncoder
            With ``feed(piece)`` and ``close()``.
        """
        return StatelessEncoder(self.encode)

    def _check(self) -> None:
        check_settings(self.scale, self.missing)

    def _fit(self, values: Sequence[Any]) -> None:
        features, flat = 0, False

        def learn(value: Any) -> np.ndarray:
            """Return the numbers of a row whose size is that of the rows before."""
            nonlocal features, flat
            array = _read(value)
            if array.size == 0:
                return array
            if not features:
                features, flat = array.shape[1], np.ndim(value) == 1
            if array.shape[1] != features:
                raise DataError(f"expected {features} features, as in the rows before; got {array.shape[1]}. Give arrays (T, {features}).")
            return learnable(array, how=self.scale, target=self.role_ == "target")

        arrays = [a for a in each(learn, values) if a.size]
        if not features:
            first = _read(values[0])
            features, flat = max(1, first.shape[1]), np.ndim(values[0]) == 1
            arrays = [np.zeros((0, features))]
        self.flat_ = flat
        self.scaler_ = Scaler.fit(arrays, features, how=self.scale, missing=self.missing, target=self.role_ == "target")

    def _state(self) -> dict[str, Any]:
        return {"scaler": self._fitted("scaler_").state(), "flat": self.flat_}

    def _restore(self, state: dict[str, Any]) -> None:
        fields = strict(state, ("scaler", "flat"), "Series state")
        scaler = Scaler.from_state(fields["scaler"])
        self.flat_ = one_of(fields["flat"], (True, False), "Series state: flat")
        if self.flat_ and len(scaler.center) != 1:
            raise DataError(f"Series state: a flat series has one channel; got {len(scaler.center)}.")
        self.scaler_ = scaler


def _read(value: Any) -> np.ndarray:
    array = numbers(value, (1, 2), "a series of numbers, (T,) or (T, features)")
    return array[:, None] if array.ndim == 1 else array
