"""Number: one number a row, such as a price, a rating or an age."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.codecs.checks import strict
from elman.codecs.codec import Codec, each
from elman.codecs.scaling import Scaler, check_settings, learnable, numbers
from elman.codecs.space import Continuous
from elman.errors import DataError


class Number(Codec):
    """One number a row, standardised.

    Parameters
    ----------
    scale : {"standard", "log", "none"}, default "standard"
        Subtract the mean and divide by the deviation, the same on logarithms (positive numbers of many magnitudes: prices), or leave as is.
    missing : {"auto", True, False}, default "auto"
        In a source, NaN (or None) becomes the mean beside a second channel of 0; "auto" adds it when ``fit`` sees NaN.

    Examples
    --------
    >>> codec = Number().fit([10, 20, 30])
    >>> round(codec.decode(codec.encode(25)), 3)
    25.0
    """

    id = "number.v1"
    estimator_type = "regressor"
    rank = "one"

    def __init__(self, scale: str = "standard", *, missing: Any = "auto") -> None:
        self.scale = scale
        self.missing = missing

    @property
    def space(self) -> Continuous:
        """One channel, or two with the mask."""
        return Continuous(self._fitted("scaler_").size)

    def encode(self, value: Any) -> np.ndarray:
        """Return float32 (1,), or (2,) with the mask.

        Parameters
        ----------
        value : number
            Any real number; None counts as NaN.

        Returns
        -------
        ndarray
            The scaled number.
        """
        scaler = self._fitted("scaler_")
        return scaler.encode(_one(value))

    def decode(self, array: Any) -> float:
        """Return the number in the user's own unit.

        Parameters
        ----------
        array : ndarray
            (1,), (2,) or a scalar.

        Returns
        -------
        float
            NaN where the mask is 0.
        """
        return float(self._fitted("scaler_").decode(np.atleast_1d(np.asarray(array)))[0])

    def _check(self) -> None:
        check_settings(self.scale, self.missing)

    def _fit(self, values: Sequence[Any]) -> None:
        target = self.role_ == "target"
        numbers = each(lambda value: learnable(_one(value), how=self.scale, target=target), values)
        self.scaler_ = Scaler.fit(numbers, 1, how=self.scale, missing=self.missing, target=target)

    def _encode_many(self, values: Sequence[Any]) -> list[Any] | None:
        if not isinstance(values, np.ndarray) or values.ndim != 1 or values.dtype.kind not in "biuf":
            return None
        try:
            return list(self._fitted("scaler_").encode(numbers(values, (1,), "numbers")[:, None]))
        except DataError:
            return None  # row by row finds which one

    def _state(self) -> dict[str, Any]:
        return {"scaler": self._fitted("scaler_").state()}

    def _restore(self, state: dict[str, Any]) -> None:
        scaler = Scaler.from_state(strict(state, ("scaler",), "Number state")["scaler"])
        if len(scaler.center) != 1:
            raise DataError(f"Number state: expected one channel; got {len(scaler.center)}.")
        self.scaler_ = scaler


def _one(value: Any) -> np.ndarray:
    array = numbers(value, (0, 1), "one number")
    if array.size != 1:
        raise DataError(f"expected one number; got {array.size}. Use Vector for several.")
    return array.reshape(1)
