"""The stem that reads a sequence as a picture."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from elman.network.stems.plane import PlaneStem
from elman.sequences import Ragged


@pytest.mark.parametrize(("stride", "features"), [(1, 3), (2, 9), (4, 12)])
def test_each_row_is_what_plain_convolutions_make_of_it_alone(stride: int, features: int) -> None:
    torch.manual_seed(0)
    stem = PlaneStem(features, 5, stride).double().eval()
    rows = [torch.randn(count, features, dtype=torch.float64) for count in (7, 0, 12, 1)]
    found = stem(Ragged.from_list(rows)).to_list()
    assert [len(row) for row in found] == [-(-len(row) // stride) for row in rows]
    for row, vectors in zip(rows, found, strict=True):
        if not len(row):
            continue
        x = row[None, None]
        for block, (steps, width) in zip(stem.blocks, stem.pools, strict=True):
            x = functional.max_pool2d(
                functional.relu(functional.conv2d(x, block.weight, block.bias, padding=1)), (steps, width), ceil_mode=True
            )
        wanted = functional.relu(stem.linear(x[0].permute(1, 0, 2).flatten(1)))
        torch.testing.assert_close(vectors, wanted)


def test_nothing_at_all_gives_nothing() -> None:
    stem = PlaneStem(4, 5, 2)
    assert stem(Ragged.from_list([torch.zeros(0, 4)])).data.shape == (0, 5)


def test_a_row_has_the_same_gradient_alone_and_in_a_batch() -> None:
    torch.manual_seed(0)
    stem, row = PlaneStem(6, 3, 2).double(), torch.randn(5, 6, dtype=torch.float64)
    gradients = []
    for rows in ([row], [torch.randn(9, 6, dtype=torch.float64), row]):
        stem.zero_grad()
        stem(Ragged.from_list(rows)).to_list()[-1].square().sum().backward()
        gradients.append([weight.grad.clone() for weight in stem.parameters()])
    for alone, together in zip(*gradients, strict=True):
        np.testing.assert_allclose(alone, together, atol=1e-12)
