"""Outputs changed in place before backward, as torch's layers allow: the gradients are those of a copy."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

import elman
from elman.kernels import _passes

pytest.importorskip("elman._native", reason="the native module is not built")

X = torch.randn(5, 2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
CHANGES = {
    "relu_": lambda y: y.relu_(),
    "masked": lambda y: y.masked_fill_(y > 0, 0.0),
    "indexed": lambda y: y.__setitem__((slice(0, 2), 1), 0.0),
    "residual": lambda y: y.add_(1.0).mul_(y.detach().clone()),
    "alias": lambda y: y[1:].view(-1)[:3].zero_(),
    "module": lambda y: nn.ReLU(inplace=True)(y),
}


def gradients(layer, x, change, copied):
    x = x.clone().requires_grad_()
    y, state = layer(x)
    y = y.clone() if copied else y
    change(y)
    h = state[0] if isinstance(state, tuple) else state
    return torch.autograd.grad((y * torch.arange(y.numel()).view(y.shape)).sum() + h.sum(), [x, *layer.parameters()])


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_gradients_are_those_of_a_copy_and_torchs(kind, change):
    torch.manual_seed(0)
    theirs = getattr(nn, kind)(3, 4, 2, bidirectional=True, dtype=torch.float64)
    ours = elman.accelerate(copy.deepcopy(theirs))
    found = gradients(ours, X, CHANGES[change], copied=False)
    for a, b in zip(found, gradients(ours, X, CHANGES[change], copied=True), strict=True):
        assert torch.equal(a, b)
    for a, b in zip(found, gradients(theirs, X, CHANGES[change], copied=False), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("options", [{"layer_norm": True}, {"zoneout": 0.5, "recurrent_dropout": 0.3}, {"recompute": True}], ids=str)
def test_options_draw_nothing_anew(options):
    torch.manual_seed(0)
    layer = elman.nn.LSTM(3, 4, 2, dtype=torch.float64, **options)
    found = []
    for copied in (False, True):
        torch.manual_seed(1)
        found.append(gradients(layer, X, torch.relu_, copied))
    for a, b in zip(*found, strict=True):
        assert torch.equal(a, b)


def test_lengths_twice_and_hooks_on_saved_tensors():
    torch.manual_seed(0)
    layer = elman.nn.GRU(3, 4, dtype=torch.float64)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.detach().clone().transpose(0, -1), lambda t: t.transpose(0, -1).contiguous()):
        y, _ = layer(X, lengths=[5, 3])
    expected = torch.autograd.grad(layer(X, lengths=[5, 3])[0].clone().relu_().sum(), list(layer.parameters()))
    y.relu_()
    for _ in range(2):
        found = torch.autograd.grad(y.sum(), list(layer.parameters()), retain_graph=True)
        assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


def test_forward_runs_again_only_then(monkeypatch):
    layer, runs = elman.nn.GRU(3, 4, dtype=torch.float64), []
    run = _passes.forward
    monkeypatch.setattr(_passes, "forward", lambda *given, **named: runs.append(1) or run(*given, **named))
    layer(X)[0].sum().backward()
    assert len(runs) == 1
    layer(X)[0].relu_().sum().backward()
    assert len(runs) == 3


def test_changed_weights_and_inputs_are_refused_as_by_torch():
    layer, x = elman.nn.GRU(3, 4, dtype=torch.float64), X.clone()
    for change in (lambda: x.mul_(2), lambda: layer.weight_hh_l0.detach().mul_(2)):
        y, _ = layer(x)
        y.relu_()
        change()
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            y.sum().backward()
    y, _ = layer(x)
    y.sum().backward()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        y.sum().backward()
