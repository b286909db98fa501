"""Sharing: which symbols of two vocabularies are the same thing, so that one can be copied into the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman.codecs.symbols import Symbols
from elman.codecs.text import Text

Spelled = Text | Symbols
"""Codecs that take values apart into symbols and put symbols together again, known or not."""


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
    >>> ours, theirs = Symbols().fit([["a", "b"]]), Symbols().fit([["b", "c"]])
    >>> shared_symbols(ours, theirs).tolist()
    [-1, -1, 1]
    """
    if not isinstance(source, Spelled) or not isinstance(target, Spelled) or not _same_kind(source, target):
        return None
    theirs = target.vocabulary_.table
    return np.array([-1, *(theirs.get(symbol, -1) for symbol in source.vocabulary_.symbols)], dtype=np.int64)


def _same_kind(source: Spelled, target: Spelled) -> bool:
    kinds = {codec.unit for codec in (source, target) if isinstance(codec, Text)}
    return len(kinds) == 1 if isinstance(source, Text) and isinstance(target, Text) else "bpe" not in kinds
