"""A recurrence without shared weights: the same network with its own weights at every step."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from elman.network.interfaces import Recurrent
from elman.sequences import Ragged


class _Steps(nn.Module):
    """Weights of an Elman network, apart for each of K steps: W (K, I, H), U (K, H, H), b (K, H)."""

    def __init__(self, input_size: int, hidden_size: int, steps: int) -> None:
        super().__init__()
        self.read = nn.Parameter(torch.empty(steps, input_size, hidden_size))
        self.keep = nn.Parameter(torch.empty(steps, hidden_size, hidden_size))
        self.bias = nn.Parameter(torch.zeros(steps, hidden_size))
        for step in range(steps):
            nn.init.xavier_uniform_(self.read[step])
            nn.init.orthogonal_(self.keep[step])

    def step(self, at: int, x: Tensor, h: Tensor) -> Tensor:
        """Return ``tanh(x W_t + h U_t + b_t)``."""
        return torch.tanh(torch.addmm(torch.addmm(self.bias[at], x, self.read[at]), h, self.keep[at]))


class Untied(nn.Module):
    """A feed-forward stack along a row with its own weights at each step, in one direction or both; in the place of an Encoder.

    Step t of every row has the weights of step t. Values beyond the steps it was built for have no weights and are not read.

    Parameters
    ----------
    input_size : int
        Size of a step.
    hidden_size : int
        Units in each direction.
    steps : int
        Steps with weights.
    bidirectional : bool, default False
        A second stack reads each row from its end.

    Notes
    -----
    Shapes:

        x  Ragged (ΣT, I)     output  Ragged (ΣT, D·H)     state  (1, N, D·H)

    References
    ----------
    Elman 1990, "Finding structure in time", the network of figure 2 laid out in time; Rumelhart, Hinton and Williams 1986 tie its weights.
    """

    directions = 2
    """It wants whole rows, whichever way it reads."""

    def __init__(self, input_size: int, hidden_size: int, steps: int, *, bidirectional: bool = False) -> None:
        super().__init__()
        ways = 2 if bidirectional else 1
        self.hidden_size, self.steps, self.out_features = hidden_size, steps, ways * hidden_size
        self.stacks = nn.ModuleList(_Steps(input_size, hidden_size, steps) for _ in range(ways))

    def forward(self, x: Ragged, state: Recurrent | None = None) -> tuple[Ragged, Recurrent]:  # noqa: ARG002  # as an Encoder is called
        """Read whole rows; there is no state to go on from."""
        ways = [self._read(self.stacks[0], x)]
        if len(self.stacks) == 2:
            answers, last = self._read(self.stacks[1], x.flip())
            ways.append((answers.flip(), last))
        answers = x.with_data(torch.cat([way.data for way, _ in ways], 1))
        return answers, torch.cat([last for _, last in ways], 1)[None]

    def _read(self, stack: nn.Module, x: Ragged) -> tuple[Ragged, Tensor]:
        h = x.data.new_zeros(len(x), self.hidden_size)
        results, at = [x.data.new_zeros(0, self.hidden_size)], 0
        for step, active in enumerate(x.batch_sizes.tolist()):
            if step < self.steps:
                h = torch.cat([stack.step(step, x.data[at : at + active], h[:active]), h[active:]])  # type: ignore[operator]
            results.append(h[:active])
            at += active
        return x.with_data(torch.cat(results)), h[x.unsorted_indices.to(h.device)]

    def last(self, state: Recurrent) -> Tensor:
        """Return the last hidden states (N, D·H)."""
        return state[0]


class UntiedWindow(nn.Module):
    """The same stack over the last K steps before every answer, for a :class:`~elman.network.encoders.window.Window`.

    Text has no first step.

    Parameters
    ----------
    input_size : int
        Size of a step.
    hidden_size : int
        Units.
    steps : int
        Steps with weights.
    """

    def __init__(self, input_size: int, hidden_size: int, steps: int) -> None:
        super().__init__()
        self.hidden_size, self.steps = hidden_size, steps
        self.stack = _Steps(input_size, hidden_size, steps)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, K - 1 + T, I) to (N, T, H)."""
        length = x.shape[1] - self.steps + 1
        h = x.new_zeros(len(x) * length, self.hidden_size)
        for step in range(self.steps):
            h = self.stack.step(step, x[:, step : step + length].flatten(0, 1), h)
        return h.unflatten(0, (len(x), length))
