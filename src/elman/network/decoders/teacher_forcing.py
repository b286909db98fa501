"""Teacher forcing on packed batches: which row feeds which, worked out once per batch without a loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from elman.sequences import Ragged


@dataclass(frozen=True, kw_only=True)
class Shifted:
    """Geometry of a decoder's run over a target: inputs start, x1 … xT and outputs x1 … xT, end.

    Notes
    -----
    Shapes:

        inputs     (ΣT',)  for each packed step, its row in cat([first (N), target.data])
        outputs    (ΣT',)  for each packed step, its row in cat([target.data, one row for "end"])
        geometry   Ragged over the (ΣT',) steps; a row has T+1 steps where its end is known, T otherwise
        last       (N,)    row in cat([first, target.data]) that is the input after this piece
    """

    inputs: Tensor
    outputs: Tensor
    geometry: Ragged
    last: Tensor


def shift(target: Ragged, ends: Tensor | None = None) -> Shifted:
    """Work out the shift of a target.

    Parameters
    ----------
    target : Ragged
        N sequences of lengths 0…T.
    ends : Tensor, optional
        (N,) bool: the row ends with this piece, so "end" follows its last step. All rows end by default.

    Returns
    -------
    Shifted
        Indices on the CPU.
    """
    n, total = len(target), len(target.data)
    ends = torch.ones(n, dtype=torch.bool, device="cpu") if ends is None else ends.cpu().to(torch.bool)
    lengths = target.lengths + ends.to(torch.int64)
    steps_total = int(lengths.sum())
    geometry = Ragged.from_lengths(torch.empty(steps_total, 0, device="cpu"), lengths)
    rows = geometry.row_of()
    steps = torch.repeat_interleave(torch.arange(len(geometry.batch_sizes), device="cpu"), geometry.batch_sizes)
    first = torch.cat([torch.cumsum(target.batch_sizes, 0) - target.batch_sizes, torch.tensor([total], device="cpu")])
    place = target.unsorted_indices[rows]
    before = first[(steps - 1).clamp_min(0).clamp_max(len(first) - 1)] + place
    here = first[steps.clamp_max(len(first) - 1)] + place
    inputs = torch.where(steps == 0, rows, n + before)
    outputs = torch.where(steps < target.lengths[rows], here, torch.full_like(here, total))
    newest = (
        n + first[(target.lengths - 1).clamp_min(0)] + target.unsorted_indices if n else torch.empty(0, dtype=torch.int64, device="cpu")
    )
    last = torch.where(target.lengths > 0, newest, torch.arange(n, device="cpu"))
    return Shifted(inputs=inputs, outputs=outputs, geometry=geometry, last=last)


def join(first: Any, second: Any) -> Any:
    """Lay two batches of elements end to end; dicts part by part."""
    if isinstance(first, dict):
        return {name: join(part, second[name]) for name, part in first.items()}
    return torch.cat([first, second.to(first.dtype)])


def take(values: Any, index: Tensor) -> Any:
    """Pick rows of a batch of elements; dicts part by part."""
    if isinstance(values, dict):
        return {name: take(part, index) for name, part in values.items()}
    return values.index_select(0, index.to(values.device))
