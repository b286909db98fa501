"""Intervals of direct forecasts are widened, or narrowed, until as many held-out values lie inside as their level is."""

import numpy as np
import pytest
import torch

from elman.forecasting.direct.inputs import SegmentInputs, WindowDataset
from elman.forecasting.direct.training import _evaluate, quantile_levels
from elman.forecasting.direct.windows import WindowSpec
from elman.forecasting.grouped import GroupedSeries
from elman.timeseries.read import read_panel

LEVELS = (50, 80, 95)


class Guess:
    """A network that gives the same quantiles for every window and step."""

    def __init__(self, half):
        self.half = half

    def quantiles(self, source, levels):
        assert levels == pytest.approx((0.5, 0.25, 0.75, 0.1, 0.9, 0.025, 0.975))
        ends = torch.tensor([0.3, *(sign * self.half for _ in LEVELS for sign in (-1, 1))])
        return ends.expand(len(source["window"]), 4, len(levels))


def test_levels_are_the_middle_and_both_ends_of_each_interval():
    assert quantile_levels((80,)) == pytest.approx((0.5, 0.1, 0.9))


@pytest.mark.parametrize("half", [0.01, 1.0, 50.0])
def test_a_margin_gives_an_interval_its_level_on_held_out_steps(half):
    series = np.cumsum(np.random.default_rng(0).normal(size=700))
    cutoffs = np.arange(20, 690)
    inputs = SegmentInputs(spec=WindowSpec(context=12, horizon=4), segment=4)
    index = np.column_stack([np.zeros_like(cutoffs), cutoffs])
    dataset = WindowDataset(inputs, GroupedSeries.from_panel(read_panel(series)), index)
    held_out = np.arange(100, 670)
    margins, error = _evaluate(Guess(half), dataset, held_out, LEVELS)
    truth = dataset.targets[held_out][..., 0]
    assert error == pytest.approx(np.abs(truth - 0.3).mean(), rel=1e-6)
    for level in LEVELS:
        inside = np.abs(truth) <= half + margins[level] + 1e-6
        assert inside.mean() == pytest.approx(level / 100, abs=2e-3)
    assert _evaluate(None, dataset, held_out[:0], LEVELS)[0] == dict.fromkeys(LEVELS, 0.0)
