"""Windows never look ahead, and the reference is the (seasonal) naive forecast."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.errors import DataError
from elman.forecasting.naive_reference import WindowPlan
from elman.timeseries.seasonality import detect_season, filled, seasonal_strength


def test_the_reference_is_the_seasonal_naive_forecast():
    plan = WindowPlan(context=4, horizon=5, season=3)
    assert plan.reference(np.arange(7.0)).tolist() == [4, 5, 6, 4, 5]
    assert WindowPlan(context=4, horizon=3, season=1).reference(np.arange(7.0)).tolist() == [6, 6, 6]


@settings(deadline=None, max_examples=40)
@given(st.integers(8, 60), st.integers(1, 6), st.integers(1, 5), st.integers(0, 2**31))
def test_inputs_do_not_depend_on_what_comes_after(length, horizon, season, seed):
    values = np.random.default_rng(seed).normal(size=length + horizon)
    plan = WindowPlan(context=6, horizon=horizon, season=season)
    changed = values.copy()
    changed[length:] = 1e6
    assert np.array_equal(plan.row(values, length)[0], plan.row(changed, length)[0])
    assert plan.row(values, length)[0].shape == (6, 2)


def test_the_target_gives_the_truth_back():
    values = np.random.default_rng(0).normal(size=50)
    plan = WindowPlan(context=10, horizon=4, season=5)
    inputs, target = plan.row(values, 40)
    again, scale = plan.inputs(values[:40])
    assert np.array_equal(inputs, again)
    assert plan.reference(values[:40]) + target * scale == pytest.approx(values[40:44], rel=1e-5)


def test_ends_leave_room_for_the_horizon_and_end_at_the_last_window():
    plan = WindowPlan(context=10, horizon=4, season=5)
    ends = plan.ends(50, 1000)
    assert ends.min() >= 2
    assert ends.max() == 46
    assert len(plan.ends(50, 7)) <= 7
    assert len(plan.ends(5, 10)) == 0


def test_holes_are_filled_by_straight_lines():
    assert filled(np.array([np.nan, 1.0, np.nan, 3.0, np.nan])).tolist() == [1, 1, 2, 3, 3]
    with pytest.raises(DataError, match="no known value, only NaN"):
        filled(np.array([np.nan, np.nan]))


@pytest.mark.parametrize("period", [4, 7, 12, 24])
def test_a_period_is_found_and_noise_has_none(period):
    rng = np.random.default_rng(period)
    wave = np.tile(rng.normal(size=period), 20) + 0.1 * rng.normal(size=20 * period) + np.linspace(0, 3, 20 * period)
    assert detect_season(wave) == period
    assert seasonal_strength(wave, period) > 0.5
    assert detect_season(np.cumsum(rng.normal(size=300))) == 1 or seasonal_strength(np.cumsum(rng.normal(size=300)), period) < 0.3


def test_constant_and_short_series_have_no_period():
    assert detect_season(np.ones(100)) == 1
    assert detect_season(np.arange(5.0)) == 1
