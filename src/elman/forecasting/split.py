"""Split: windows to train on, and later windows held out."""

from __future__ import annotations

import math

import numpy as np

_FEWEST = 2
"""Points of history of a window at least."""


def split_in_time(
    lengths: np.ndarray, horizon: int, *, share: float, most: int, most_held_out: int, first: int, random_state: int
) -> tuple[np.ndarray, np.ndarray]:
    """Split the windows of all series in time; the horizon of no training window overlaps one that is held out.

    Parameters
    ----------
    lengths : array of int
        Points of each series, (n,).
    horizon : int
        Steps after a cutoff.
    share : float
        Part of each series held out at its end; 0 for none.
    most : int
        Training windows of all series at most.
    most_held_out : int
        Held-out windows at most.
    first : int
        Earliest cutoff, if the series is long enough.
    random_state : int
        Seed of the choice among many windows.

    Returns
    -------
    train, held_out : array of int
        Number of a series and cutoff of each window, (m, 2), sorted by series.
    """
    random = np.random.default_rng(random_state)
    train, held_out = [], []
    most_of_one = max(8, math.ceil(most / len(lengths)))
    most_held_out_of_one = max(1, most_held_out // len(lengths))
    for row, length in enumerate(lengths.tolist()):
        last = length - horizon
        if last < _FEWEST:
            continue
        begin = max(_FEWEST, min(first, last))
        cut = min(last, length - max(1, int(share * length))) if share else last + 1
        if share and cut - horizon < begin:
            cut = last if last - horizon >= _FEWEST else last + 1  # a short series holds out one window, or none
            begin = min(begin, max(_FEWEST, cut - horizon))
        stop = cut - horizon if cut <= last else last
        train += [(row, cutoff) for cutoff in _choose(begin, stop, most_of_one, random)]
        late = np.unique(np.linspace(cut, last, most_held_out_of_one).astype(int)).tolist() if cut <= last else []
        held_out += [(row, cutoff) for cutoff in late]
    return np.array(train, dtype=np.int64).reshape(-1, 2), np.array(held_out, dtype=np.int64).reshape(-1, 2)


def _choose(begin: int, stop: int, most: int, random: np.random.Generator) -> list[int]:
    """Return whole numbers of begin..stop, at random if there are too many: an even step would always hit the same hours of the day."""
    count = stop - begin + 1
    if count <= most:
        return list(range(begin, stop + 1))
    return sorted((begin + random.choice(count, most, replace=False)).tolist())
