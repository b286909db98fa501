"""Surprise: scores of single points made comparable over time, and sustained surprise made louder than a single odd point."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import log_ndtr

_FEWEST = 50


def sustained(scores: Any, *, window: int = 10, memory: int = 8000) -> np.ndarray:
    """Return how unusual the mean score of the last points is, among such means so far.

    A fault is seldom a single odd point: many points a little off say more. As the anomaly likelihood of Ahmad et al.
    (2017, section 3), on the logarithm of scores, whose means are nearer to normal.

    Parameters
    ----------
    scores : array, (T,)
        Scores of points, as ``Anomalies.scores``; NaN counts for nothing.
    window : int, default 10
        Points whose mean is judged.
    memory : int, default 8000
        Points that say what is usual.

    Returns
    -------
    array, (T,)
        Minus the decimal logarithm of the probability of such a mean or a larger one: 3 is one in a thousand. NaN at the
        beginning.

    Examples
    --------
    >>> calm = np.abs(np.random.default_rng(0).normal(size=2000))
    >>> calm[1500:1510] += 2  # no more than a few of the calm points reach alone
    >>> int(np.argmax(np.nan_to_num(sustained(calm)))) in range(1505, 1512)
    True
    """
    scores = np.log(np.asarray(scores, dtype=np.float64) + 0.1)
    short = _running(scores, window)[0]
    mean, deviation, count = _running(short, memory)
    before = np.concatenate([[np.nan], mean[:-1]]), np.concatenate([[np.nan], deviation[:-1]])
    enough = np.concatenate([[0], count[:-1]]) >= _FEWEST
    z = (short - before[0]) / np.maximum(before[1], 1e-6)
    return np.where(enough & np.isfinite(z), -log_ndtr(-z) / np.log(10), np.nan)


def onsets(scores: Any, quiet: int) -> np.ndarray:
    """Return scores that are higher than all of the last ``quiet`` points; the others as 0: an alarm that rings on says nothing new.

    Parameters
    ----------
    scores : array, (T,)
        Scores; NaN counts for nothing.
    quiet : int
        Points that one alarm speaks for.

    Returns
    -------
    array, (T,)
        The beginnings of what is unusual, and where it grows worse.

    Examples
    --------
    >>> onsets([1.0, 5.0, 4.0, 6.0, 2.0, 2.5], quiet=2).tolist()
    [1.0, 5.0, 0.0, 6.0, 0.0, 0.0]
    """
    scores = np.nan_to_num(np.asarray(scores, dtype=np.float64), nan=-np.inf)
    padded = np.concatenate([np.full(quiet, -np.inf), scores[:-1]])
    before = np.lib.stride_tricks.sliding_window_view(padded, quiet).max(axis=1)
    return np.where((scores > before) & np.isfinite(scores), scores, 0.0)


def _running(values: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, standard deviation and number of the known values among the last ``window``, at each point."""
    known = np.isfinite(values)
    plain = np.where(known, values, 0.0)
    sums = [np.concatenate([[0.0], np.cumsum(v)]) for v in (plain, plain**2, known)]
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - window)
    total, square, count = (s[ends] - s[starts] for s in sums)
    mean = total / np.maximum(count, 1)
    deviation = np.sqrt(np.maximum(square / np.maximum(count, 1) - mean**2, 0.0))
    return np.where(count > 0, mean, np.nan), deviation, count
