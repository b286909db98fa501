"""Running: level and spread of a series as they are known at each step, one step after the other.

An exponentially weighted mean of the values and of their distances from it, so that whatever is measured in these units needs nothing that
comes later, and one more value costs one step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

_NOTHING = 1e-9
"""Spread of a series that has been 0 so far: it goes on as 0."""


@dataclass(frozen=True, kw_only=True, eq=False)
class OnlineScaler:
    """Level and spread of R series after their last values.

    Attributes
    ----------
    scale : str
        "mean": distances from the weighted mean; "last": from the last value; "none": the numbers as they are; "counts": in means.
    share : float
        Weight of a new value.

    Notes
    -----
    Shapes:

        total, weight, off, off_weight, last  (R,)
    """

    scale: str
    share: float
    total: np.ndarray
    weight: np.ndarray
    off: np.ndarray
    off_weight: np.ndarray
    last: np.ndarray

    @classmethod
    def start(cls, scale: str, span: int, rows: int) -> OnlineScaler:
        """Begin R series; ``span`` steps hold most of the weight."""
        nothing = np.zeros(rows)
        return cls(scale=scale, share=2 / (span + 1), total=nothing, weight=nothing, off=nothing, off_weight=nothing, last=nothing)

    @property
    def level(self) -> np.ndarray:
        """What distances are taken from, (R,)."""
        if self.scale in ("none", "counts"):
            return np.zeros(len(self.last))
        return self.last if self.scale == "last" else self._mean

    @property
    def _mean(self) -> np.ndarray:
        return self.total / np.where(self.weight > 0, self.weight, 1.0)

    @property
    def spread(self) -> np.ndarray:
        """What distances are measured in, (R,): above 0."""
        if self.scale == "none":
            return np.ones(len(self.last))
        if self.scale == "counts":
            return 1.0 + self._mean
        found = self.off / np.where(self.off_weight > 0, self.off_weight, 1.0)
        least = 1e-3 * np.abs(self._mean)
        found = np.maximum(found, least)
        return np.where(found > 0, found, _NOTHING)

    def step(self, values: np.ndarray, going: np.ndarray | None = None) -> OnlineScaler:
        """Take in the next value of each series (R,); those not ``going`` stay as they are."""
        begun = self.weight > 0
        distance = np.abs(values - (self.last if self.scale == "last" else self._mean))
        keep = 1 - self.share
        made = {
            "total": keep * self.total + self.share * values,
            "weight": keep * self.weight + self.share,
            "off": np.where(begun, keep * self.off + self.share * distance, 0.0),
            "off_weight": np.where(begun, keep * self.off_weight + self.share, 0.0),
            "last": values,
        }
        if going is not None:
            made = {name: np.where(going, new, getattr(self, name)) for name, new in made.items()}
        return replace(self, **made)

    @classmethod
    def joined(cls, parts: list[OnlineScaler]) -> OnlineScaler:
        """Lay series side by side."""
        names = ("total", "weight", "off", "off_weight", "last")
        return replace(parts[0], **{n: np.concatenate([getattr(part, n) for part in parts]) for n in names})

    def select(self, rows: np.ndarray) -> OnlineScaler:
        """Return some series; one may be asked for several times."""
        names = ("total", "weight", "off", "off_weight", "last")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})
