r"""Long short-term memory with forget gate, without peepholes.

i_t = σ(W_ii·x_t + b_ii + W_hi·h_{t-1} + b_hi)        input
f_t = σ(W_if·x_t + b_if + W_hf·h_{t-1} + b_hf)        forget
g_t = tanh(W_ig·x_t + b_ig + W_hg·h_{t-1} + b_hg)     candidate
o_t = σ(W_io·x_t + b_io + W_ho·h_{t-1} + b_ho)        output
c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t
h_t = o_t ⊙ tanh(c_t)

Hochreiter and Schmidhuber 1997, "Long short-term memory", section 4; the forget gate is from Gers, Schmidhuber and Cummins 2000,
"Learning to forget". With layer norm the c inside the output's tanh is normalised, the carried c is not (Ba et al. 2016, eq. 22).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from elman.cells._base import Cell, Norm


def _activate(gx: Tensor, gh: Tensor) -> tuple[Tensor, ...]:
    i, f, g, o = (gx + gh).chunk(4, 1)
    return torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)


def _carry(gates: Sequence[Any], inner: tuple[Any, ...]) -> tuple[Any, ...]:
    (i, f, g, _), (c,) = gates, inner
    return (f * c + i * g,)


def _step(gx: Tensor, gh: Tensor, states: tuple[Tensor, ...], norm: Norm | None = None) -> tuple[Tensor, ...]:
    _, c = states
    gates = _activate(gx, gh)
    (c,) = _carry(gates, (c,))
    shown = c if norm is None else norm(c)
    return gates[3] * torch.tanh(shown), c


LSTM = Cell(name="lstm", gates=("i", "f", "g", "o"), states=("h", "c"), doc=__doc__ or "", step=_step, activate=_activate, carry=_carry)
