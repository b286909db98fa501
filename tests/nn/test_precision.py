"""Half precision and autocast go to torch's operators and stay near the float64 result."""

from __future__ import annotations

import pytest
import torch

from elman import nn

X = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("kind", ["elman", "gru", "lstm"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("options", [{}, {"layer_norm": True}])
def test_half_precision(kind, dtype, options):
    torch.manual_seed(0)
    layer = nn.layer(kind)(3, 4, 2, bidirectional=True, dtype=torch.float64, **options)
    expected = layer(X.double())[0]
    output, state = layer.to(dtype)(X.to(dtype), lengths=[5, 5])
    assert output.dtype == dtype
    assert (state[0] if isinstance(state, tuple) else state).dtype == dtype
    torch.testing.assert_close(output.double(), expected, rtol=0.1, atol=0.05)


@pytest.mark.parametrize("kind", ["elman", "gru", "lstm"])
@pytest.mark.parametrize("options", [{}, {"layer_norm": True}, {"zoneout": 0.1}])
def test_autocast_trains(kind, options):
    torch.manual_seed(0)
    layer = nn.layer(kind)(3, 4, **options)
    expected = layer.eval()(X)[0]
    with torch.autocast("cpu", torch.bfloat16):
        # Normalising four units of a small variance enlarges the rounding of bfloat16.
        torch.testing.assert_close(layer(X)[0].float(), expected, rtol=0.1, atol=0.3 if "layer_norm" in options else 0.05)
        layer.train()(X, lengths=[3, 0])[0].float().sum().backward()
    assert all(p.grad is not None and p.grad.dtype == torch.float32 for p in layer.parameters())
