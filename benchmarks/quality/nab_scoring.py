"""The Numenta Anomaly Benchmark's scoring, standard profile, from its public description (Lavin and Ahmad 2015, section II).

Of each marked window the earliest detection counts, the more the earlier (a scaled sigmoid of its place in the window); a
missed window costs 1; a false alarm costs 0.11, less just behind a window. Nothing counts in the probationary period. One
threshold serves all series and is the one that scores best, for every detector alike. A detector that never speaks is 0,
one that speaks at the first point of every window and nowhere else is 100.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

TRUE_POSITIVE, FALSE_POSITIVE, FALSE_NEGATIVE = 1.0, 0.11, 1.0
_PROBATION, _LONGEST = 0.15, 5000


@dataclass(frozen=True)
class Marked:
    """What detecting each point of a series is worth: ``worth`` (T,), and ``window`` (T,), -1 outside; probation is left out."""

    worth: np.ndarray
    window: np.ndarray
    counts: np.ndarray
    windows: int


def probation(rows: int) -> int:
    """Return how many rows at the beginning do not count."""
    return int(min(np.floor(_PROBATION * rows), _PROBATION * _LONGEST))


def sigmoid(place: np.ndarray) -> np.ndarray:
    """Return the worth of a place relative to a window: -1 is its first point, 0 just behind its last; from 3 on it is -1."""
    return np.where(place >= 3.0, -1.0, 2.0 / (1.0 + np.exp(5.0 * np.minimum(place, 3.0))) - 1.0)


def mark(times: np.ndarray, spans: Sequence[Sequence[np.datetime64]]) -> Marked:
    """Return what each point of a series is worth.

    Parameters
    ----------
    times : array of datetime64, (T,)
        Stamps.
    spans : sequence of (start, end)
        The marked windows, ends included, in order.
    """
    rows = np.arange(len(times))
    window = np.full(len(times), -1)
    worth = np.full(len(times), -FALSE_POSITIVE)
    for number, (start, stop) in enumerate(spans):
        inside = np.flatnonzero((times >= start) & (times <= stop))
        left, right, width = inside[0], inside[-1], len(inside)
        window[inside] = number
        worth[inside] = TRUE_POSITIVE * sigmoid(-(right - inside + 1) / width) / sigmoid(np.array(-1.0))
        behind = rows > right
        worth[behind] = FALSE_POSITIVE * sigmoid((rows[behind] - right) / max(1, width - 1))
        assert left >= probation(len(times))
    return Marked(worth=worth, window=window, counts=rows >= probation(len(times)), windows=len(spans))


def best(marked: Sequence[Marked], scores: Sequence[np.ndarray]) -> tuple[float, float]:
    """Return the normalised score at the best threshold, and that threshold: points whose score is not below it are detected."""
    offsets = np.cumsum([0, *(m.windows for m in marked)])
    worth = np.concatenate([m.worth[m.counts] for m in marked])
    window = np.concatenate([np.where(m.window < 0, -1, m.window + o)[m.counts] for m, o in zip(marked, offsets[:-1], strict=True)])
    score = np.concatenate([np.asarray(s, dtype=np.float64)[m.counts] for s, m in zip(scores, marked, strict=True)])
    score = np.where(np.isnan(score), -np.inf, score)
    order = np.argsort(-score, kind="stable")
    gains = np.where(window[order] < 0, worth[order], 0.0)
    reached = np.full(offsets[-1], -FALSE_NEGATIVE)
    for place in np.flatnonzero(window[order] >= 0):
        number, value = window[order[place]], worth[order[place]]
        if value > reached[number]:
            gains[place] += value - reached[number]
            reached[number] = value
    totals = -FALSE_NEGATIVE * offsets[-1] + np.cumsum(gains)
    ranked = score[order]
    last = np.flatnonzero(np.concatenate([ranked[1:] != ranked[:-1], [True]]) & np.isfinite(ranked))  # equal scores come together
    at = last[int(np.argmax(totals[last]))] if len(last) else 0
    if not len(last) or totals[at] <= -FALSE_NEGATIVE * offsets[-1]:
        return 0.0, np.inf
    return normalised(float(totals[at]), int(offsets[-1])), float(ranked[at])


def at_threshold(marked: Sequence[Marked], scores: Sequence[np.ndarray], threshold: float) -> list[tuple[float, int, int]]:
    """Return for each series its share of the total (not normalised), windows found and false alarms at a threshold."""
    rows = []
    for m, s in zip(marked, scores, strict=True):
        hit = (np.nan_to_num(np.asarray(s, dtype=np.float64), nan=-np.inf) >= threshold) & m.counts
        found = [m.worth[hit & (m.window == n)] for n in range(m.windows)]
        total = sum(float(f.max()) if len(f) else -FALSE_NEGATIVE for f in found) + float(m.worth[hit & (m.window < 0)].sum())
        rows.append((total, sum(len(f) > 0 for f in found), int((hit & (m.window < 0)).sum())))
    return rows


def normalised(total: float, windows: int) -> float:
    """Return 100 for every window detected at its first point, 0 for silence."""
    return 100.0 * (total + FALSE_NEGATIVE * windows) / ((TRUE_POSITIVE + FALSE_NEGATIVE) * windows)
