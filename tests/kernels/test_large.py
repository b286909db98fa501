"""More elements than an int32 counts: rows far into a tensor are found, in layers and in products around them."""

from __future__ import annotations

import pytest
import torch

from elman import nn
from elman.kernels import dense

pytest.importorskip("elman._native", reason="the native module is not built")
STEPS, WIDTH = 2**17 + 8, 2**14 + 8  # more than 2^31 together; zeros that nobody writes to take no memory


@pytest.mark.slow
@torch.inference_mode()
def test_inputs_beyond_two_to_the_31():
    try:
        x = torch.zeros(STEPS, 1, WIDTH)
    except RuntimeError:
        pytest.skip("the system does not promise nine gigabytes")
    torch.manual_seed(0)
    x[-1] = torch.randn(WIDTH)
    layer = nn.RNN(WIDTH, 2)
    output = layer(x)[0]
    last = layer(x[-1:], output[-2:-1])[0]
    assert torch.equal(output[-1], last[0])
    assert not torch.equal(output[-1], output[-2])
    product = dense.linear(x[:, 0], layer.weight_ih_l0, layer.bias_ih_l0)
    assert torch.equal(product[-1:], dense.linear(x[-1, 0].clone()[None], layer.weight_ih_l0, layer.bias_ih_l0))
    assert torch.equal(product[-2], layer.bias_ih_l0)
