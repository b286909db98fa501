"""Windows in units of their own: nothing comes from later, what is taken away is put back, the reference is a blend of simple forecasts."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import boxcox

from elman.errors import DataError, SettingError
from elman.forecasting.box_cox import Power
from elman.forecasting.direct.windows import WindowSpec
from elman.forecasting.grouped import GroupedSeries, carried
from elman.forecasting.settings import Preparation
from elman.forecasting.split import split_in_time
from elman.timeseries.read import read_panel

FRAMING = WindowSpec(context=24, horizon=6, seasons=(4, 12), lags=(4,))


def tape_of(*series):
    return GroupedSeries.of(read_panel([np.asarray(values, dtype=float) for values in series]))


def one(value):
    return np.array([value])


SCALES = st.sampled_from(["mean", "robust", "last", "none"])
SEASONALITIES = st.sampled_from(["none", "additive", "multiplicative"])


@settings(deadline=None, max_examples=60)
@given(SCALES, SEASONALITIES, st.sampled_from([1.0, 0.0, 0.5]), st.sampled_from(["auto", "last", "season", "none"]), st.integers(1, 70))
def test_what_is_taken_away_is_put_back_and_nothing_comes_from_later(scale, seasonality, power, reference, end):
    values = np.exp(np.random.default_rng(end).normal(size=80)) + 1
    framing = replace(FRAMING, scale=scale, seasonality=seasonality, power=power, reference=reference)
    frames = framing.cut(tape_of(values), one(0), one(end))
    future = values[end : end + 6][None]
    said = frames.measure(future)
    if np.abs(said).max() < 20:
        assert frames.restore(said) == pytest.approx(future, rel=1e-6)
        assert frames.restore(np.stack([said, said], -1))[..., 1] == pytest.approx(future, rel=1e-6)
    poisoned = values.copy()
    poisoned[end:] = 1e6
    again = framing.cut(tape_of(poisoned), one(0), one(end))
    for name in ("values", "level", "deviation", "reference", "spread", "weights", "profile"):
        assert np.array_equal(getattr(frames, name), getattr(again, name)), name


def test_the_reference_is_the_simple_forecast_that_did_well_in_the_window():
    t = np.arange(80)
    seasonal = np.tile(np.random.default_rng(0).normal(size=12), 7)[:80] * 10
    walk = np.cumsum(np.random.default_rng(1).normal(size=80))
    frames = replace(FRAMING, context=36).cut(tape_of(seasonal, walk), np.array([0, 1]), np.array([70, 70]))
    assert frames.weights[0].argmax() == 2
    assert frames.reference[0] == pytest.approx(seasonal[70:76], abs=1e-3)
    assert frames.weights[1].argmax() == 0
    last = replace(FRAMING, reference="last").cut(tape_of(t), one(0), one(50))
    assert last.reference[0].tolist() == [49.0] * 6
    season = replace(FRAMING, reference="season", seasons=(4,)).cut(tape_of(t), one(0), one(50))
    assert season.reference[0].tolist() == [46, 47, 48, 49, 46, 47]


def test_two_seasons_are_taken_out_one_after_the_other():
    t = np.arange(100)
    short, long = np.array([0.0, 1, 0, -1])[t % 4], 5 * np.sin(2 * np.pi * t / 12)
    frames = replace(FRAMING, seasonality="additive", reference="last").cut(tape_of(20 + short + long), one(0), one(60))
    assert frames.restore(np.zeros((1, 6))) == pytest.approx((20 + short + long)[60:66][None], abs=1e-6)


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


def test_gaps_are_filled_by_what_was_known():
    assert carried(np.array([np.nan, 1.0, np.nan, 3.0, np.nan])).tolist() == [1, 1, 1, 3, 3]
    with pytest.raises(DataError, match="no known value, only NaN"):
        carried(np.full(3, np.nan))


def test_held_out_futures_overlap_none_that_is_learned_from():
    lengths = np.array([100, 40, 8, 3])
    learned, held = split_in_time(lengths, 5, share=0.2, most=10_000, most_held=1000, first=10, random_state=0)
    for row, length in enumerate(lengths):
        mine, late = learned[learned[:, 0] == row, 1], held[held[:, 0] == row, 1]
        assert all(end + 5 <= length for end in [*mine, *late])
        assert not len(late) or not len(mine) or mine.max() + 5 <= late.min()
    assert held[held[:, 0] == 0, 1].min() == 80
    assert (learned[:, 0] == 2).any()
    assert not (learned[:, 0] == 3).any()
    some, _ = split_in_time(np.array([5000]), 5, share=0.0, most=100, most_held=0, first=10, random_state=0)
    assert len(np.unique(some[:, 1] % 24)) > 20


def test_preparations_that_cannot_be_are_refused():
    with pytest.raises(SettingError, match="scale must be one of"):
        Preparation(scale="median").check()
    with pytest.raises(SettingError, match="lags must be whole numbers from 1, or 'auto'; got"):
        Preparation(lags=(0,)).check()
    with pytest.raises(SettingError, match="segment must be a whole number from 1, or 'auto'; got 0"):
        Preparation(segment=0).check()
