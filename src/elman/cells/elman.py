r"""The Elman cell, the textbook recurrent network: h_t = σ(W_ih·x_t + b_ih + W_hh·h_{t-1} + b_hh).

Elman 1990, "Finding structure in time", Cognitive Science 14, section "Recurrent networks": the context units hold the hidden
units' own activations of the step before. σ is tanh, or the rectifier (Le, Jaitly and Hinton 2015, "A simple way to initialize
recurrent networks of rectified linear units"). The same weights serve every step; they learn by backpropagation through time.
An output y_t = W_hy·h_t is the business of a head, not of the cell. Torch keeps two biases; only their sum matters.
"""

from __future__ import annotations

import torch
from torch import Tensor

from elman.cells._base import Cell, Norm


def _tanh(gx: Tensor, gh: Tensor) -> tuple[Tensor, ...]:
    return (torch.tanh(gx + gh),)


def _relu(gx: Tensor, gh: Tensor) -> tuple[Tensor, ...]:
    return (torch.relu(gx + gh),)


def _tanh_step(gx: Tensor, gh: Tensor, states: tuple[Tensor, ...], norm: Norm | None = None) -> tuple[Tensor, ...]:  # noqa: ARG001  # a cell's signature
    return _tanh(gx, gh)


def _relu_step(gx: Tensor, gh: Tensor, states: tuple[Tensor, ...], norm: Norm | None = None) -> tuple[Tensor, ...]:  # noqa: ARG001  # a cell's signature
    return _relu(gx, gh)


ELMAN = Cell(name="elman", gates=("h",), states=("h",), doc=__doc__ or "", step=_tanh_step, activate=_tanh)
ELMAN_RELU = Cell(name="elman_relu", gates=("h",), states=("h",), doc=__doc__ or "", step=_relu_step, activate=_relu)
