"""Encoder: a stack of recurrent layers over a packed batch, with its state in the open."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from elman.network.interfaces import Recurrent
from elman.nn import layer
from elman.sequences import Ragged


def recurrent_layers(cell: str, input_size: int, hidden_size: int, options: dict[str, Any]) -> nn.Module:
    """Make a stack of ``elman.nn`` layers; the forget gate of an LSTM starts at 1 (Jozefowicz 2015).

    Parameters
    ----------
    cell : str
        Name of the cell.
    input_size : int
        Size of a step.
    hidden_size : int
        Units of the hidden state.
    options : dict
        Further keyword arguments of ``elman.nn.LSTM``.

    Returns
    -------
    nn.Module
        Called with a Ragged and a state, gives a Ragged and a state.
    """
    chosen = {name: value for name, value in options.items() if value}
    if cell == "lstm":
        chosen["forget_bias"] = 1.0
    return layer(cell)(input_size, hidden_size, **chosen)


def top_state(state: Recurrent, directions: int) -> Tensor:
    """Return h of the top layer after each row's own last step, directions side by side, (N, D·H)."""
    h = state[0] if isinstance(state, tuple) else state
    return torch.cat(list(h[-directions:]), 1)


class Encoder(nn.Module):
    """Recurrent layers over vectors.

    Parameters
    ----------
    cell : str
        Name of the cell.
    input_size : int
        Size of a step.
    hidden_size : int
        Units per direction.
    bidirectional : bool
        Read each row in both directions.
    options : dict
        ``num_layers``, ``dropout``, ``weight_dropout``, … of the layers.

    Notes
    -----
    Shapes:

        x  Ragged (ΣT, input_size)     output  Ragged (ΣT, D·H)     last  (N, D·H)
    """

    def __init__(
        self, cell: str, input_size: int, hidden_size: int, *, bidirectional: bool = False, options: dict[str, Any] | None = None
    ) -> None:
        super().__init__()
        self.directions = 2 if bidirectional else 1
        self.out_features = self.directions * hidden_size
        self.layers = recurrent_layers(cell, input_size, hidden_size, {**(options or {}), "bidirectional": bidirectional})

    def forward(self, x: Ragged, state: Recurrent | None = None) -> tuple[Ragged, Recurrent]:
        """Run all layers; each row's state is the one after its own last step."""
        return self.layers(x, state)

    def last(self, state: Recurrent) -> Tensor:
        """Return the top layer's last hidden states (N, D·H)."""
        return top_state(state, self.directions)
