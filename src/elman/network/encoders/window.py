"""A feed-forward network over a window of steps, called as recurrent layers are: its state is the last steps that it read."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from elman.network.interfaces import Recurrent
from elman.sequences import Ragged


class Window(nn.Module):
    """Slide a network over packed rows; steps before a row's first or after its last are zeros.

    Parameters
    ----------
    network : nn.Module
        Maps (N, before + T + after, input_size) to (N, T, out_features).
    input_size : int
        Size of a step.
    out_features : int
        Size of an answer.
    before : int
        Steps before each one that it sees.
    after : int, default 0
        Steps after each one; then the state is of no use, because a row cannot be read in pieces.

    Notes
    -----
    Shapes:

        x  Ragged (ΣT, input_size)     output  Ragged (ΣT, out_features)     state  (1, N, before · input_size), (1, N, out_features)
    """

    def __init__(self, network: nn.Module, input_size: int, out_features: int, *, before: int, after: int = 0) -> None:
        super().__init__()
        self.network = network
        self.input_size, self.hidden_size, self.out_features = input_size, out_features, out_features
        self.before, self.after = before, after
        self.directions = 2 if after else 1

    def forward(self, x: Ragged, state: Recurrent | None = None) -> tuple[Ragged, Recurrent]:
        """Answer every step; return the answers, and the last steps read with the last answer of each row."""
        rows = len(x)
        past = x.data.new_zeros(rows, self.before, self.input_size) if state is None else state[0][0].unflatten(1, (self.before, -1))
        padded = x.to_padded()[0] if len(x.batch_sizes) else x.data.new_zeros(rows, 0, self.input_size)
        joined = torch.cat([past, padded, padded.new_zeros(rows, self.after, self.input_size)], 1)
        if len(x.batch_sizes):
            answers = Ragged.from_padded(self.network(joined), x.lengths)
        else:
            answers = x.with_data(x.data.new_zeros(0, self.out_features))
        newest = (x.lengths[:, None] + torch.arange(self.before, device="cpu")).to(joined.device)
        carried = joined.gather(1, newest[..., None].expand(-1, -1, self.input_size))
        return answers, (carried.flatten(1)[None], answers.last()[None])

    def last(self, state: Recurrent) -> Tensor:
        """Return the answer at each row's last step (N, out_features)."""
        return state[1][0]
