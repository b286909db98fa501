"""WindowPlan: context, horizon and season of a fitted forecaster, and the naive forecast that it is measured against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class WindowPlan:
    """Context, horizon and season in steps; a season of 1 is none."""

    context: int
    horizon: int
    season: int

    def reference(self, history: np.ndarray) -> np.ndarray:
        """Return the seasonal naive forecast, (horizon,); the last value when the season is 1 or longer than the history."""
        season = min(self.season, len(history))
        return history[len(history) - season :][np.arange(self.horizon) % season]
