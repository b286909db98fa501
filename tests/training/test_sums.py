import pytest
import torch

from elman.training.sums import EpochSums


def test_reading_often_or_rarely_gives_the_same_bits():
    numbers = torch.rand(40, generator=torch.Generator().manual_seed(3)) * 1e3
    often, rarely = EpochSums(), EpochSums()
    for number in numbers:
        for sums in (often, rarely):
            sums.add_loss(number)
            sums.add_step(number.sqrt(), 2.0)
        assert often.read() is None
    assert rarely.mean_loss is None
    assert rarely.read() is rarely.read() is None
    assert (often.loss, often.norm, often.norms, often.mean_loss) == (rarely.loss, rarely.norm, rarely.norms, rarely.mean_loss)
    assert often.mean_loss == pytest.approx(float(numbers.mean()) / 2)
    assert often.first_loss == float(numbers[0]) / 2


def test_problems_are_named_and_states_come_back():
    sums = EpochSums(processes=2)
    sums.add_loss(torch.tensor(3.0))
    sums.add_step(torch.tensor(1.0), 4.0)
    sums.read()
    twin = EpochSums(processes=2)
    twin.load(sums.state(), sums.loss)
    assert (twin.mean_loss, twin.first_loss, twin.units, twin.norm, twin.norms) == (1.5, 1.5, 4.0, 1.0, 1)
    twin.reset()
    assert (twin.mean_loss, twin.first_loss, twin.units) == (None, 1.5, 0.0)
    sums.add_step(torch.tensor(float("inf")), 4.0)
    assert sums.read() == "the gradient is not finite any more"
    sums.add_loss(torch.tensor(float("nan")))
    assert sums.read() == "the loss is not finite any more"
