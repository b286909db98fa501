"""Scaled windows: they do not depend on later values, the scaling is inverted exactly, the reference blends naive forecasts."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import boxcox

from elman.errors import DataError, SettingError
from elman.forecasting.box_cox import Power
from elman.forecasting.direct.windows import WindowSpec
from elman.forecasting.grouped import GroupedSeries, fill_forward
from elman.forecasting.settings import Preparation
from elman.forecasting.split import split_in_time
from elman.timeseries.read import read_panel

SPEC = WindowSpec(context=24, horizon=6, seasons=(4, 12), lags=(4,))


def group(*series):
    return GroupedSeries.from_panel(read_panel([np.asarray(values, dtype=float) for values in series]))


def one(value):
    return np.array([value])


SCALES = st.sampled_from(["mean", "robust", "last", "none"])
SEASONALITIES = st.sampled_from(["none", "additive", "multiplicative"])


@settings(deadline=None, max_examples=60)
@given(SCALES, SEASONALITIES, st.sampled_from([1.0, 0.0, 0.5]), st.sampled_from(["auto", "last", "season", "none"]), st.integers(1, 70))
def test_scaling_is_inverted_and_does_not_depend_on_later_values(scale, seasonality, power, reference, end):
    values = np.exp(np.random.default_rng(end).normal(size=80)) + 1
    spec = replace(SPEC, scale=scale, seasonality=seasonality, power=power, reference=reference)
    windows = spec.scale_windows(group(values), one(0), one(end))
    future = values[end : end + 6][None]
    targets = windows.transform(future)
    if np.abs(targets).max() < 20:
        assert windows.invert(targets) == pytest.approx(future, rel=1e-6)
        assert windows.invert(np.stack([targets, targets], -1))[..., 1] == pytest.approx(future, rel=1e-6)
    poisoned = values.copy()
    poisoned[end:] = 1e6
    again = spec.scale_windows(group(poisoned), one(0), one(end))
    for name in ("values", "level", "deviation", "reference", "spread", "weights", "profile"):
        assert np.array_equal(getattr(windows, name), getattr(again, name)), name


def test_the_reference_is_the_naive_forecast_that_did_well_in_the_window():
    t = np.arange(80)
    seasonal = np.tile(np.random.default_rng(0).normal(size=12), 7)[:80] * 10
    walk = np.cumsum(np.random.default_rng(1).normal(size=80))
    windows = replace(SPEC, context=36).scale_windows(group(seasonal, walk), np.array([0, 1]), np.array([70, 70]))
    assert windows.weights[0].argmax() == 2
    assert windows.reference[0] == pytest.approx(seasonal[70:76], abs=1e-3)
    assert windows.weights[1].argmax() == 0
    last = replace(SPEC, reference="last").scale_windows(group(t), one(0), one(50))
    assert last.reference[0].tolist() == [49.0] * 6
    season = replace(SPEC, reference="season", seasons=(4,)).scale_windows(group(t), one(0), one(50))
    assert season.reference[0].tolist() == [46, 47, 48, 49, 46, 47]


def test_two_seasons_are_taken_out_one_after_the_other():
    t = np.arange(100)
    short, long = np.array([0.0, 1, 0, -1])[t % 4], 5 * np.sin(2 * np.pi * t / 12)
    windows = replace(SPEC, seasonality="additive", reference="last").scale_windows(group(20 + short + long), one(0), one(60))
    assert windows.invert(np.zeros((1, 6))) == pytest.approx((20 + short + long)[60:66][None], abs=1e-6)


@pytest.mark.parametrize("exponent", [0.0, 0.3, 1.0])
def test_a_power_goes_there_and_back_as_scipys(exponent):
    x = np.array([0.5, 1.0, 7.0])
    power = Power(exponent=exponent)
    assert power.invert(power.apply(x)) == pytest.approx(x)
    if exponent != 1.0:
        assert power.apply(x) == pytest.approx(boxcox(x, exponent))


def test_the_exponent_is_found():
    random = np.random.default_rng(0)
    normal = random.normal(size=4000)
    assert Power.estimate([np.exp(normal)], "box-cox").exponent == pytest.approx(0.0, abs=0.1)
    assert Power.estimate([(3 + 0.5 * normal) ** 2], "box-cox").exponent == pytest.approx(0.5, abs=0.11)
    assert (Power.estimate([], "log").exponent, Power.estimate([], "none").exponent) == (0.0, 1.0)
    with pytest.raises(DataError, match="series 'a' has the value -1 at 1; this model takes powers of numbers above 0"):
        Power(exponent=0.0).check(np.array([1.0, -1.0]), "a")


def test_gaps_are_filled_forward():
    assert fill_forward(np.array([np.nan, 1.0, np.nan, 3.0, np.nan])).tolist() == [1, 1, 1, 3, 3]
    with pytest.raises(DataError, match="no known value, only NaN"):
        fill_forward(np.full(3, np.nan))


def test_held_out_futures_overlap_none_that_is_learned_from():
    lengths = np.array([100, 40, 8, 3])
    train, held_out = split_in_time(lengths, 5, share=0.2, most=10_000, most_held_out=1000, first=10, random_state=0)
    for row, length in enumerate(lengths):
        early, late = train[train[:, 0] == row, 1], held_out[held_out[:, 0] == row, 1]
        assert all(end + 5 <= length for end in [*early, *late])
        assert not len(late) or not len(early) or early.max() + 5 <= late.min()
    assert held_out[held_out[:, 0] == 0, 1].min() == 80
    assert (train[:, 0] == 2).any()
    assert not (train[:, 0] == 3).any()
    some, _ = split_in_time(np.array([5000]), 5, share=0.0, most=100, most_held_out=0, first=10, random_state=0)
    assert len(np.unique(some[:, 1] % 24)) > 20


def test_preparations_that_cannot_be_are_refused():
    with pytest.raises(SettingError, match="scale must be one of"):
        Preparation(scale="median").check()
    with pytest.raises(SettingError, match="lags must be whole numbers from 1, or 'auto'; got"):
        Preparation(lags=(0,)).check()
    with pytest.raises(SettingError, match="segment must be a whole number from 1, or 'auto'; got 0"):
        Preparation(segment=0).check()
