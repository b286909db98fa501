"""Convolutions in the place of the recurrence: a network without a memory (Kim 2014)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from elman.network.interfaces import Recurrent
from elman.sequences import Ragged


class Convolutions(nn.Module):
    """Convolutions of several widths over time, side by side; in the place of an :class:`~elman.network.encoders.encoder.Encoder`.

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
        results = [
            functional.relu(layer(functional.pad(across, ((width - 1) // 2, width // 2))))
            for width, layer in zip(self.widths, self.layers, strict=True)
        ]
        return Ragged.from_padded(torch.cat(results, 1).transpose(1, 2), x.lengths), nothing

    def last(self, state: Recurrent) -> Tensor:
        """Return zeros: nothing is remembered."""
        return (state[0] if isinstance(state, tuple) else state)[0]


class Dilated(nn.Module):
    """A stack of dilated convolutions, three taps each, for a :class:`~elman.network.encoders.window.Window` (van den Oord 2016; Bai 2018).

    A projection to C channels, ``levels`` residual layers whose taps lie 1, 2, 4, … steps apart, each on normalised channels, and a
    projection to the answers; it sees ``1 + 2 (2^levels - 1)`` steps.

    Parameters
    ----------
    input_size : int
        Size of a step.
    channels : int
        Channels C.
    levels : int
        Layers.
    out_features : int
        Size of an answer.
    causal : bool, default False
        Answer for the last step of the receptive field, which then is on the residual path; for the middle one otherwise.
    """

    def __init__(self, input_size: int, channels: int, levels: int, out_features: int, *, causal: bool = False) -> None:
        super().__init__()
        self.causal = causal
        self.inlet = nn.Linear(input_size, channels)
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in range(levels))
        self.layers = nn.ModuleList(nn.Conv1d(channels, channels, 3, dilation=2**level) for level in range(levels))
        self.outlet = nn.Linear(channels, out_features)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 2 (2^levels - 1) + T, I) to (N, T, out_features)."""
        x = self.inlet(x)
        for level, (norm, layer) in enumerate(zip(self.norms, self.layers, strict=True)):
            added = functional.relu(layer(norm(x).transpose(1, 2))).transpose(1, 2)
            first = 2 * 2**level if self.causal else 2**level
            x = x[:, first : first + added.shape[1]] + added
        return functional.relu(self.outlet(x))

    @staticmethod
    def weights(input_size: int, channels: int, levels: int, out_features: int) -> int:
        """Count the weights of such a stack."""
        return (input_size + 1) * channels + levels * (3 * channels + 3) * channels + (channels + 1) * out_features


class Patch(nn.Module):
    """One layer over all the steps of a window at once (Bengio 2003), for a :class:`~elman.network.encoders.window.Window`.

    Parameters
    ----------
    input_size : int
        Size of a step.
    out_features : int
        Units.
    steps : int
        Steps it sees.
    """

    def __init__(self, input_size: int, out_features: int, steps: int) -> None:
        super().__init__()
        self.layer = nn.Conv1d(input_size, out_features, steps)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, steps - 1 + T, I) to (N, T, out_features)."""
        return torch.tanh(self.layer(x.transpose(1, 2))).transpose(1, 2)


class Fixed(nn.Module):
    """A convolution, then one layer over a fixed number of steps laid side by side; in the place of an Encoder.

    A row that is shorter ends in zeros, and values beyond the steps are not read: it is a network for one length.

    Parameters
    ----------
    input_size : int
        Size of a step.
    channels : int
        Channels of the convolution, five taps wide.
    steps : int
        Steps it was built for.
    out_features : int
        Size of the answer.

    Notes
    -----
    Shapes:

        x  Ragged (ΣT, I)     output  Ragged (ΣT, F), the same at every step of a row     state  (1, N, F)
    """

    directions = 2

    def __init__(self, input_size: int, channels: int, steps: int, out_features: int) -> None:
        super().__init__()
        self.steps, self.out_features, self.hidden_size = steps, out_features, out_features
        self.convolution = nn.Conv1d(input_size, channels, 5, padding=2)
        self.across = nn.Linear(steps * channels, out_features)

    @staticmethod
    def weights(input_size: int, channels: int, steps: int, out_features: int) -> int:
        """Count the weights of such a network."""
        return (5 * input_size + 1) * channels + (steps * channels + 1) * out_features

    def forward(self, x: Ragged, state: Recurrent | None = None) -> tuple[Ragged, Recurrent]:  # noqa: ARG002  # as an Encoder is called
        """Read whole rows, cut or filled up with zeros; there is no state to go on from."""
        padded = x.to_padded()[0] if len(x.batch_sizes) else x.data.new_zeros(len(x), 0, x.data.shape[1])
        fitted = functional.pad(padded[:, : self.steps], (0, 0, 0, max(0, self.steps - padded.shape[1])))
        answer = torch.tanh(self.across(functional.relu(self.convolution(fitted.transpose(1, 2))).flatten(1)))
        return x.with_data(answer[x.row_of().to(answer.device)]), answer[None]

    def last(self, state: Recurrent) -> Tensor:
        """Return the answer of each row (N, F)."""
        return state[0]
