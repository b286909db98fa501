"""n-grams of a batch of symbols or words, as numbers: features of a linear model on texts."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from elman.codecs.space import Discrete, Space, Words
from elman.sequences import Ragged

_WORDS = 2
"""Longest n-gram of words (their pieces represent the characters)."""
_SYMBOLS = 4
"""Longest n-gram of other symbols, such as characters."""
_MIX = 0x5851F42D4C957F2D
_POSITIVE = 2**62 - 1


@dataclass(frozen=True, kw_only=True)
class Grams:
    """n-grams of a batch, one entry each.

    Notes
    -----
    Shapes:

        keys   (K,) int64, from 0 for n-grams of symbols, below 0 for pieces of words
        rows   (K,) int64, the caller's row of each
        ends   (K,) int64, the step at which each ends
        sizes  (K,) int64, how many steps each takes
    """

    keys: Tensor
    rows: Tensor
    ends: Tensor
    sizes: Tensor

    def distinct(self) -> Grams:
        """Return each n-gram of a row once, sorted by row, then by key."""
        order = torch.argsort(self.keys, stable=True)
        order = order[torch.argsort(self.rows[order], stable=True)]
        rows, keys = self.rows[order], self.keys[order]
        new = torch.ones(len(rows), dtype=torch.bool, device=rows.device)
        new[1:] = (rows[1:] != rows[:-1]) | (keys[1:] != keys[:-1])
        indices = order[new]
        return Grams(keys=self.keys[indices], rows=self.rows[indices], ends=self.ends[indices], sizes=self.sizes[indices])


def reads_grams(space: Space | None) -> bool:
    """Return whether a source of this space has n-grams."""
    return isinstance(space, Discrete | Words)


def grams(source: Ragged) -> Grams:
    """Return every n-gram of a batch, as often as it is there.

    Parameters
    ----------
    source : Ragged
        Symbols (ΣT,) or words with pieces (ΣT, 1 + K).

    Returns
    -------
    Grams
        In no particular order; two n-grams have one key only if they are the same (but for one chance in 2^62).

    Examples
    --------
    >>> found = grams(Ragged.from_list([torch.tensor([1, 2, 1])]))
    >>> sorted(found.sizes.tolist()), len(found.distinct().keys)
    ([1, 1, 1, 2, 2, 3], 5)
    """
    spelled = source.data.dim() == 2
    symbols = source.with_data(source.data[:, 0]) if spelled else source
    if not len(symbols.batch_sizes):
        nothing = torch.zeros(0, dtype=torch.int64, device=source.data.device)
        return Grams(keys=nothing, rows=nothing, ends=nothing, sizes=nothing)
    result = _of_symbols(symbols, _WORDS if spelled else _SYMBOLS)
    if spelled:
        result.append(_of_pieces(source))
    keys, rows, ends, sizes = torch.cat(result, 1)
    return Grams(keys=keys, rows=rows, ends=ends, sizes=sizes)


def _of_symbols(symbols: Ragged, longest: int) -> list[Tensor]:
    padded, mask = symbols.to_padded()
    count, steps = padded.shape
    rows = torch.arange(count, device=padded.device)[:, None].expand(-1, steps)
    ends = torch.arange(steps, device=padded.device).expand(count, -1)
    key, values = torch.zeros_like(padded), []
    for n in range(1, min(longest, steps) + 1):
        # a polynomial modulo 2^64, as int64 arithmetic wraps, cut to a number from 0
        key = (key[:, : steps - n + 1] * _MIX + padded[:, n - 1 :] + n) % _POSITIVE
        real = mask[:, n - 1 :]
        values.append(torch.stack([key[real], rows[:, n - 1 :][real], ends[:, n - 1 :][real], torch.full_like(key[real], n)]))
    return values


def _of_pieces(words: Ragged) -> Tensor:
    pieces = words.data[:, 1:]
    real = pieces > 0
    rows, steps = (t.to(pieces.device)[:, None].expand_as(pieces)[real] for t in (words.row_of(), words.step_of()))
    return torch.stack([-pieces[real], rows, steps, torch.ones_like(rows)])
