"""Steady layers: torch's values in inference, torch's own operations in training, the same names."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from elman.kernels import dense
from elman.network import batch_invariant as steady

MADE = {
    "linear": (lambda kind: kind.Linear(7, 5), (11, 7)),
    "tanh": (lambda kind: kind.Tanh(), (11, 7)),
    "conv2d": (lambda kind: kind.Conv2d(3, 4, 3, padding=1), (5, 3, 9, 7)),
    "conv2d in a row": (lambda kind: kind.Conv2d(2, 4, (1, 3), padding=(0, 1)), (5, 2, 1, 6)),
    "conv2d strided": (lambda kind: kind.Conv2d(2, 4, (3, 2), stride=(2, 1), padding=(1, 0)), (5, 2, 8, 6)),
    "conv1d": (lambda kind: kind.Conv1d(3, 4, 5, padding=2), (5, 3, 11)),
    "conv1d strided": (lambda kind: kind.Conv1d(3, 4, 5, stride=3, padding=2), (5, 3, 11)),
}


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_values_names_and_gradients_are_torchs(name, dtype, monkeypatch):
    make, shape = MADE[name]
    torch.manual_seed(0)
    ours, theirs = make(steady).to(dtype), make(nn).to(dtype)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(shape, dtype=dtype)
    with torch.no_grad():
        found, expected = ours(x), theirs(x)
        torch.testing.assert_close(found, expected)
        monkeypatch.setattr(steady, "_PIECE", 1)  # a row at a time
        assert torch.equal(ours(x), found)
        assert ours(x[:0]).shape == theirs(x[:0]).shape
    assert torch.equal(ours(x), theirs(x))
    assert dense.runs(x) is False


def test_unbatched_pictures_go_to_torch():
    picture, sound = torch.randn(3, 9, 7), torch.randn(3, 11)
    with torch.no_grad():
        for name, x in (("conv2d", picture), ("conv1d", sound)):
            layer = MADE[name][0](steady)
            torch.testing.assert_close(layer(x), layer(x[None])[0])
