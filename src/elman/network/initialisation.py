"""First weights of a built network: orthogonal recurrences, Glorot projections, small embeddings, zero biases."""

from __future__ import annotations

import torch
from torch import nn


def initialise(module: nn.Module) -> None:
    """Set the first weights of every part.

    Recurrent weights are orthogonal gate by gate (Saxe 2014), input and output projections uniform after Glorot 2010,
    biases zero. The forget gate's bias of 1 is the layer's own option.
    """
    for part in module.modules():
        if isinstance(part, nn.Linear | nn.Conv2d | nn.Conv1d):
            nn.init.xavier_uniform_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, nn.Embedding):
            nn.init.normal_(part.weight, std=part.embedding_dim**-0.5)
        elif isinstance(part, nn.RNNBase):
            _recurrent(part)


@torch.no_grad()
def _recurrent(layer: nn.RNNBase) -> None:
    for name, weight in layer.named_parameters():
        if name.startswith("weight_hh"):
            for gate in weight.split(layer.hidden_size):
                nn.init.orthogonal_(gate)
        elif name.startswith("weight_ih"):
            for gate in weight.split(layer.hidden_size):
                nn.init.xavier_uniform_(gate)
