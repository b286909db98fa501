r"""The gated recurrent unit in torch's form.

r_t = σ(W_ir·x_t + b_ir + W_hr·h_{t-1} + b_hr)           reset
z_t = σ(W_iz·x_t + b_iz + W_hz·h_{t-1} + b_hz)           update
n_t = tanh(W_in·x_t + b_in + r_t ⊙ (W_hn·h_{t-1} + b_hn))   candidate
h_t = (1 − z_t) ⊙ n_t + z_t ⊙ h_{t-1}

Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder for statistical machine translation", section 2.3.
As in torch (and cuDNN), the reset gate acts after the product W_hn·h, not before it: one matrix product serves all three gates.
"""

from __future__ import annotations

import torch
from torch import Tensor

from elman.cells._base import Cell, Norm


def _activate(gx: Tensor, gh: Tensor) -> tuple[Tensor, ...]:
    x_r, x_z, x_n = gx.chunk(3, 1)
    h_r, h_z, h_n = gh.chunk(3, 1)
    r = torch.sigmoid(x_r + h_r)
    return r, torch.sigmoid(x_z + h_z), torch.tanh(x_n + r * h_n)


def _step(gx: Tensor, gh: Tensor, states: tuple[Tensor, ...], norm: Norm | None = None) -> tuple[Tensor, ...]:  # noqa: ARG001  # a cell's signature
    (h,) = states
    _, z, n = _activate(gx, gh)
    return ((1 - z) * n + z * h,)


GRU = Cell(name="gru", gates=("r", "z", "n"), states=("h",), doc=__doc__ or "", step=_step, activate=_activate)
