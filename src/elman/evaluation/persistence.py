"""Yesterday: whether a forecast foretells what comes, or says again what was last known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.metrics.forecasts import Interval

_FEWEST = 15
"""Fewer forecasts cannot show it."""


@dataclass(frozen=True, kw_only=True)
class Yesterday:
    """Whether a forecast is the last known value, said again.

    Attributes
    ----------
    found : bool
        It is.
    lag : int
        The truth of so many steps before is nearest to the forecast; 0 is the truth it should foretell.
    distances : tuple of float
        Mean distance of the forecast from the truth of 0, 1, 2, … steps before, in units of the first one.
    foretold : Interval
        Correlation of the changes that were forecast with those that came, and its 95 % interval.
    sentence : str
        The evidence in words; empty where nothing was found.
    """

    found: bool
    lag: int
    distances: tuple[float, ...]
    foretold: Interval
    sentence: str

    def __str__(self) -> str:
        """Return the sentence."""
        return self.sentence


def is_persistence(forecast: Any, truth: Any, before: Any, *, scale: Any = 1.0) -> Yesterday:
    """Find out whether forecasts follow the truth instead of foretelling it.

    A forecast of a price looks good in a plot when it repeats the last price: it lies nearer to the truth of the step
    before than to that of its own. Then the changes it forecasts say nothing about those that came.

    Parameters
    ----------
    forecast : array, (m,)
        Forecasts of the next step.
    truth : array, (m,)
        What came.
    before : array, (m, lags)
        What was known when the forecast was made: the last value, the one before it, and so on.
    scale : array, (m,), optional
        Unit of each series.

    Returns
    -------
    Yesterday
        The finding, with its evidence.

    Examples
    --------
    >>> walk = np.cumsum(np.random.default_rng(0).normal(size=500))
    >>> before = np.stack([walk[2:-1], walk[1:-2], walk[:-3]], axis=1)
    >>> print(is_persistence(walk[2:-1], walk[3:], before))
    One step ahead the forecast says again what was last known: it lies nearer to the truth 1 step before (distance 0.00) than to the truth it should foretell (1.00). It foretells no change at all.
    >>> is_persistence(walk[3:] + 0.1, walk[3:], before).found
    False
    """  # noqa: E501  # what is printed is one line
    f, y, b = (np.asarray(a, dtype=np.float64) for a in (forecast, truth, before))
    unit = np.broadcast_to(np.asarray(scale, dtype=np.float64), y.shape)
    known = np.isfinite(f) & np.isfinite(y) & np.isfinite(b).all(1) & np.isfinite(unit) & (unit > 0)
    f, y, b = f[known] / unit[known], y[known] / unit[known], b[known] / unit[known][:, None]
    if len(f) < _FEWEST:
        return Yesterday(found=False, lag=0, distances=(), foretold=Interval(np.nan, np.nan, np.nan), sentence="")
    distances = np.array([np.abs(f - y).mean(), *np.abs(f[:, None] - b).mean(0)])
    distances = distances / distances[0] if distances[0] > 0 else np.where(distances > 0, np.inf, 1.0)
    lag = int(np.argmin(distances))
    foretold = _correlation(f - b[:, 0], y - b[:, 0])
    found = lag == 1 and distances[1] < 0.75 and not foretold.low > 0.1
    return Yesterday(
        found=found, lag=lag, distances=tuple(distances.tolist()), foretold=foretold,
        sentence=_evidence(distances, foretold) if found else "",
    )  # fmt: skip


def _correlation(said: np.ndarray, came: np.ndarray) -> Interval:
    """Pearson's correlation with Fisher's interval; 0 for a forecast that never changes anything."""
    if said.std() <= 1e-12 or came.std() <= 1e-12:
        return Interval(0.0, 0.0, 0.0)
    r = float(np.corrcoef(said, came)[0, 1])
    half = 1.96 / np.sqrt(max(1, len(said) - 3))
    low, high = np.tanh(np.arctanh(np.clip(r, -0.999999, 0.999999)) + np.array([-half, half]))
    return Interval(r, float(low), float(high))


def _evidence(distances: np.ndarray, foretold: Interval) -> str:
    changes = (
        "It foretells no change at all."
        if foretold == (0.0, 0.0, 0.0)
        else f"The changes it foretells correlate {foretold.mean:.2f} with those that came"
        f" (95 % interval {foretold.low:.2f} to {foretold.high:.2f})."
    )
    return (
        "One step ahead the forecast says again what was last known: it lies nearer to the truth 1 step before"
        f" (distance {distances[1]:.2f}) than to the truth it should foretell (1.00). {changes}"
    )
