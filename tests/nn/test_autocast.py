"""Autocast on the CPU: the dtypes of torch's own layers and their numbers to the precision asked for, eager and compiled."""

from __future__ import annotations

import copy
import itertools

import pytest
import torch
from torch import nn

import elman

KINDS = ["RNN", "GRU", "LSTM"]
DTYPES = [torch.float32, torch.bfloat16]
X = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(1))


def pair(kind, **options):
    torch.manual_seed(0)
    theirs = getattr(nn, kind)(3, 4, **options)
    return theirs, elman.accelerate(copy.deepcopy(theirs))


def parts(result):
    output, state = result
    return [output, *(state if isinstance(state, tuple) else (state,))]


def starts(layer, dtype):
    h = torch.ones(layer.num_layers * (2 if layer.bidirectional else 1), 2, 4, dtype=dtype)
    return (h, h / 2) if layer.mode == "LSTM" else h


def check(theirs, ours, layer, x, hx):
    with torch.autocast("cpu", torch.bfloat16):
        expected, found = theirs(x, hx), ours(x, hx)
    for a, b in zip(parts(found), parts(expected), strict=True):
        assert a.dtype is b.dtype
        torch.testing.assert_close(a.float(), b.float(), rtol=0.02, atol=0.02)
    gradients = []
    for result, module in ((found, layer), (expected, theirs)):
        gradients.append(torch.autograd.grad(parts(result)[0].float().sum(), module.parameters()))
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(a, b, rtol=0.1, atol=0.1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}], ids=["one", "stack"])
def test_dtypes_are_torchs(kind, options):
    theirs, ours = pair(kind, **options)
    for dtype, start in itertools.product(DTYPES, [None, *DTYPES]):
        check(theirs, ours, ours, X.to(dtype), None if start is None else starts(theirs, start))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_compiled_dtypes_are_torchs(kind, dtype):
    torch._dynamo.reset()
    theirs, ours = pair(kind, num_layers=2)
    compiled = torch.compile(ours, fullgraph=True, backend="aot_eager")
    for start in (None, *DTYPES):
        check(theirs, compiled, ours, X.to(dtype), None if start is None else starts(theirs, start))


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_after_a_linear_one(kind):
    torch.manual_seed(0)
    linear = nn.Linear(3, 3)
    theirs, ours = pair(kind)
    with torch.autocast("cpu", torch.bfloat16):
        expected, found = theirs(linear(X)), ours(linear(X))
    assert [part.dtype for part in parts(found)] == [part.dtype for part in parts(expected)] == [torch.bfloat16] * len(parts(found))
