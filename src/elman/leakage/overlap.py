"""Leaks between two parts of the data: rows in both, nearly equal texts, a group on both sides, overlapping and jointly scaled series."""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from elman.leakage.alarm import Alarm, shorten

_ALIKE = 0.8
"""Share of common word triples from which two texts are nearly the same."""
_SKETCH = 6
"""Least hashes of a text's triples that candidates are found by."""
_BLOCK = 8
"""Steps in a row that do not agree by chance."""
_WORD = re.compile(r"\w+")


def key(value: Any) -> Hashable:
    """Return something hashable that is equal where values are."""
    if isinstance(value, np.ndarray) and value.dtype != object:
        return value.shape, value.tobytes()
    if isinstance(value, np.ndarray):
        return key(value.tolist())
    if isinstance(value, list | tuple):
        return tuple(key(part) for part in value)
    if isinstance(value, dict):
        return tuple((name, key(part)) for name, part in value.items())
    return value if isinstance(value, Hashable) else repr(value)


def duplicates(train: Sequence[Any], test: Sequence[Any]) -> list[Alarm]:
    """Find values of the test part that are in the training part too."""
    index = {key(value) for value in train}
    again = [value for value in test if key(value) in index]
    if not again:
        return []
    return [
        Alarm(
            kind="duplicates",
            text=f"{len(again):,} of {len(test):,} test rows ({len(again) / len(test):.1%}) are in the training part too",
            advice="Drop them from one part, or let compare split the rows: it keeps equal ones together.",
            evidence=shorten(again[:3]),
        )
    ]


def near_duplicates(train: Sequence[Any], test: Sequence[Any]) -> list[Alarm]:
    """Find test texts that share at least 80 % of their word triples with a training text without being equal to one.

    Parameters
    ----------
    train : sequence
        Texts; other values are passed over.
    test : sequence
        The same of the test part.

    Returns
    -------
    list of Alarm
        None or one.

    References
    ----------
    Broder 1997, "On the resemblance and containment of documents": bottom sketches of shingles.
    """
    sketches: defaultdict[int, list[int]] = defaultdict(list)
    shingles = [_triples(text) for text in train]
    for row, shingle in enumerate(shingles):
        for number in sorted(shingle)[:_SKETCH]:
            sketches[number].append(row)
    index, alike = {key(text) for text in train}, []
    for text in test:
        shingle = _triples(text)
        candidates = {row for number in sorted(shingle)[:_SKETCH] for row in sketches.get(number, ())[:50]}
        best = max(candidates, key=lambda row: len(shingle & shingles[row]) / len(shingle | shingles[row]), default=None)
        if best is not None and len(shingle & shingles[best]) >= _ALIKE * len(shingle | shingles[best]) and key(text) not in index:
            alike.append((text, train[best]))
    if not alike:
        return []
    return [
        Alarm(
            kind="near-duplicates",
            text=f"{len(alike):,} of {len(test):,} test texts ({len(alike) / len(test):.1%}) are nearly the same as a training text",
            advice="Give groups= that tie versions of a text together, or drop them.",
            evidence=tuple(f"{a} and {b}" for a, b in (shorten(pair) for pair in alike[:2])),
        )
    ]


def _triples(text: Any) -> set[int]:
    words = _WORD.findall(text.lower()) if isinstance(text, str) else []
    return {zlib.crc32(" ".join(words[i : i + 3]).encode()) for i in range(len(words) - 2)} if len(words) >= 6 else set()


def groups(train: Sequence[Any], test: Sequence[Any]) -> list[Alarm]:
    """Find groups (authors, speakers, devices) that have rows on both sides."""
    both = set(train) & set(test)
    if not both:
        return []
    rows = sum(group in both for group in test)
    return [
        Alarm(
            kind="groups",
            text=f"{len(both):,} groups have rows on both sides; {rows:,} of {len(test):,} test rows are of a group that was learned from",
            advice="Split by group: leave out test= and pass groups=, or move whole groups.",
            evidence=shorten(sorted(both, key=str)[:3]),
        )
    ]


def overlaps(train: Sequence[np.ndarray], test: Sequence[np.ndarray]) -> list[Alarm]:
    """Find test series that repeat stretches of training series, as windows cut with overlap do.

    Parameters
    ----------
    train : sequence of ndarray
        (T, d) or (T,) numbers each.
    test : sequence of ndarray
        The same of the test part.

    Returns
    -------
    list of Alarm
        None or one: eight steps in a row that are equal to the bit, and not constant, do not agree by chance.
    """
    index = {block for series in train for block in _blocks(series)}
    results = [row for row, series in enumerate(test) if any(block in index for block in _blocks(series))]
    if not results:
        return []
    return [
        Alarm(
            kind="overlap",
            text=f"{len(results):,} of {len(test):,} test series share {_BLOCK} steps in a row or more with a training series",
            advice="Cut windows after splitting in time, with a gap, or pass groups= that name the recording each window is from.",
            evidence=tuple(f"test row {row}" for row in results[:3]),
        )
    ]


def _blocks(series: np.ndarray) -> list[bytes]:
    steps = np.ascontiguousarray(np.asarray(series, dtype=np.float64).reshape(len(series), -1))
    if len(steps) < _BLOCK:
        return []
    moves = (np.diff(steps, axis=0) != 0).any(1)
    lively = np.convolve(moves, np.ones(_BLOCK - 1), "valid") >= (_BLOCK - 1) / 2
    return [steps[start : start + _BLOCK].tobytes() for start in np.flatnonzero(lively)]


def joint_scaling(train: Sequence[np.ndarray], test: Sequence[np.ndarray]) -> list[Alarm]:
    """Find channels that were scaled with statistics of both parts together.

    Parameters
    ----------
    train : sequence of ndarray
        (T, d) or (T,) numbers each.
    test : sequence of ndarray
        The same of the test part.

    Returns
    -------
    list of Alarm
        None or one: mean 0 and spread 1 (or a range of 0 to 1) hold for all rows together to six digits, and not for the training part.
    """
    if not len(train) or not len(test):
        return []
    first = np.concatenate([np.asarray(s, dtype=np.float64).reshape(len(s), -1) for s in train])
    whole = np.concatenate([first, *(np.asarray(s, dtype=np.float64).reshape(len(s), -1) for s in test)])
    mean, spread = _sums(whole, standard=True)
    own_mean, own_spread = _sums(first, standard=True)
    low, high = _sums(whole, standard=False)
    own_low, own_high = _sums(first, standard=False)
    standard = (abs(mean) < 1e-6) & (abs(spread - 1) < 1e-6) & ((abs(own_mean) > 1e-5) | (abs(own_spread - 1) > 1e-5))
    ranged = (abs(low) < 1e-9) & (abs(high - 1) < 1e-9) & ((own_low > 1e-9) | (own_high < 1 - 1e-9))
    channels = np.flatnonzero(standard | ranged)
    if not len(channels):
        return []
    at = int(channels[0])
    how = f"mean {mean[at]:.1g} and spread {spread[at]:.7g}" if standard[at] else f"a range of {low[at]:.3g} to {high[at]:.3g}"
    return [
        Alarm(
            kind="scaling",
            text=f"{len(channels)} channels have {how} over training and test part together, but not over the training part alone",
            advice="They were scaled with what only the test part knows. Give the raw values: codecs scale by the training part.",
            evidence=(f"channel {at}: training part alone {own_mean[at]:.4g} and {own_spread[at]:.4g}",),
        )
    ]


def _sums(steps: np.ndarray, *, standard: bool) -> tuple[np.ndarray, np.ndarray]:
    if standard:
        return np.nanmean(steps, 0), np.nanstd(steps, 0)
    return np.nanmin(steps, 0), np.nanmax(steps, 0)
