"""Gates worked out again in backward: the same gradients bit for bit, less kept between the passes."""

from __future__ import annotations

import random

import pytest
import torch
from native_cases import CELLS, draw, values_and_gradients

from elman import nn

pytest.importorskip("elman._native", reason="the native module is not built")
from elman.kernels import native  # needs the compiled module

OPTIONS = ((), ("mask",), ("zoneout",), ("zoneout_mean",), ("mask", "zoneout"), ("norm",))


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_have_the_same_bits(cell, dtype):
    rng = random.Random(3)
    for i in range(36):
        case = draw(rng, cell, OPTIONS[i % len(OPTIONS)])
        torch.set_num_threads(1)
        kept = values_and_gradients(native, case, dtype)
        torch.set_num_threads(1 + i % 3)
        again = values_and_gradients(native, case | {"recompute": True}, dtype)
        for name, value in kept.items():
            assert torch.equal(value, again[name]), (name, case)


def kept_bytes(layer, x):
    """What a forward pass keeps for backward, inputs and weights left out."""
    total, known = 0, {p.data_ptr() for p in [x, *layer.parameters()]}

    def pack(tensor):
        nonlocal total
        total += 0 if tensor.data_ptr() in known else tensor.numel() * tensor.element_size()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        layer(x)
    return total


@pytest.mark.parametrize(("kind", "most"), [("lstm", 0.4), ("gru", 0.3), ("elman", 1.0)])
def test_less_is_kept(kind, most):
    torch.manual_seed(0)
    plain = nn.layer(kind)(16, 32, 2)
    thrifty = nn.layer(kind)(16, 32, 2, recompute=True)
    thrifty.load_state_dict(plain.state_dict())
    x = torch.randn(50, 8, 16)
    assert kept_bytes(thrifty, x) <= most * kept_bytes(plain, x)
    found = []
    for layer in (plain, thrifty):
        output = layer(x)[0]
        output.square().sum().backward(retain_graph=True)
        first = [p.grad.clone() for p in layer.parameters()]
        layer.zero_grad()
        output.square().sum().backward()
        assert all(torch.equal(a, p.grad) for a, p in zip(first, layer.parameters(), strict=True))
        found.append(first)
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))
    assert "recompute=True" in repr(thrifty)


def test_other_backends_give_what_they_give():
    from elman import kernels

    layer = nn.GRU(3, 4, recompute=True).double()
    x = torch.randn(5, 2, 3, dtype=torch.float64)
    expected = layer(x)[0]
    for backend in ("aten", "reference"):
        with kernels.use(backend):
            torch.testing.assert_close(layer(x)[0], expected)
    assert torch.autograd.gradgradcheck(lambda given: layer(given)[0].sum(), (x.requires_grad_(),))
