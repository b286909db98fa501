"""n-grams of a batch of symbols or words, as numbers: what a linear model on texts looks at."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from elman.codecs.space import Discrete, Space, Words
from elman.sequences import Ragged

_WORDS = 2
"""Longest n-gram of words (their pieces stand for the characters)."""
_SYMBOLS = 4
"""Longest n-gram of other symbols, such as characters."""
_MIX = 0x5851F42D4C957F2D
_POSITIVE = 2**62 - 1


@dataclass(frozen=True, kw_only=True)
class Grams:
    """Keys of the n-grams of all rows, with the row of each; none twice in a row.

    Notes
    -----
    Shapes:

        keys  (K,) int64, from 0 for n-grams of symbols, below 0 for pieces of words     rows  (K,) int64
    """

    keys: Tensor
    rows: Tensor


def reads_grams(space: Space | None) -> bool:
    """Tell whether a source of this space has n-grams."""
    return isinstance(space, Discrete | Words)


def grams(source: Ragged) -> Grams:
    """Return the n-grams of a batch.

    Parameters
    ----------
    source : Ragged
        Symbols (ΣT,) or words with pieces (ΣT, 1 + K).

    Returns
    -------
    Grams
        Sorted by row, then by key.
    """
    spelled = source.data.dim() == 2
    symbols = source.with_data(source.data[:, 0]) if spelled else source
    if not len(symbols.batch_sizes):
        nothing = torch.zeros(0, dtype=torch.int64, device=source.data.device)
        return Grams(keys=nothing, rows=nothing)
    padded, mask = symbols.to_padded()
    key = torch.zeros_like(padded)
    found = []
    for n in range(1, (_WORDS if spelled else _SYMBOLS) + 1):
        if n > padded.shape[1]:
            break
        ends = padded[:, n - 1 :]
        key = (key[:, : ends.shape[1]] * _MIX + ends + n) % _POSITIVE  # arithmetic modulo 2^64, then a number from 0
        real = mask[:, n - 1 :]
        rows = torch.arange(len(padded), device=padded.device)[:, None].expand_as(real)
        found.append(torch.stack([rows[real], key[real]]))
    if spelled:
        pieces = source.data[:, 1:]
        rows = source.row_of().to(pieces.device)[:, None].expand_as(pieces)
        found.append(torch.stack([rows[pieces > 0], -pieces[pieces > 0]]))
    return _distinct(torch.cat(found, 1))


def _distinct(pairs: Tensor) -> Grams:
    rows, keys = pairs
    order = torch.argsort(keys, stable=True)
    order = order[torch.argsort(rows[order], stable=True)]
    rows, keys = rows[order], keys[order]
    new = torch.ones(len(rows), dtype=torch.bool, device=rows.device)
    new[1:] = (rows[1:] != rows[:-1]) | (keys[1:] != keys[:-1])
    return Grams(keys=keys[new], rows=rows[new])
