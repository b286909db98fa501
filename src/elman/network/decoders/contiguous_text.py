"""Readers: running text read by many readers side by side, in windows, with the state carried on and emptied where a document begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from elman.network.interfaces import Loss, Recurrent, map_tensors
from elman.sequences import Ragged

if TYPE_CHECKING:
    from elman.network.decoders.autoregressive import AutoregressiveDecoder


@dataclass(frozen=True, kw_only=True, eq=False)
class Readers:
    """B stretches of text: at every place the symbol that is read, the one that follows, and whether the reader's memory is empty.

    Notes
    -----
    Shapes:

        inputs   (B, S) int64   the symbol read: the one before, or the decoder's "start"
        outputs  (B, S) int64   the symbol that follows; the decoder's "end" included
        opens    (B, S) bool    a document (or a reader) begins here: nothing is remembered. Always true at the first place
        lengths  (B,) int64     places of each reader; places beyond are never read
    """

    inputs: Tensor
    outputs: Tensor
    opens: Tensor
    lengths: Tensor

    def __len__(self) -> int:
        """Number of readers."""
        return len(self.inputs)

    def to(self, device: torch.device | str) -> Readers:
        """Move the symbols; the geometry stays on the CPU."""
        return replace(self, inputs=self.inputs.to(device), outputs=self.outputs.to(device))

    def windows(self, length: int) -> Iterator[Window]:
        """Cut all readers' text at the same places."""
        last = torch.full((len(self),), -1, device="cpu")  # the row of the window before in which each reader stopped
        for begin in range(0, int(self.lengths.max()) if len(self) else 0, length):
            window = self._window(begin, min(begin + length, self.inputs.shape[1]), last)
            last = window.stops
            yield window

    def _window(self, begin: int, end: int, last: Tensor) -> Window:
        opens, inside = self.opens[:, begin:end], torch.arange(begin, end, device="cpu") < self.lengths[:, None]
        fresh = opens.clone()
        fresh[:, 0] = True
        fresh &= inside
        row_of = torch.cumsum(fresh.flatten(), 0).view_as(fresh) - 1  # rows are numbered reader by reader
        lengths = torch.bincount(row_of[inside], minlength=int(fresh.sum()))
        going = inside[:, 0] & ~opens[:, 0]  # these readers remember
        where = inside.to(self.inputs.device)
        shape = Ragged._pack_rows(self.inputs[:, begin:end][where], lengths)
        expected = Ragged._pack_rows(self.outputs[:, begin:end][where], lengths)
        here = inside.sum(1)
        stops = torch.where(here > 0, row_of.gather(1, (here - 1).clamp_min(0)[:, None])[:, 0], -1)
        return Window(symbols=shape, wanted=expected.data, into=row_of[going, 0], source=last[going], stops=stops)


@dataclass(frozen=True, kw_only=True, eq=False)
class Window:
    """Part of the readers' text as rows that begin and end with documents or with the window.

    Notes
    -----
    Shapes:

        symbols  Ragged (ΣT,) input symbols, N rows      wanted  (ΣT,) the symbols after them, packed alike
        into     (K,) rows that go on                   source  (K,) the rows of the window before that they go on from
        stops    (B,) each reader's last row here, -1 where it has none
    """

    symbols: Ragged
    wanted: Tensor
    into: Tensor
    source: Tensor
    stops: Tensor

    def enter(self, state: Recurrent | None) -> Recurrent | None:
        """Return the state (L, N, H) the rows begin with, from that after the window before."""
        if state is None or not len(self.into):
            return None
        rows = len(self.symbols)

        def place(old: Tensor) -> Tensor:
            """Zeros but for the rows that go on."""
            carried = old.index_select(1, self.source.to(old.device))
            return old.new_zeros(old.shape[0], rows, old.shape[2]).index_copy(1, self.into.to(old.device), carried)

        return map_tensors(place, state)


def read(decoder: AutoregressiveDecoder, readers: Readers, length: int | None) -> Iterator[Loss]:
    """Yield the loss of each window; the state is carried on without its gradient."""
    state: Recurrent | None = None
    for window in readers.windows(length or max(readers.inputs.shape[1], 1)):
        result = decoder.read_on(window.symbols, window.wanted, window.enter(state))
        after = None if result.state is None else result.state.detach()
        state = None if after is None else after.recurrent
        yield result
