"""Weights that are exchanged behind a layer's back: torch's rules for its flat list, and errors of both built-in kinds."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

import elman
from elman.errors import ShapeError

X = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(1))


def pair(kind, **options):
    torch.manual_seed(0)
    theirs = getattr(nn, kind)(3, 4, 2, bidirectional=True, **options)
    return theirs, elman.accelerate(copy.deepcopy(theirs))


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize(("kind", "options"), [("RNN", {}), ("GRU", {"bias": False}), ("LSTM", {}), ("LSTM", {"proj_size": 2})])
def test_a_list_set_by_hand_is_used(kind, options):
    found = []
    for layer in pair(kind, **options):
        scale = torch.tensor(0.5, requires_grad=True)
        layer._flat_weights = [scale * weight.detach() for weight in layer._flat_weights]
        output = layer(X)[0]
        found.append((output, *torch.autograd.grad(output.square().sum(), scale)))
        layer._flat_weights[3] = torch.zeros_like(layer._flat_weights[3])
        found[-1] += (layer(X)[0],)
        layer.weight_hh_l0 = nn.Parameter(torch.ones_like(layer.weight_hh_l0))
        found[-1] += (layer(X)[0],)
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(b, a)


@pytest.mark.parametrize("wrong", [torch.zeros(12, 3), torch.zeros(12, 4, dtype=torch.float64), torch.zeros(12, 4).to_sparse(), None])
def test_a_list_of_other_shapes_is_refused(wrong):
    _, layer = pair("GRU")
    layer._flat_weights = [*layer._flat_weights]
    layer._flat_weights[1] = wrong
    with pytest.raises(ShapeError, match=r"_flat_weights must have a tensor like weight_hh_l0 in its place; got .*\. Set the parameter"):
        layer(X)
    layer._flat_weights = layer._flat_weights[:1]
    with pytest.raises(ShapeError, match=r"a tensor like weight_hh_l0 in its place; got NoneType"):
        layer(X)


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_dropped_weights_and_calls_with_other_parameters(kind):
    found = []
    for layer in pair(kind):
        doubled = {name: 2 * p.detach() for name, p in layer.named_parameters()}
        answers = [torch.func.functional_call(layer, doubled, (X,))[0], layer(X)[0]]
        raw = layer.weight_hh_l0
        del layer._parameters["weight_hh_l0"]
        layer.weight_hh_l0 = raw * 0.5
        answers.append(layer(X)[0])
        found.append(answers)
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(b, a)


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
def test_errors_that_torch_raises_as_runtime_errors_are_that_too(kind):
    wrong = torch.zeros(1, 2, 4)
    wrong = (wrong, wrong) if kind == "LSTM" else wrong
    for layer in pair(kind):
        for given in ((X[..., :2],), (X, wrong), (X[0, 0],)):
            with pytest.raises((RuntimeError, ValueError)) as caught:
                layer(*given)
            assert isinstance(caught.value, RuntimeError) or len(given[0].shape) == 1
    assert issubclass(ShapeError, ValueError)
