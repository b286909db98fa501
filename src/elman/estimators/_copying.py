"""Copying: words that a vocabulary lacks, marked in sources and aimed at by targets, so that a network can copy them.

In a source of n symbols the j-th different word never seen is n + j; in a target of n symbols a word of the source is n + 1 + its
first step (:mod:`elman.network.pointer`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.codecs.sharing import Spelled
from elman.codecs.text import UNKNOWN, Text


def mark(codec: Spelled, value: Any, encoded: np.ndarray) -> np.ndarray:
    """Tell unknown symbols of a source apart.

    Parameters
    ----------
    codec : Text or Symbols
        Of the source.
    value : Any
        The source.
    encoded : ndarray
        (S,) what ``encode`` gave.

    Returns
    -------
    ndarray
        (S,) with different numbers for different unknown symbols.
    """
    unknown = np.flatnonzero(encoded == 0)
    if not len(unknown):
        return encoded
    symbols, seen, marked = codec.symbols(value), {}, encoded.copy()
    for step in unknown:
        marked[step] = codec.space.n + seen.setdefault(symbols[step], len(seen))
    return marked


def aim(codec: Spelled, value: Any, encoded: np.ndarray, source: Sequence[Any]) -> np.ndarray:
    """Let unknown symbols of a target point to where they stand in its source.

    Parameters
    ----------
    codec : Text or Symbols
        Of the target.
    value : Any
        The target.
    encoded : ndarray
        (T,) what ``encode`` gave.
    source : sequence
        Symbols of the source.

    Returns
    -------
    ndarray
        (T,); unknown symbols that the source has not either stay 0.
    """
    unknown = np.flatnonzero(encoded == 0)
    if not len(unknown):
        return encoded
    symbols, aimed = codec.symbols(value), encoded.copy()
    first = {symbol: step for step, symbol in reversed(list(enumerate(source)))}
    for step in unknown:
        if symbols[step] in first:
            aimed[step] = codec.space.n + 1 + first[symbols[step]]
    return aimed


def written(codec: Spelled, answer: np.ndarray, source: Sequence[Any]) -> list[Any]:
    """Return the symbols of an answer, those of the vocabulary and those copied.

    Parameters
    ----------
    codec : Text or Symbols
        Of the target.
    answer : ndarray
        (T,) classes.
    source : sequence
        Symbols of the source.

    Returns
    -------
    list
        What ``codec.spell`` puts together.
    """
    n, unknown = codec.space.n, UNKNOWN if isinstance(codec, Text) else None
    return [source[i - n - 1] if i > n else codec.vocabulary_.symbol(i, unknown) for i in np.asarray(answer).tolist()]
