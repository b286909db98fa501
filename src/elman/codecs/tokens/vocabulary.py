"""Vocabulary: symbols to indices and back, shared by every codec of discrete things."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Self

import numpy as np

from elman.codecs.checks import MOST
from elman.errors import DataError, DataTypeError
from elman.io.missing import is_missing

_LONGEST = 1_000_000


class Vocabulary:
    """Symbols in a fixed order; with ``unknown``, index 0 represents everything else.

    Parameters
    ----------
    symbols : sequence of hashable
        Each once.
    unknown : bool, default True
        Keep index 0 for unknown symbols; the first symbol is then 1.

    Examples
    --------
    >>> vocabulary = Vocabulary(["a", "b"])
    >>> [vocabulary.index(s) for s in "abz"], len(vocabulary)
    ([1, 2, 0], 3)
    """

    def __init__(self, symbols: Sequence[Hashable], *, unknown: bool = True) -> None:
        self.symbols = list(symbols)
        self.unknown = unknown
        self.first = int(unknown)
        self.table: dict[Any, int] = {symbol: i for i, symbol in enumerate(self.symbols, start=self.first)}

    @classmethod
    def from_counts(cls, counts: Counter[Any], *, most: int | None = None, least: int = 1) -> Self:
        """Build from the most frequent symbols; ties keep the order of their first occurrence."""
        frequent = [symbol for symbol, count in counts.most_common(most) if count >= least]
        return cls(frequent)

    def __len__(self) -> int:
        """Return the number of indices, the unknown one included."""
        return len(self.symbols) + self.first

    def index(self, symbol: Hashable) -> int:
        """Return the index of a symbol; 0 for an unknown one (only with ``unknown``)."""
        return self.table.get(symbol, 0)

    def indices(self, symbols: Iterable[Any]) -> np.ndarray:
        """Return int64 (T,) of the symbols, 0 for unknown ones."""
        get = self.table.get
        return np.array([get(symbol, 0) for symbol in symbols], dtype=np.int64)

    def symbol(self, index: int, unknown: Any = None) -> Any:
        """Return the symbol of an index; ``unknown`` for the unknown one."""
        if not 0 <= index < len(self):
            raise DataError(f"expected an index in 0..{len(self) - 1} to decode; got {index}.")
        return unknown if self.unknown and index == 0 else self.symbols[index - self.first]

    def state(self, owner: str) -> list[Any]:
        """Return the symbols as plain JSON; other kinds than text, numbers, booleans and None cannot be saved."""
        for symbol in self.symbols:
            _storable(symbol, owner)
        return list(self.symbols)

    @classmethod
    def from_state(cls, state: Any, owner: str, *, unknown: bool = True) -> Self:
        """Rebuild from plain JSON; strict."""
        if not isinstance(state, list) or len(state) > MOST:
            raise DataError(f"{owner}: expected a list of at most {MOST} symbols; got {type(state).__name__}.")
        for symbol in state:
            _storable(symbol, owner)
        rebuilt = cls(state, unknown=unknown)
        if len(rebuilt.table) != len(state):
            raise DataError(f"{owner}: a symbol is listed twice.")
        return rebuilt


def indices_in(array: Any, owner: str) -> np.ndarray:
    """Return the indices to decode, int64 (T,)."""
    indices = np.asarray(array)
    if indices.ndim != 1 or (indices.size and indices.dtype.kind not in "iu"):
        raise DataError(f"{owner}: expected whole numbers (T,) to decode; got {indices.dtype} of shape {indices.shape}.")
    return indices.astype(np.int64)


def plain(symbol: Any) -> Any:
    """Return a hashable symbol as Python's own type (``np.int64(3)`` as 3)."""
    return symbol.item() if isinstance(symbol, np.generic) else symbol


def hashable(symbol: Any, expected: str) -> Any:
    """Return the symbol as Python's own type; refuse a value that cannot be a key."""
    if symbol is np.ma.masked:
        return math.nan
    try:
        hash(symbol)
    except TypeError as error:
        raise DataTypeError(f"expected {expected} that is hashable (text, number, tuple, …); got {type(symbol).__name__}.") from error
    return plain(symbol)


def is_no_symbol(symbol: Any) -> bool:
    """Return whether a symbol is missing and so cannot be looked up: NaN, NaT, ``pandas.NA`` or masked; None may be a symbol."""
    return symbol is not None and is_missing(symbol)


def _storable(symbol: Any, owner: str) -> None:
    if symbol is not None and type(symbol) not in (str, int, float, bool):
        raise DataError(
            f"{owner}: only text, numbers, booleans and None can be saved; got {type(symbol).__name__} {symbol!r}. "
            "Map it to text before fit."
        )
    if isinstance(symbol, str) and len(symbol) > _LONGEST:
        raise DataError(f"{owner}: a symbol of {len(symbol)} characters is longer than {_LONGEST}.")
    if isinstance(symbol, float) and not math.isfinite(symbol):
        raise DataError(f"{owner}: {symbol!r} cannot be saved. Map it to text before fit.")
