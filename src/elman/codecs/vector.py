"""Vector: a fixed number of numbers a row, such as a table's features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from elman.codecs.checks import strict
from elman.codecs.codec import Codec, each
from elman.codecs.scaling import Scaler, check_settings, learnable, numbers
from elman.codecs.space import Continuous
from elman.errors import DataError


class Vector(Codec):
    """A fixed number d of numbers a row, each standardised by itself.

    Parameters
    ----------
    scale : {"standard", "log", "none"}, default "standard"
        Subtract the mean and divide by the deviation, the same on logarithms, or leave as is.
    missing : {"auto", True, False}, default "auto"
        In a source, NaN becomes the mean beside d more channels of 0; "auto" adds them when ``fit`` sees NaN.

    Examples
    --------
    >>> codec = Vector().fit([[1, 100], [3, 300]])
    >>> codec.encode([1, 300]).tolist()
    [-1.0, 1.0]
    >>> codec.decode([-1.0, 1.0]).tolist()
    [1.0, 300.0]
    """

    id = "vector.v1"
    rank = "one"

    def __init__(self, scale: str = "standard", *, missing: Any = "auto") -> None:
        self.scale = scale
        self.missing = missing

    @property
    def space(self) -> Continuous:
        """One channel a number, or 2·d with the mask."""
        return Continuous(self._fitted("scaler_").size)

    def encode(self, value: Any) -> np.ndarray:
        """Return float32 (d,), or (2·d,) with the mask.

        Parameters
        ----------
        value : array-like
            d numbers.

        Returns
        -------
        ndarray
            The scaled numbers.
        """
        scaler = self._fitted("scaler_")
        array = numbers(_listed(value), (1,), "a vector of numbers")
        if len(array) != len(scaler.center):
            raise DataError(f"expected {len(scaler.center)} numbers, as in fit; got {len(array)}. Use Series for lengths that vary.")
        return scaler.encode(array)

    def decode(self, array: Any) -> np.ndarray:
        """Return the numbers in the user's own units.

        Parameters
        ----------
        array : ndarray
            (d,) or (2·d,).

        Returns
        -------
        ndarray
            Float64 (d,).
        """
        return self._fitted("scaler_").decode(array)

    def _check(self) -> None:
        check_settings(self.scale, self.missing)

    def _fit(self, values: Sequence[Any]) -> None:
        size = 0

        def learn(value: Any) -> np.ndarray:
            """Return the numbers of a row whose size is that of the rows before."""
            nonlocal size
            array = numbers(_listed(value), (1,), "a vector of numbers")
            size = size or len(array)
            if len(array) != size or size == 0:
                expected = f"{size} numbers, as in row 0" if size else "at least one number"
                raise DataError(f"expected {expected}; got {len(array)}. Use Series for lengths that vary.")
            return learnable(array, how=self.scale, target=self.role_ == "target")

        arrays = np.stack(each(learn, values))
        self.scaler_ = Scaler.fit([arrays], size, how=self.scale, missing=self.missing, target=self.role_ == "target")

    def _encode_many(self, values: Sequence[Any]) -> list[Any] | None:
        scaler = self._fitted("scaler_")
        if not isinstance(values, np.ndarray) or values.ndim != 2 or values.shape[1] != len(scaler.center):
            return None
        try:
            return list(scaler.encode(numbers(values, (2,), "vectors of numbers")))
        except DataError:
            return None  # row by row finds which one

    def _state(self) -> dict[str, Any]:
        return {"scaler": self._fitted("scaler_").state()}

    def _restore(self, state: dict[str, Any]) -> None:
        self.scaler_ = Scaler.from_state(strict(state, ("scaler",), "Vector state")["scaler"])


def _listed(value: Any) -> Any:
    """A row of a data frame comes as a mapping of column to number: its numbers, in the columns' order."""
    return list(value.values()) if isinstance(value, Mapping) else value
