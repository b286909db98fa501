"""Surprise: tail probabilities of scores, of single points and of windows, among the scores so far; and the onsets of alarms."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman.evaluation.anomalies import pareto_tail

_FEWEST, _TAIL, _EVERY = 100, 0.05, 50
"""Scores needed at first; share of them that the tail is fitted to; points between fits."""


def surprise(scores: Any, *, window: int = 1, memory: int = 8000) -> np.ndarray:
    """Return the tail probability of the mean score of the last points, among such means so far.

    Usual scores differ between series and change with time, and a fault often shows in many points that are a little off. So
    logarithms of scores are averaged over a window and compared with earlier means: by their ranks, and beyond the largest
    5 % by a generalised Pareto tail fitted to those.

    Parameters
    ----------
    scores : array, (T,)
        Scores of points, as ``Anomalies.scores``; NaN is ignored.
    window : int, default 1
        Points of a mean.
    memory : int, default 8000
        Points of the past that a mean is compared with.

    Returns
    -------
    array, (T,)
        Minus the decimal logarithm of the share of means as large or larger: 3 is one in a thousand. NaN at the beginning.

    References
    ----------
    Siffer et al. 2017, "Anomaly detection in streams with extreme value theory"; the mean over a window is from the anomaly
    likelihood of Ahmad et al. 2017, section 3.

    Examples
    --------
    >>> calm = np.abs(np.random.default_rng(0).normal(size=2000))
    >>> calm[1500:1510] += 3  # no more than some of the calm points reach alone
    >>> int(np.argmax(np.nan_to_num(surprise(calm, window=10)))) in range(1505, 1512)
    True
    """
    short = _running_mean(np.log(np.asarray(scores, dtype=np.float64) + 0.1), window)
    result = np.full(len(short), np.nan)
    for begin in range(0, len(short), _EVERY):
        past = short[max(0, begin - memory) : begin]
        past = np.sort(past[np.isfinite(past)])
        if len(past) >= _FEWEST:
            result[begin : begin + _EVERY] = -np.log10(_share_above(past, short[begin : begin + _EVERY]))
    return result


def _share_above(past: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Share of sorted past scores (m,) that are as large as each value or larger, (n,); NaN for NaN."""
    ranks = (len(past) - np.searchsorted(past, values, side="left") + 1) / (len(past) + 1)
    start = past[-max(10, int(_TAIL * len(past)))]
    excess = past[past > start] - start
    if len(excess) < 5 or excess[-1] <= 0:
        return np.where(np.isfinite(values), ranks, np.nan)
    shape, scale = pareto_tail(excess)
    beyond = np.maximum(values - start, 0.0) / scale
    inside = np.maximum(1 + shape * beyond, 1e-12)
    tail = len(excess) / len(past) * (inside ** (-1 / shape) if abs(shape) > 1e-6 else np.exp(-beyond))
    return np.where(np.isfinite(values), np.where(values > start, np.maximum(tail, 1e-12), ranks), np.nan)


def _running_mean(values: np.ndarray, window: int) -> np.ndarray:
    """Mean of the finite values among the last ``window``, at each point."""
    finite = np.isfinite(values)
    total, count = (np.concatenate([[0.0], np.cumsum(v)]) for v in (np.where(finite, values, 0.0), finite))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - window)
    number = count[ends] - count[starts]
    mean = np.round((total[ends] - total[starts]) / np.maximum(number, 1), 12)  # sums that differ in their last digits are equal
    return np.where(number > 0, mean, np.nan)


def onsets(scores: Any, quiet: int) -> np.ndarray:
    """Return scores that exceed all of the last ``quiet`` points, and 0 for the others, so that one fault raises one alarm.

    Parameters
    ----------
    scores : array, (T,)
        Scores; NaN is ignored.
    quiet : int
        Points covered by one alarm.

    Returns
    -------
    array, (T,)
        Scores at the onsets, and where a fault grows worse.

    Examples
    --------
    >>> onsets([1.0, 5.0, 4.0, 6.0, 2.0, 2.5], quiet=2).tolist()
    [1.0, 5.0, 0.0, 6.0, 0.0, 0.0]
    """
    scores = np.nan_to_num(np.asarray(scores, dtype=np.float64), nan=-np.inf)
    padded = np.concatenate([np.full(quiet, -np.inf), scores[:-1]])
    before = np.lib.stride_tricks.sliding_window_view(padded, quiet).max(axis=1)
    return np.where((scores > before) & np.isfinite(scores), scores, 0.0)
