"""Memorisation: what a language model wrote, beside what it learned from, as a small printable report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.codecs import Codec
from elman.ngrams.copying import copied

_ORDERS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64)


@dataclass(frozen=True, kw_only=True)
class Memorisation:
    """How much of a text stands in another word for word.

    Attributes
    ----------
    longest : int
        Symbols of the longest copied span.
    span : value
        The span itself, as the codec reads.
    seen : dict of int to float
        Share of the n-grams, by their length in symbols, that the training text has.
    """

    longest: int
    span: Any
    seen: dict[int, float]

    def __str__(self) -> str:
        """Show it as a few lines."""
        shares = "  ".join(f"{n}: {share:.0%}" for n, share in self.seen.items())
        return f"longest copied span  {self.longest} symbols: {self.span!r}\nn-grams seen         {shares}"


def report(rows: Sequence[np.ndarray], training: Sequence[np.ndarray], codec: Codec) -> Memorisation:
    """Compare encoded texts; lengths from which on no n-gram is seen are left out, but the first of them."""
    found = copied(rows, training, _ORDERS)
    last = next((n for n, share in found.seen.items() if not share), None)
    span = codec.decode(rows[found.row][found.place : found.place + found.longest] if len(rows) else np.empty(0, np.int64))
    return Memorisation(longest=found.longest, span=span, seen={n: s for n, s in found.seen.items() if last is None or n <= last})
