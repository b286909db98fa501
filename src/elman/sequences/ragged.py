"""Ragged: the one batch type inside elman, torch's PackedSequence layout plus lengths, so that empty sequences exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from elman.errors import ShapeError


@dataclass(frozen=True, kw_only=True, eq=False)
class Ragged:
    """A batch of N sequences of lengths 0..T without padding.

    Rows of ``data`` are time-major: first all first steps, longest sequence first, then all second steps, and so on.

    Shapes
    ------
    data              (ΣT, *)   any dtype and device
    batch_sizes       (T,)      int64, CPU, never rising: how many sequences reach step t
    sorted_indices    (N,)      int64, CPU: sorted position -> caller's row (longest first, stable)
    unsorted_indices  (N,)      int64, CPU: caller's row -> sorted position
    lengths           (N,)      int64, CPU, in the caller's order

    Examples
    --------
    >>> batch = Ragged.from_list([np.ones((3, 2), np.float32), np.ones((0, 2), np.float32)])
    >>> batch.lengths.tolist(), tuple(batch.data.shape)
    ([3, 0], (3, 2))
    """

    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor
    unsorted_indices: Tensor
    lengths: Tensor

    def __len__(self) -> int:
        """Number of sequences N."""
        return len(self.lengths)

    @classmethod
    def from_lengths(cls, data: Tensor, lengths: Tensor) -> Self:
        """Lay a geometry over rows that are already in packed order."""
        lengths = torch.as_tensor(lengths, dtype=torch.int64)
        order = torch.argsort(lengths, descending=True, stable=True)
        inverse = torch.empty_like(order)
        inverse[order] = torch.arange(len(order))
        longest = int(lengths.max()) if len(lengths) else 0
        counts = torch.bincount(lengths, minlength=longest + 1)
        batch_sizes = (len(lengths) - torch.cumsum(counts, 0))[:longest]
        if int(batch_sizes.sum()) != len(data):
            raise ShapeError(f"data must have {int(batch_sizes.sum())} rows, the sum of the lengths; got {len(data)}.")
        return cls(data=data, batch_sizes=batch_sizes, sorted_indices=order, unsorted_indices=inverse, lengths=lengths)

    @classmethod
    def from_list(cls, arrays: Sequence[np.ndarray | Tensor]) -> Self:
        """Pack sequences of shape (T_n, *), each of any length from 0."""
        tensors = [torch.as_tensor(a) for a in arrays]
        lengths = torch.tensor([len(t) for t in tensors], dtype=torch.int64)
        return cls._pack_rows(torch.cat(tensors) if tensors else torch.empty(0), lengths)

    @classmethod
    def _pack_rows(cls, rows: Tensor, lengths: Tensor) -> Self:
        """Pack rows that stand one sequence after the other."""
        empty = cls.from_lengths(rows, lengths)
        return replace(empty, data=rows[empty._source_rows()])

    def _source_rows(self) -> Tensor:
        """For each packed row, its place among sequences laid end to end in the caller's order."""
        starts = (torch.cumsum(self.lengths, 0) - self.lengths)[self.sorted_indices]
        total = int(self.batch_sizes.sum())
        steps = torch.repeat_interleave(torch.arange(len(self.batch_sizes)), self.batch_sizes)
        first = torch.cumsum(self.batch_sizes, 0) - self.batch_sizes
        places = torch.arange(total) - first[steps]
        return starts[places] + steps

    @classmethod
    def from_padded(cls, padded: Tensor, lengths: Tensor) -> Self:
        """Pack a batch-first padded tensor (N, T, *); what stands beyond a length is never read."""
        lengths = torch.as_tensor(lengths, dtype=torch.int64)
        mask = torch.arange(padded.shape[1])[None, :] < lengths[:, None]
        return cls._pack_rows(padded[mask.to(padded.device)], lengths)

    @classmethod
    def from_packed(cls, packed: PackedSequence) -> Self:
        """Take torch's PackedSequence without copying its data."""
        n = int(packed.batch_sizes[0])
        order = packed.sorted_indices.cpu() if packed.sorted_indices is not None else torch.arange(n)
        inverse = torch.empty_like(order)
        inverse[order] = torch.arange(n)
        sorted_lengths = (packed.batch_sizes[None, :] > torch.arange(n)[:, None]).sum(1)
        return cls(
            data=packed.data, batch_sizes=packed.batch_sizes, sorted_indices=order, unsorted_indices=inverse, lengths=sorted_lengths[inverse]
        )

    def to_packed(self) -> PackedSequence:
        """Give torch's PackedSequence without copying; empty sequences are refused, as torch has none."""
        if len(self) == 0 or int(self.lengths.min()) == 0:
            empty = torch.nonzero(self.lengths == 0).flatten().tolist()
            raise ShapeError(f"A PackedSequence cannot hold empty sequences; rows {empty[:5]} are empty. Keep the Ragged or drop these rows.")
        device = self.data.device
        return PackedSequence(self.data, self.batch_sizes, self.sorted_indices.to(device), self.unsorted_indices.to(device))

    def with_data(self, data: Tensor) -> Self:
        """Return the same geometry over other rows (ΣT, *)."""
        if len(data) != len(self.data):
            raise ShapeError(f"data must keep its {len(self.data)} rows; got {len(data)}.")
        return replace(self, data=data)

    def to_list(self) -> list[Tensor]:
        """Give back the sequences, (T_n, *) each, in the caller's order."""
        rows = torch.empty_like(self.data)
        rows[self._source_rows().to(self.data.device)] = self.data
        return list(torch.split(rows, self.lengths.tolist()))

    def to_padded(self, fill: float = 0.0) -> tuple[Tensor, Tensor]:
        """Return a batch-first padded tensor (N, T, *) and its mask (N, T), True where real."""
        longest = len(self.batch_sizes)
        mask = (torch.arange(longest)[None, :] < self.lengths[:, None]).to(self.data.device)
        padded = self.data.new_full((len(self), longest, *self.data.shape[1:]), fill)
        rows = torch.empty_like(self.data)
        rows = rows.index_copy(0, self._source_rows().to(self.data.device), self.data)
        return padded.masked_scatter(mask.reshape(*mask.shape, *[1] * (padded.dim() - 2)), rows), mask

    def flip(self) -> Self:
        """Reverse each sequence in its own length."""
        steps = torch.repeat_interleave(torch.arange(len(self.batch_sizes)), self.batch_sizes)
        first = torch.cumsum(self.batch_sizes, 0) - self.batch_sizes
        places = torch.arange(len(steps)) - first[steps]
        mirrored = self.lengths[self.sorted_indices][places] - 1 - steps
        return replace(self, data=self.data[(first[mirrored] + places).to(self.data.device)])

    def to(self, device: torch.device | str) -> Self:
        """Move the data; the geometry stays on the CPU."""
        return replace(self, data=self.data.to(device))

    def row_of(self) -> Tensor:
        """For each packed row, the caller's row it belongs to, (ΣT,) int64."""
        first = torch.cumsum(self.batch_sizes, 0) - self.batch_sizes
        steps = torch.repeat_interleave(torch.arange(len(self.batch_sizes)), self.batch_sizes)
        return self.sorted_indices[torch.arange(len(steps)) - first[steps]]
