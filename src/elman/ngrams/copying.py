"""Copied text: how much of a text is in another already: the longest span, and the share of n-grams, found by hashing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

Hashes = np.ndarray
_MULTIPLIER = 0x9E3779B97F4A7C15  # odd, so that its powers have inverses modulo 2^64
_INVERSE = pow(_MULTIPLIER, -1, 2**64)


@dataclass(frozen=True, kw_only=True)
class Copied:
    """Result of a comparison.

    Attributes
    ----------
    longest : int
        Symbols of the longest span that is in the text word for word.
    row : int
        The sequence it is in.
    place : int
        Where it begins there.
    seen : dict of int to float
        Share of the n-grams that are in the text, by n; lengths that no sequence reaches are left out.
    """

    longest: int
    row: int = 0
    place: int = 0
    seen: dict[int, float] = field(default_factory=dict)


class Text64:
    """Sequences end to end with a running polynomial hash modulo 2^64: the hash of any window is one subtraction and one product.

    Parameters
    ----------
    sequences : sequence of int arrays
        Symbols from 0.
    """

    def __init__(self, sequences: Sequence[np.ndarray]) -> None:
        lengths = [len(row) for row in sequences]
        self.symbols = np.concatenate([*sequences, np.empty(0, np.int64)]).astype(np.uint64)
        self.row = np.repeat(np.arange(len(lengths)), lengths)
        self.left = np.concatenate([*(np.arange(n, 0, -1) for n in lengths), np.empty(0, np.int64)])  # symbols up to the sequence's end
        size = len(self.symbols)
        mixed = self.symbols * np.uint64(0xBF58476D1CE4E5B9) + np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
        self._sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed * _powers(_MULTIPLIER, size), dtype=np.uint64)])
        self._back = _powers(_INVERSE, size)

    def windows(self, n: int) -> tuple[Hashes, np.ndarray]:
        """Return the hash of every window of n symbols inside a sequence, and where it begins."""
        places = np.flatnonzero(self.left >= n)
        return (self._sums[places + n] - self._sums[places]) * self._back[places], places


def _powers(base: int, count: int) -> np.ndarray:
    """Return base^0, base^1, … modulo 2^64."""
    return np.cumprod(np.concatenate([np.ones(min(count, 1), np.uint64), np.full(max(count - 1, 0), base, np.uint64)]), dtype=np.uint64)


def copied(written: Sequence[np.ndarray], training: Sequence[np.ndarray], orders: Sequence[int]) -> Copied:
    """Compare a generated text with another.

    Parameters
    ----------
    written : sequence of int arrays
        Each (T,).
    training : sequence of int arrays
        The text; a span never reaches from one into the next.
    orders : sequence of int
        Lengths n of the n-grams that are counted.

    Returns
    -------
    Copied
        By hashes of 64 bits; the longest span is compared symbol by symbol.

    Examples
    --------
    >>> found = copied([np.array([1, 2, 3, 9])], [np.array([0, 1, 2, 3, 4])], orders=(1, 2))
    >>> found.longest, found.place, found.seen
    (3, 0, {1: 0.75, 2: 0.6666666666666666})
    """
    ours, theirs = Text64(written), Text64(training)
    seen = {}
    for n in orders:
        hashes, _ = ours.windows(n)
        if len(hashes):
            seen[n] = float(np.isin(hashes, theirs.windows(n)[0]).mean())
    low, high, where = 0, max((len(row) for row in written), default=0), 0
    while low < high:  # a span of n that is there holds one of n - 1: the longest is found by halving
        n = (low + high + 1) // 2
        place = _shared(ours, theirs, n)
        low, high, where = (low, n - 1, where) if place is None else (n, high, place)
    if not low:
        return Copied(longest=0, seen=seen)
    row = int(ours.row[where])
    return Copied(longest=low, row=row, place=where - int(np.searchsorted(ours.row, row)), seen=seen)


def _shared(ours: Text64, theirs: Text64, n: int) -> int | None:
    """Return where a window of n symbols begins that both have, compared symbol by symbol; None if there is none."""
    hashes, places = ours.windows(n)
    windows, there = theirs.windows(n)
    order = np.argsort(windows, kind="stable")
    at = np.searchsorted(windows[order], hashes)
    inside = at < len(windows)
    hits = np.flatnonzero(inside)[windows[order][at[inside]] == hashes[inside]]
    for hit in hits:
        a, b = int(places[hit]), int(there[order[at[hit]]])
        if np.array_equal(ours.symbols[a : a + n], theirs.symbols[b : b + n]):
            return a
    return None
