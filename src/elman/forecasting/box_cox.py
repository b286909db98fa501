"""Power: the logarithm or Box-Cox transformation of a series, and its inverse (Box & Cox 1964, section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from elman.errors import DataError

_MOST = 20_000
"""Values of a series, at most, that the exponent is estimated from."""


@dataclass(frozen=True, kw_only=True)
class Power:
    """y = (x^λ - 1) / λ; the logarithm for λ = 0, the identity for λ = 1.

    Examples
    --------
    >>> Power(exponent=0.0).apply(np.array([1.0, np.e])).tolist()
    [0.0, 1.0]
    >>> power = Power(exponent=0.5)
    >>> power.invert(power.apply(np.array([4.0]))).tolist()
    [4.0]
    """

    exponent: float = 1.0

    @classmethod
    def estimate(cls, series: Sequence[np.ndarray], method: str) -> Self:
        """Return a transformation, for "box-cox" with the exponent of maximum likelihood.

        Parameters
        ----------
        series : sequence of array
            Positive values; each series is divided by its mean, so that large ones do not decide alone.
        method : {"none", "log", "box-cox"}
            The transformation.

        Returns
        -------
        Power
            With its exponent.
        """
        if method == "none":
            return cls(exponent=1.0)
        if method == "log":
            return cls(exponent=0.0)
        from scipy.stats import boxcox_llf

        exponents = np.linspace(0.0, 1.0, 11)
        total = np.zeros(len(exponents))
        for values in series[:: max(1, len(series) // 50)]:
            x = values[-_MOST:] / values.mean()
            if x.std() > 0:
                total += [float(boxcox_llf(exponent, x)) / len(x) for exponent in exponents]
        return cls(exponent=float(exponents[int(total.argmax())]))

    def check(self, values: np.ndarray, name: object) -> None:
        """Raise DataError for values without such a power."""
        if self.exponent != 1.0 and len(values) and float(values.min()) <= 0:
            raise DataError(
                f"series {name!r} has the value {float(values.min()):g} at {int(values.argmin())}; this model takes powers of numbers"
                " above 0. Fit with Preparation(power='none'), or shift the series."
            )

    def apply(self, x: np.ndarray) -> np.ndarray:
        """Return the transformed values."""
        if self.exponent == 1.0:
            return x
        return np.log(x) if self.exponent == 0.0 else (x**self.exponent - 1) / self.exponent

    def invert(self, y: np.ndarray) -> np.ndarray:
        """Return the values in their own units; 0 below the range of the transformation."""
        if self.exponent == 1.0:
            return y
        if self.exponent == 0.0:
            return np.exp(np.minimum(y, 700.0))
        return np.maximum(y * self.exponent + 1, 0.0) ** (1 / self.exponent)
