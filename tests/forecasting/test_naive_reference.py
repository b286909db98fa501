"""The naive reference, and the season that it needs."""

import numpy as np
import pytest

from elman.errors import DataError
from elman.forecasting.naive_reference import WindowPlan
from elman.timeseries.seasonality import detect_season, interpolate, seasonal_strength


def test_the_reference_is_the_seasonal_naive_forecast():
    plan = WindowPlan(context=4, horizon=5, season=3)
    assert plan.reference(np.arange(7.0)).tolist() == [4, 5, 6, 4, 5]
    assert WindowPlan(context=4, horizon=3, season=1).reference(np.arange(7.0)).tolist() == [6, 6, 6]


def test_holes_are_filled_by_straight_lines():
    assert interpolate(np.array([np.nan, 1.0, np.nan, 3.0, np.nan])).tolist() == [1, 1, 2, 3, 3]
    with pytest.raises(DataError, match="no known value, only NaN"):
        interpolate(np.array([np.nan, np.nan]))


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
