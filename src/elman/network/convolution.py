"""Convolutions in the place of the recurrence: what a network without a memory reads (Kim 2014)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from elman.network.contract import Recurrent
from elman.sequences import Ragged


class Convolutions(nn.Module):
    """Convolutions of several widths over time, side by side; in the place of an :class:`~elman.network.encoder.Encoder`.

    Parameters
    ----------
    input_size : int
        Size of a step.
    filters : int
        Filters of each width.
    widths : sequence of int
        Steps that a filter sees.

    Notes
    -----
    Shapes:

        x  Ragged (ΣT, input_size)     output  Ragged (ΣT, filters · widths)
    """

    directions = 1

    def __init__(self, input_size: int, filters: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.widths = tuple(widths)
        self.out_features = filters * len(self.widths)
        self.layers = nn.ModuleList(nn.Conv1d(input_size, filters, width) for width in self.widths)

    def forward(self, x: Ragged, state: Recurrent | None = None) -> tuple[Ragged, Recurrent]:  # noqa: ARG002  # as an Encoder is called
        """Read all rows; beyond its own steps a row reads zeros, whatever the batch. There is no state to go on with."""
        nothing = x.data.new_zeros(1, len(x), self.out_features)
        if not len(x.batch_sizes):
            return x.with_data(x.data.new_zeros(0, self.out_features)), nothing
        padded, _ = x.to_padded()
        across = padded.transpose(1, 2)
        found = [
            functional.relu(layer(functional.pad(across, ((width - 1) // 2, width // 2))))
            for width, layer in zip(self.widths, self.layers, strict=True)
        ]
        return Ragged.from_padded(torch.cat(found, 1).transpose(1, 2), x.lengths), nothing

    def last(self, state: Recurrent) -> Tensor:
        """Return zeros: nothing is remembered."""
        return (state[0] if isinstance(state, tuple) else state)[0]
