"""Shapes without values: the meta device and fake tensors."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.utils.rnn import pack_padded_sequence

import elman

KINDS = ["RNN", "GRU", "LSTM"]


def shapes(result):
    if isinstance(result, torch.Tensor):
        return [(tuple(result.shape), result.dtype, result.device.type)]
    return [shape for part in result if part is not None for shape in shapes(part)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True, "dropout": 0.5}, {"dtype": torch.float16}], ids=str)
@pytest.mark.parametrize("gradients", [False, True])
def test_layers_on_meta(kind, options, gradients):
    layer = getattr(nn, kind)(3, 4, device="meta", **options)
    x = torch.empty(5, 2, 3, device="meta", dtype=options.get("dtype"))
    inputs = (x, x[:, 0], pack_padded_sequence(x, torch.tensor([5, 2])))
    with torch.set_grad_enabled(gradients):
        expected = [shapes(layer(value)) for value in inputs]
        elman.accelerate(layer)
        assert [shapes(layer(value)) for value in inputs] == expected
        output, _ = layer(x, lengths=[5, 2])
        assert shapes(output) == expected[0][:1]
    if gradients:
        output.sum().backward()
        assert layer.weight_hh_l0.grad.is_meta


@pytest.mark.parametrize("kind", KINDS)
def test_options_and_steps_on_meta(kind):
    x = torch.empty(5, 2, 3, device="meta")
    output, _ = getattr(elman.nn, kind)(3, 4, layer_norm=True, recurrent_dropout=0.2, zoneout=0.1, device="meta")(x)
    assert shapes(output) == [((5, 2, 4), torch.float32, "meta")]
    theirs, ours = (getattr(layers, kind + "Cell")(3, 4, device="meta") for layers in (nn, elman.nn))
    assert shapes(ours(x[0])) == shapes(theirs(x[0]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_fake_tensors(kind, device):
    with FakeTensorMode():
        x = torch.empty(5, 2, 3, device=device)
        theirs, ours = (getattr(layers, kind)(3, 4, 2, bidirectional=True, device=device) for layers in (nn, elman.nn))
        assert shapes(ours(x)) == shapes(theirs(x))
        steps = [getattr(layers, kind + "Cell")(3, 4, device=device) for layers in (nn, elman.nn)]
        assert shapes(steps[1](x[0])) == shapes(steps[0](x[0]))
        if device == "cpu":
            assert shapes(getattr(elman.nn, kind)(3, 4, layer_norm=True)(x)[0]) == [((5, 2, 4), torch.float32, "cpu")]
