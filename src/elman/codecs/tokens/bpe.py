"""Byte-level subwords by the ``tokenizers`` library: learned from texts, stored as plain lists, rebuilt bit for bit.

Sennrich, Haddow and Birch 2016, "Neural machine translation of rare words with subword units", on bytes as in GPT-2, so that
no text is unknown. Index 0 is the replacement character.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tokenizers import AddedToken, Tokenizer
from tokenizers.decoders import ByteLevel as ByteDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer

from elman.codecs.checks import MOST
from elman.errors import DataError

_UNKNOWN = AddedToken("\ufffd", normalized=False, special=True)

Merge = tuple[str, str]


def learn(texts: list[str], *, size: int, least: int) -> tuple[list[str], list[Merge]]:
    """Learn subwords.

    Parameters
    ----------
    texts : list of str
        Training texts.
    size : int
        Most subwords, the 256 bytes counted.
    least : int
        Rarer pairs are not merged.

    Returns
    -------
    tuple
        The subwords in the order of their indices from 1, and the merges in their order.
    """
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    trainer = BpeTrainer(
        vocab_size=size + 1,
        min_frequency=least,
        show_progress=False,
        special_tokens=[_UNKNOWN],
        initial_alphabet=sorted(ByteLevel.alphabet()),
    )
    tokenizer.train_from_iterator(texts, trainer, length=len(texts))
    table = tokenizer.get_vocab(with_added_tokens=True)
    pieces = sorted(table, key=table.__getitem__)[1:]
    return pieces, _merges(tokenizer)


def _merges(tokenizer: Tokenizer) -> list[Merge]:
    import json

    listed = json.loads(tokenizer.to_str())["model"]["merges"]
    return [tuple(pair) if isinstance(pair, list) else tuple(pair.split(" ")) for pair in listed]


def build(pieces: list[Any], merges: list[Merge]) -> Tokenizer:
    """Return the tokeniser of subwords and merges; inconsistent ones raise DataError."""
    index = set(pieces)
    if not index.issuperset(ByteLevel.alphabet()):
        raise DataError("Text state: a byte-level vocabulary must hold all 256 bytes.")
    for left, right in merges:
        if not {left, right, left + right} <= index:
            raise DataError(f"Text state: the merge {left!r} + {right!r} does not fit the vocabulary.")
    table = {"\ufffd": 0} | {piece: i for i, piece in enumerate(pieces, start=1)}
    tokenizer = Tokenizer(BPE(vocab=table, merges=merges))
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteDecoder()
    tokenizer.add_special_tokens([_UNKNOWN])
    return tokenizer


def spell(pieces: Sequence[str]) -> str:
    """Return the text of pieces in the alphabet of bytes, known to a tokeniser or not."""
    return ByteDecoder().decode(list(pieces))


def checked(merges: Any) -> list[Merge]:
    """Return merges read from JSON as pairs of text."""
    if not isinstance(merges, list) or len(merges) > MOST:
        raise DataError(f"Text state: merges must be a list of at most {MOST} pairs.")
    for pair in merges:
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
            raise DataError(f"Text state: a merge must be a pair of text; got {pair!r}.")
    return [(pair[0], pair[1]) for pair in merges]
