"""Baselines for series: known values of the M4 organisers, textbook intervals, and what they do with too little."""

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.base import clone

from elman.baselines import Drift, LinearForecaster, Naive, Naive2, SeasonalNaive, Theta
from elman.baselines.decomposed import deseasonalise, is_seasonal, smoothing_levels
from elman.errors import DataError, NotFittedError, SettingError

ALL = [Naive(), SeasonalNaive(), Drift(), Naive2(), Theta(), LinearForecaster()]


def wave(length, period=12, seed=0, noise=0.05):
    steps = np.arange(length)
    return 10 + 0.05 * steps + np.sin(2 * np.pi * steps / period) + noise * np.random.default_rng(seed).normal(size=length)


@pytest.mark.parametrize("model", ALL, ids=lambda m: type(m).__name__)
def test_every_baseline_keeps_the_protocol(model):
    data = [wave(80), wave(40, seed=1), wave(9, seed=2)]
    forecast = clone(model).fit(data).predict(5)
    assert forecast.mean.shape == (3, 5)
    assert np.isfinite(forecast.mean).all()
    for narrow, wide in ((forecast.low[95], forecast.low[80]), (forecast.low[80], forecast.mean), (forecast.mean, forecast.high[80])):
        assert (narrow <= wide + 1e-9).all()
    assert (forecast.high[80] <= forecast.high[95] + 1e-9).all()
    assert forecast.stamps[0] == [80, 81, 82, 83, 84]
    longer = clone(model).fit(data).predict(5, [wave(90)])
    assert longer.mean.shape == (1, 5)
    assert model.get_params()["season"] == "auto"


@pytest.mark.parametrize("model", ALL, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize("values", [[7.0], [7.0] * 40], ids=["one point", "constant"])
def test_without_anything_to_learn_the_last_value_stays(model, values):
    forecast = clone(model).fit(values).predict(3)
    np.testing.assert_allclose(forecast.values, 7.0, atol=1e-9)
    np.testing.assert_allclose(forecast.high[95], 7.0, atol=1e-6)


@pytest.mark.parametrize("model", ALL, ids=lambda m: type(m).__name__)
def test_a_forecast_does_not_depend_on_unit(model):
    small, large = (clone(model).fit(wave(60) * unit).predict(4).values / unit for unit in (1.0, 1e6))
    np.testing.assert_allclose(large, small, rtol=1e-4)


def test_the_season_is_found_and_carried_on():
    model = SeasonalNaive().fit(wave(120))
    assert model.season_ == 12
    np.testing.assert_allclose(model.predict(30).values, wave(120)[-12:][np.arange(30) % 12])


def test_intervals_of_a_random_walk_grow_as_its_variance():
    walks = list(np.cumsum(np.random.default_rng(0).normal(size=(60, 600)), axis=1))
    forecast = Naive().fit(walks).predict(16)
    half = (forecast.high[80] - forecast.mean).mean(0)
    assert half[0] == pytest.approx(1.2816, abs=0.03)  # the 90 % point of a standard normal
    assert half[15] / half[0] == pytest.approx(4.0)


def test_intervals_follow_the_size_of_recent_errors():
    random = np.random.default_rng(1)
    louder = np.cumsum(np.concatenate([random.normal(size=400), 5 * random.normal(size=400)]))
    forecast = Naive().fit(louder).predict(1)
    assert float(forecast.high[80][0, 0] - forecast.mean[0, 0]) == pytest.approx(5 * 1.2816, rel=0.2)


def test_drift_is_the_line_through_both_ends():
    values = np.random.default_rng(1).normal(size=50)
    slope = (values[-1] - values[0]) / 49
    np.testing.assert_allclose(Drift().fit(values).predict(3).values, values[-1] + slope * np.array([1, 2, 3]))


def test_the_decomposition_is_exact_for_a_pure_season():
    figure = np.array([0.5, 1.0, 1.5, 1.0])
    values = 8.0 * np.tile(figure, 6)
    flat, season = deseasonalise(values, 4)
    np.testing.assert_allclose(flat, 8.0)
    np.testing.assert_allclose(season.restore(np.full(5, 8.0), 24), 8.0 * figure[[0, 1, 2, 3, 0]])
    below = values - 10
    flat, season = deseasonalise(below, 4)  # not positive: additive
    np.testing.assert_allclose(flat, -2.0)
    np.testing.assert_allclose(season.restore(np.full(4, -2.0), 0), below[:4])


def test_noise_has_no_season_and_short_series_none_to_test():
    noise = np.random.default_rng(0).normal(size=(200, 60))
    assert np.mean([is_seasonal(row, 7) for row in noise]) == pytest.approx(0.10, abs=0.05)  # a test at 90 %
    assert not is_seasonal(wave(35), 12)
    assert is_seasonal(wave(60, noise=0.0) - 0.05 * np.arange(60), 12)


def test_smoothing_is_at_its_least_squares():
    values = np.random.default_rng(2).normal(size=40).cumsum()

    def loss(parameters):
        level, total = parameters[1], 0.0
        for value in values:
            total += (value - level) ** 2
            level += parameters[0] * (value - level)
        return total

    brute = min((minimize(loss, [rate, values[0]], bounds=[(1e-4, 0.9999), (None, None)]) for rate in (0.2, 0.9)), key=lambda r: r.fun)
    ours = float(np.sum((values - smoothing_levels(values)[:-1]) ** 2))
    assert ours == pytest.approx(brute.fun, rel=1e-3)


def test_theta_is_the_mean_of_the_line_and_of_what_is_smoothed_beyond_it():
    """Assimakopoulos and Nikolopoulos (2000): theta lines 0 and 2, with equal weights."""
    values = 5 + 0.3 * np.arange(50) + np.random.default_rng(3).normal(size=50)
    slope, intercept = np.polyfit(np.arange(50), values, 1)
    lines = intercept + slope * np.arange(53)
    level = smoothing_levels(2 * values - lines[:50])[-1]
    np.testing.assert_allclose(Theta(season=1).fit(values).predict(3).values, (lines[50:] + level) / 2, rtol=1e-9)


def test_the_linear_map_finds_an_autoregression():
    random = np.random.default_rng(3)
    series = []
    for _ in range(30):
        values = [0.0, 0.0]
        for _ in range(200):
            values.append(1.6 * values[-1] - 0.8 * values[-2] + 0.1 * random.normal())
        series.append(np.array(values))
    forecast = LinearForecaster(season=1).fit([s[:-1] for s in series]).predict(1)
    exact = np.array([1.6 * s[-2] - 0.8 * s[-3] for s in series])
    assert np.abs(forecast.mean[:, 0] - exact).mean() < 0.03  # its noise is 0.1
    inside = [low <= s[-1] <= high for s, low, high in zip(series, forecast.low[80][:, 0], forecast.high[80][:, 0], strict=True)]
    assert 0.6 <= np.mean(inside) <= 0.95


def test_the_linear_map_learns_from_what_it_was_fitted_on_only():
    model = LinearForecaster(season=1).fit(wave(100))
    first = model.predict(4, [wave(60)]).mean
    model.predict(4, [wave(60) * 5 - 3])
    np.testing.assert_array_equal(model.predict(4, [wave(60)]).mean, first)


def test_a_horizon_longer_than_the_history_is_the_last_value():
    np.testing.assert_allclose(LinearForecaster().fit([1.0, 2.0, 3.0]).predict(9).values, 3.0)
    np.testing.assert_allclose(SeasonalNaive(season=7).fit([1.0, 2.0, 3.0]).predict(9).values, 3.0)


def test_what_they_refuse():
    with pytest.raises(NotFittedError, match=r"This Drift is not fitted yet. Call fit\(series\) first"):
        Drift().predict(3)
    with pytest.raises(SettingError, match="horizon must be a whole number from 1; got 0"):
        Naive().fit([1.0, 2.0]).predict(0)
    with pytest.raises(SettingError, match="season must be 'auto' or a whole number from 1; got 0"):
        SeasonalNaive(season=0).fit([1.0, 2.0])
    with pytest.raises(SettingError, match="context must be 'auto' or a whole number from 1; got True"):
        LinearForecaster(context=True).fit([1.0, 2.0])
    with pytest.raises(DataError, match="series 1: A series has no known value, only NaN"):
        Naive().fit([[1.0, 2.0], [np.nan, np.nan]])
