"""Symbols that two vocabularies share, so that one can be copied into the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman.codecs.capabilities import Spells


def shared_symbols(source: Any, target: Any) -> np.ndarray | None:
    """Return for each index of a source vocabulary that of the same symbol in a target vocabulary.

    Parameters
    ----------
    source : Codec
        Fitted.
    target : Codec
        Fitted.

    Returns
    -------
    ndarray or None
        int64 (n,), -1 where the target has no such symbol and for "unknown"; None where the two do not speak of the same kind of
        symbols (characters are no words, nor subwords).

    Examples
    --------
    >>> from elman.codecs import Symbols
    >>> ours, theirs = Symbols().fit([["a", "b"]]), Symbols().fit([["b", "c"]])
    >>> shared_symbols(ours, theirs).tolist()
    [-1, -1, 1]
    """
    if not isinstance(source, Spells) or not isinstance(target, Spells) or not _same_kind(source.unit, target.unit):
        return None
    theirs = target.vocabulary_.table
    return np.array([-1, *(theirs.get(symbol, -1) for symbol in source.vocabulary_.symbols)], dtype=np.int64)


def _same_kind(one: str, other: str) -> bool:
    """Whether symbols of two units may be equal: symbols from lists may be words or characters, never subwords."""
    return one == other or ("symbol" in (one, other) and "bpe" not in (one, other))
