"""OnlineScaler: level and spread of a series at each step, updated one value at a time.

Both are exponentially weighted means, of the values and of their distances from the level. A scaled value therefore depends on the past
only, and a new point costs one update.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

_LEAST = 1e-9
"""Spread of a series of zeros: its forecast is 0, and no division fails."""
_ARRAYS = ("total", "weight", "deviation", "deviation_weight", "last")


@dataclass(frozen=True, kw_only=True, eq=False)
class OnlineScaler:
    """Level and spread of R series after their last values.

    Attributes
    ----------
    scale : str
        "mean": distances from the weighted mean; "last": from the last value; "none": raw numbers; "counts": multiples of the mean.
    share : float
        Weight of a new value.

    Notes
    -----
    Shapes:

        total, weight, deviation, deviation_weight, last  (R,)
    """

    scale: str
    share: float
    total: np.ndarray
    weight: np.ndarray
    deviation: np.ndarray
    deviation_weight: np.ndarray
    last: np.ndarray

    @classmethod
    def start(cls, scale: str, span: int, count: int) -> OnlineScaler:
        """Return the scaler of ``count`` empty series; the last ``span`` steps hold most of the weight."""
        return cls(scale=scale, share=2 / (span + 1), **dict.fromkeys(_ARRAYS, np.zeros(count)))

    @property
    def level(self) -> np.ndarray:
        """Origin of scaled values, (R,)."""
        if self.scale in ("none", "counts"):
            return np.zeros(len(self.last))
        return self.last if self.scale == "last" else self.mean

    @property
    def mean(self) -> np.ndarray:
        """Weighted mean, (R,); 0 before the first value."""
        return self.total / np.where(self.weight > 0, self.weight, 1.0)

    @property
    def spread(self) -> np.ndarray:
        """Unit of scaled values, (R,), above 0."""
        if self.scale == "none":
            return np.ones(len(self.last))
        if self.scale == "counts":
            return 1.0 + self.mean
        spread = self.deviation / np.where(self.deviation_weight > 0, self.deviation_weight, 1.0)
        spread = np.maximum(spread, 1e-3 * np.abs(self.mean))  # a nearly constant series would blow up its noise
        return np.where(spread > 0, spread, _LEAST)

    def step(self, values: np.ndarray, active: np.ndarray | None = None) -> OnlineScaler:
        """Update with the next value of each series, (R,); those not ``active`` are unchanged."""
        started = self.weight > 0
        distance = np.abs(values - (self.last if self.scale == "last" else self.mean))
        decay = 1 - self.share
        arrays = {
            "total": decay * self.total + self.share * values,
            "weight": decay * self.weight + self.share,
            "deviation": np.where(started, decay * self.deviation + self.share * distance, 0.0),
            "deviation_weight": np.where(started, decay * self.deviation_weight + self.share, 0.0),
            "last": values,
        }
        if active is not None:
            arrays = {name: np.where(active, new, getattr(self, name)) for name, new in arrays.items()}
        return replace(self, **arrays)

    @classmethod
    def concatenate(cls, parts: list[OnlineScaler]) -> OnlineScaler:
        """Concatenate the series of several scalers."""
        return replace(parts[0], **{name: np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS})

    def select(self, index: np.ndarray) -> OnlineScaler:
        """Return some series; indices may repeat."""
        return replace(self, **{name: getattr(self, name)[index] for name in _ARRAYS})

    def put(self, index: np.ndarray, other: OnlineScaler) -> OnlineScaler:
        """Return a copy in which the series at ``index`` are those of another scaler."""
        return replace(self, **{name: put(getattr(self, name), index, getattr(other, name)) for name in _ARRAYS})


def put(array: np.ndarray, index: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return a copy of an array with other rows at ``index``."""
    result = array.copy()
    result[index] = values
    return result
