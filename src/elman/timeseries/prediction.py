"""Predicted means, intervals and samples of several series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class Prediction:
    """Forecast arrays for m cutoffs.

    Notes
    -----
    Shapes:

        mean (m, horizon)     low, high  {level: (m, horizon)}     samples  (m, n_samples, horizon) or None
    """

    mean: np.ndarray
    low: dict[int, np.ndarray]
    high: dict[int, np.ndarray]
    samples: np.ndarray | None = None

    @classmethod
    def concatenate(cls, parts: Sequence[Prediction]) -> Self:
        """Concatenate the cutoffs of several predictions; samples are left out."""
        levels = parts[0].low
        return cls(
            mean=np.concatenate([part.mean for part in parts]),
            low={level: np.concatenate([part.low[level] for part in parts]) for level in levels},
            high={level: np.concatenate([part.high[level] for part in parts]) for level in levels},
        )

    def with_levels(self, levels: Sequence[int]) -> Prediction:
        """Return the prediction with the intervals of some levels only."""
        low, high = ({level: ends[level] for level in levels} for ends in (self.low, self.high))
        return Prediction(mean=self.mean, low=low, high=high, samples=self.samples)
