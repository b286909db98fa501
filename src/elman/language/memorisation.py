"""Memorisation: text of a language model compared with its training text, as a small printable report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.ngrams.copying import copied

_LONGEST_PERIOD = 64
_ORDERS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64)


@dataclass(frozen=True, kw_only=True)
class Memorisation:
    """How much of a text is in another word for word.

    Attributes
    ----------
    longest : int
        Symbols of the longest copied span.
    span : value
        The span itself, as the codec reads.
    seen : dict of int to float
        Share of the n-grams, by their length in symbols, that the training text has.
    loop : tuple of int
        The longest stretch in which the text repeats itself: after how many symbols it begins anew, and how long it lasts;
        (0, 0) where nothing is repeated.
    """

    longest: int
    span: Any
    seen: dict[int, float]
    loop: tuple[int, int] = (0, 0)

    def __str__(self) -> str:
        """Show it as a few lines."""
        shares = "  ".join(f"{n}: {share:.0%}" for n, share in self.seen.items())
        period, length = self.loop
        loop = f"{length} symbols, every {period} the same" if length else "none"
        return f"longest copied span  {self.longest} symbols: {self.span!r}\nn-grams seen         {shares}\nlongest loop         {loop}"


def report(rows: Sequence[np.ndarray], training: Sequence[np.ndarray], decode: Callable[[np.ndarray], Any]) -> Memorisation:
    """Compare encoded texts; lengths from which on no n-gram is seen are left out, but the first of them."""
    result = copied(rows, training, _ORDERS)
    last = next((n for n, share in result.seen.items() if not share), None)
    span = decode(rows[result.row][result.place : result.place + result.longest] if len(rows) else np.empty(0, np.int64))
    seen = {n: s for n, s in result.seen.items() if last is None or n <= last}
    return Memorisation(longest=result.longest, span=span, seen=seen, loop=longest_loop(rows))


def longest_loop(rows: Sequence[np.ndarray]) -> tuple[int, int]:
    """Return the longest stretch that repeats itself at once: its period of up to 64 symbols, and its length.

    Parameters
    ----------
    rows : sequence of ndarray
        (T,) symbols each.

    Returns
    -------
    tuple of int
        Period and length, at least twice the period; of equal lengths the shortest period. (0, 0) where there is none.

    Examples
    --------
    >>> longest_loop([np.array([7, 1, 2, 3, 1, 2, 3, 1, 9])])
    (3, 7)
    """
    best = (0, 0)
    for row in rows:
        for period in range(1, min(_LONGEST_PERIOD, len(row) // 2) + 1):
            differs = np.flatnonzero(np.append(row[period:] != row[:-period], True))
            run = int(np.diff(differs, prepend=-1).max()) - 1
            if run >= period and run + period > best[1]:
                best = (period, run + period)
    return best
