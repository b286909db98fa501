import pytest
import torch
from torch import nn

from elman.training.averages import Averages


def test_the_average_follows_its_formula_and_steps_aside():
    model = nn.Linear(1, 1, bias=False)
    model.weight.data.fill_(1.0)
    averages, expected = Averages(model, 0.5), 1.0
    for t, value in enumerate([2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0], start=1):
        model.weight.data.fill_(value)
        averages.update()
        decay = min(0.5, (1 + t) / (10 + t))
        expected = decay * expected + (1 - decay) * value
    with averages.in_place():
        assert model.weight.item() == pytest.approx(expected, rel=1e-6)
    assert model.weight.item() == 1024.0


def test_own_weights_come_back_after_an_error():
    model = nn.Linear(1, 1)
    averages = Averages(model, 0.9)
    model.weight.data.fill_(3.0)
    with pytest.raises(KeyError), averages.in_place():
        raise KeyError
    assert model.weight.item() == 3.0


def test_off_costs_nothing_and_a_state_comes_back():
    assert Averages(nn.Linear(1, 1), 0.0).tensors() == {}
    model = nn.Linear(2, 2)
    averages, other = Averages(model, 0.9), Averages(model, 0.9)
    model.weight.data.add_(1.0)
    averages.update()
    other.load(averages.tensors(), averages.steps)
    assert other.steps == 1
    assert all(torch.equal(a, b) for a, b in zip(averages.averages, other.averages, strict=True))
