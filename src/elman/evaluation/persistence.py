"""Persistence: a test whether a forecast foretells the next step or repeats the last value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.metrics.forecasts import Interval

_FEWEST = 15
"""Forecasts needed for a finding."""


@dataclass(frozen=True, kw_only=True)
class Persistence:
    """Whether forecasts repeat the last value, with the evidence.

    Attributes
    ----------
    detected : bool
        Whether they do.
    lag : int
        Steps by which the nearest truth precedes the step of the forecast; 0 is the truth it should foretell.
    distances : tuple of float
        Mean distance of the forecast from the truth of 0, 1, 2, … steps before, in units of the first one.
    correlation : Interval
        Correlation of forecast changes with true changes, and its 95 % interval.
    sentence : str
        The evidence in words; empty if nothing is detected.
    """

    detected: bool
    lag: int
    distances: tuple[float, ...]
    correlation: Interval
    sentence: str

    def __str__(self) -> str:
        """Return the sentence."""
        return self.sentence


def is_persistence(forecast: Any, truth: Any, before: Any, *, scale: Any = 1.0) -> Persistence:
    """Test whether forecasts follow the truth instead of foretelling it.

    A forecast of a price looks good in a plot when it repeats the last price: it is nearer to the truth of the step
    before than to that of its own step, and the changes it forecasts do not correlate with the true ones.

    Parameters
    ----------
    forecast : array, (m,)
        Forecasts of the next step.
    truth : array, (m,)
        True values.
    before : array, (m, lags)
        Last value before each forecast, the one before it, and so on.
    scale : array, (m,), optional
        Unit of each series.

    Returns
    -------
    Persistence
        The finding, with its evidence.

    Examples
    --------
    >>> walk = np.cumsum(np.random.default_rng(0).normal(size=500))
    >>> before = np.stack([walk[2:-1], walk[1:-2], walk[:-3]], axis=1)
    >>> print(is_persistence(walk[2:-1], walk[3:], before))
    One step ahead the forecast repeats the last known value: it is nearer to the truth 1 step before (distance 0.00) than to the truth it should foretell (1.00). It foretells no change at all.
    >>> is_persistence(walk[3:] + 0.1, walk[3:], before).detected
    False
    """  # noqa: E501  # the printed sentence is one line
    f, y, b = (np.asarray(a, dtype=np.float64) for a in (forecast, truth, before))
    unit = np.broadcast_to(np.asarray(scale, dtype=np.float64), y.shape)
    finite = np.isfinite(f) & np.isfinite(y) & np.isfinite(b).all(1) & np.isfinite(unit) & (unit > 0)
    f, y, b = f[finite] / unit[finite], y[finite] / unit[finite], b[finite] / unit[finite][:, None]
    if len(f) < _FEWEST:
        return Persistence(detected=False, lag=0, distances=(), correlation=Interval(np.nan, np.nan, np.nan), sentence="")
    distances = np.array([np.abs(f - y).mean(), *np.abs(f[:, None] - b).mean(0)])
    distances = distances / distances[0] if distances[0] > 0 else np.where(distances > 0, np.inf, 1.0)
    lag = int(np.argmin(distances))
    correlation = _correlation(f - b[:, 0], y - b[:, 0])
    detected = lag == 1 and distances[1] < 0.75 and not correlation.low > 0.1
    sentence = _evidence(distances, correlation) if detected else ""
    return Persistence(detected=detected, lag=lag, distances=tuple(distances.tolist()), correlation=correlation, sentence=sentence)


def _correlation(forecast: np.ndarray, truth: np.ndarray) -> Interval:
    """Pearson's correlation with Fisher's interval; 0 for a forecast that never changes anything."""
    if forecast.std() <= 1e-12 or truth.std() <= 1e-12:
        return Interval(0.0, 0.0, 0.0)
    r = float(np.corrcoef(forecast, truth)[0, 1])
    half = 1.96 / np.sqrt(max(1, len(forecast) - 3))
    low, high = np.tanh(np.arctanh(np.clip(r, -0.999999, 0.999999)) + np.array([-half, half]))
    return Interval(r, float(low), float(high))


def _evidence(distances: np.ndarray, correlation: Interval) -> str:
    changes = (
        "It foretells no change at all."
        if correlation == (0.0, 0.0, 0.0)
        else f"The correlation of the changes it foretells with the true ones is {correlation.mean:.2f}"
        f" (95 % interval {correlation.low:.2f} to {correlation.high:.2f})."
    )
    return (
        "One step ahead the forecast repeats the last known value: it is nearer to the truth 1 step before"
        f" (distance {distances[1]:.2f}) than to the truth it should foretell (1.00). {changes}"
    )
