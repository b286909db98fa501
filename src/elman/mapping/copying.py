"""Copying: symbols of a source that a target repeats, though no vocabulary has them (pointer networks, See 2017).

A source of a vocabulary of n names its j-th different unknown symbol n + j. A class of the target beyond its end, n, is n + 1 + p: the
symbol at step p of the source.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.codecs.capabilities import Spells


def mark(codec: Spells, value: Any, encoded: np.ndarray) -> np.ndarray:
    """Number the different unknown symbols of a source.

    Parameters
    ----------
    codec : codec that spells
        Of the source.
    value : Any
        The source.
    encoded : ndarray
        (S,) as encoded.

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


def point(codec: Spells, value: Any, encoded: np.ndarray, source: Sequence[Any]) -> np.ndarray:
    """Replace unknown symbols of a target by their places in its source.

    Parameters
    ----------
    codec : codec that spells
        Of the target.
    value : Any
        The target.
    encoded : ndarray
        (T,) as encoded.
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
    symbols, pointed = codec.symbols(value), encoded.copy()
    first = {symbol: step for step, symbol in reversed(list(enumerate(source)))}
    for step in unknown:
        if symbols[step] in first:
            pointed[step] = codec.space.n + 1 + first[symbols[step]]
    return pointed


def written(codec: Spells, answer: np.ndarray, source: Sequence[Any]) -> list[Any]:
    """Return the symbols of an answer, those of the vocabulary and those copied.

    Parameters
    ----------
    codec : codec that spells
        Of the target.
    answer : ndarray
        (T,) classes.
    source : sequence
        Symbols of the source.

    Returns
    -------
    list
        As ``codec.spell`` takes them.
    """
    n, unknown = codec.space.n, codec.unknown_symbol
    return [source[i - n - 1] if i > n else codec.vocabulary_.symbol(i, unknown) for i in np.asarray(answer).tolist()]
