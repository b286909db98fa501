import math

from torch import nn

from elman.training.best import Best


def offered(best, *pairs):
    model = nn.Linear(1, 1)
    return [best.offer(model, epoch, loss, metric) for epoch, (loss, metric) in enumerate(pairs, start=1)]


def test_the_metric_decides_and_the_loss_tells_equals_apart():
    best = Best(higher_is_better=True)
    assert offered(best, (1.0, 0.5), (0.9, 0.5), (0.8, 0.4), (2.0, 0.6)) == [True, True, False, True]
    assert best.epoch == 4


def test_between_equal_epochs_the_earlier_stays():
    best = Best(higher_is_better=True)
    assert offered(best, (1.0, 0.5), (1.0, 0.5), (1.0, 0.5)) == [True, False, False]
    assert (best.epoch, best.waited) == (1, 2)


def test_a_metric_that_should_fall():
    assert offered(Best(higher_is_better=False), (1.0, 0.5), (1.0, 0.6), (1.0, 0.1)) == [True, False, True]


def test_patience_counts_epochs_in_which_neither_gets_better():
    best = Best(higher_is_better=True)
    offered(best, (1.0, 0.9), (1.1, 0.8), (1.2, 0.8))
    assert best.waited == 2
    offered(best, (0.5, 0.1))
    assert best.waited == 0


def test_what_is_not_finite_never_wins():
    best = Best(higher_is_better=True)
    assert offered(best, (math.inf, math.nan), (5.0, 0.1), (math.nan, math.inf), (math.nan, 0.0)) == [True, True, False, False]
    assert best.lowest_loss == 5.0


def test_without_validation_the_latest_stays_and_weights_are_copies():
    best, model = Best(higher_is_better=True), nn.Linear(1, 1)
    for epoch in (1, 2):
        model.weight.data.fill_(float(epoch))
        assert best.offer(model, epoch, None, None)
    model.weight.data.fill_(9.0)
    best.put_into(model)
    assert model.weight.item() == 2.0
    other = Best(higher_is_better=True)
    other.load(best.state(), best.weights)
    assert other.state() == best.state()
