"""FlopCounterMode counts our operators as it counts torch's matrix products."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

import elman

pytest.importorskip("elman._native", reason="the native module is not built")


def counts(layer, x, hx):
    with FlopCounterMode(display=False) as counter:
        y, _ = layer(x, hx)
        forward = counter.get_total_flops()
        y.sum().backward()
    return forward, counter.get_total_flops() - forward


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize("learns", ["weights", "input", "state", "some"])
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True, "bias": False}], ids=["one", "stack"])
def test_counts_are_torchs(kind, learns, options):
    theirs = getattr(nn, kind)(3, 4, dtype=torch.float64, **options)  # torch's float32 LSTM is one operator, which counts as nothing
    x = torch.randn(7, 2, 3, dtype=torch.float64, requires_grad=learns == "input")
    h = torch.randn(len(theirs.state_dict()) // (4 if theirs.bias else 2), 2, 4, dtype=torch.float64, requires_grad=learns == "state")
    if learns == "some":
        theirs.weight_ih_l0.requires_grad_(False)
    ours = elman.accelerate(copy.deepcopy(theirs))
    hx = (h, h) if kind == "LSTM" else h
    assert counts(ours, x, hx) == counts(theirs, x, hx)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        ours(x)
    assert counter.get_total_flops() == counts(theirs, x, hx)[0]


def test_float32_counts_as_float64():
    assert counts(elman.nn.LSTM(3, 4), torch.randn(7, 2, 3), None)[0] == 2 * 14 * (3 + 4) * 16
