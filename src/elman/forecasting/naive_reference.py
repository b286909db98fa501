"""Windows: pieces of history and what followed, scaled by what is known at the time of the forecast, never later."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class WindowPlan:
    """How histories become rows.

    ``context`` steps are read, ``horizon`` steps are forecast as the difference to a reference known at the time: the
    value one season ago (``season`` > 1) or the last value (``season`` = 1), in units of the context's own spread.
    """

    context: int
    horizon: int
    season: int

    def reference(self, history: np.ndarray) -> np.ndarray:
        """Return the seasonal naive forecast, (horizon,); the last value when the season is 1 or longer than the history."""
        season = min(self.season, len(history))
        return history[len(history) - season :][np.arange(self.horizon) % season]

    def inputs(self, history: np.ndarray) -> tuple[np.ndarray, float]:
        """Return the scaled context, (context, features), and its scale.

        Features: the value and the reference's error one season ago, both relative to the last value and the scale.
        """
        recent = history[-self.context :]
        scale = _spread(recent, self.season)
        last = recent[-1]
        lagged = history[-self.context - self.season : -self.season] if len(history) > self.season else recent[:0]
        lagged = np.concatenate([np.full(len(recent) - len(lagged), recent[0]), lagged])
        return np.stack([(recent - last) / scale, (recent - lagged) / scale], axis=1).astype(np.float32), scale

    def row(self, values: np.ndarray, end: int) -> tuple[np.ndarray, np.ndarray]:
        """Return inputs and scaled target of the window whose history ends before ``end``."""
        history = values[:end]
        inputs, scale = self.inputs(history)
        target = (values[end : end + self.horizon] - self.reference(history)) / scale
        return inputs, np.clip(target, -20.0, 20.0).astype(np.float32)

    def ends(self, length: int, count: int) -> np.ndarray:
        """Return at most ``count`` window ends of a series, the latest first choice, at least a season (and 2 points) in."""
        first = max(2, min(self.season + 1, length - self.horizon))
        last = length - self.horizon
        if last < first:
            return np.zeros(0, dtype=np.int64)
        return np.unique(np.linspace(first, last, min(count, last - first + 1)).astype(np.int64))


def _spread(recent: np.ndarray, season: int) -> float:
    """Mean absolute seasonal difference, the scale of MASE; then the standard deviation; 1 for a constant series."""
    step = season if len(recent) > season else 1
    spread = float(np.mean(np.abs(recent[step:] - recent[:-step]))) if len(recent) > step else 0.0
    spread = spread or float(np.std(recent))
    return spread or 1.0
