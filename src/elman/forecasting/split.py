"""Rows: which windows are learned from, and which are held out in time."""

from __future__ import annotations

import math

import numpy as np

_FIRST = 2
"""Points of history that a window has at least."""


def split_in_time(
    lengths: np.ndarray, horizon: int, *, share: float, most: int, most_held: int, first: int, random_state: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return windows to learn from and windows held out, (m, 2) each: series, and the step where the window ends and its future begins.

    The futures of held-out windows lie in the last ``share`` of their series, and overlap none that is learned from.

    Parameters
    ----------
    lengths : array of int
        Points of each series, (n,).
    horizon : int
        Steps of a future.
    share : float
        Part of each series held out, at its end; 0 for none.
    most : int
        Windows learned from at most, over all series.
    most_held : int
        Windows held out at most.
    first : int
        Where the earliest window ends, if the series is long enough.
    random_state : int
        Seed of the choice among many.

    Returns
    -------
    learned, held : array of int
        Sorted by series.
    """
    random = np.random.default_rng(random_state)
    learned, held = [], []
    open_to_all = max(8, math.ceil(most / len(lengths)))
    held_to_all = max(1, most_held // len(lengths))
    for row, length in enumerate(lengths.tolist()):
        last = length - horizon
        if last < _FIRST:
            continue
        begin = max(_FIRST, min(first, last))
        cut = min(last, length - max(1, int(share * length))) if share else last + 1
        if share and cut - horizon < begin:
            cut = last if last - horizon >= _FIRST else last + 1  # too short to hold much out: one window, or none
            begin = min(begin, max(_FIRST, cut - horizon))
        stop = cut - horizon if cut <= last else last
        learned += [(row, end) for end in _some(begin, stop, open_to_all, random)]
        held += [(row, end) for end in np.unique(np.linspace(cut, last, held_to_all).astype(int)).tolist() if cut <= last]
    return np.array(learned, dtype=np.int64).reshape(-1, 2), np.array(held, dtype=np.int64).reshape(-1, 2)


def _some(begin: int, stop: int, most: int, random: np.random.Generator) -> list[int]:
    """Whole numbers in begin..stop, drawn where there are too many: an even step would meet the same hours of the day again and again."""
    count = stop - begin + 1
    if count <= most:
        return list(range(begin, stop + 1))
    return sorted((begin + random.choice(count, most, replace=False)).tolist())
