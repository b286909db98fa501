"""Errors of forecasts against their definitions, and against the M4 organisers' figures where the data are at hand."""

import os

import numpy as np
import pytest

from elman.baselines import Naive2, SeasonalNaive, Theta
from elman.datasets import load
from elman.metrics.forecasts import (
    bootstrap,
    coverage,
    crps,
    mae,
    mase,
    mse,
    naive_scale,
    owa,
    pinball,
    rmsse,
    smape,
    weighted_quantile_loss,
)


def test_errors_by_hand():
    truth, forecast = np.array([[1.0, 2.0], [0.0, -4.0]]), np.array([[2.0, 2.0], [0.0, 4.0]])
    assert mae(truth, forecast).tolist() == [0.5, 4.0]
    assert mse(truth, forecast).tolist() == [0.5, 32.0]
    assert smape(truth, forecast).tolist() == pytest.approx([100 / 3, 100.0])  # 0 forecast as 0 is no error


def test_unknown_truth_does_not_count():
    assert float(mae([1.0, np.nan], [2.0, 9.0])) == 1.0
    assert np.isnan(mae([np.nan], [1.0]))
    assert float(coverage([1.0, np.nan], [0.0, 0.0], [2.0, 2.0])) == 1.0


@pytest.mark.parametrize("season", [1, 4])
def test_seasonal_naive_scaled_by_itself_is_one(season):
    history = np.random.default_rng(0).normal(size=50)
    assert mase(history[season:], history[:-season], history, season) == pytest.approx(1.0)
    assert rmsse(history[season:], history[:-season], history, season) == pytest.approx(1.0)


def test_a_history_without_scale_has_none():
    assert np.isnan(naive_scale([3.0, 3.0, 3.0]))
    assert np.isnan(naive_scale([3.0]))
    assert naive_scale([1.0, 2.0], season=12) == 1.0  # too short for the season: the last value
    assert naive_scale([1.0, 2.0] * 4, season=2) == 1.0  # a season without errors is no unit


def test_owa_of_naive2_is_one():
    assert owa(18.383, 2.395, 18.383, 2.395) == 1.0
    assert np.isnan(owa(0.0, 0.0, 0.0, 0.0))


def test_the_best_quantile_has_the_least_pinball_loss():
    truth = np.random.default_rng(0).normal(size=4000)
    guesses = np.linspace(-3, 3, 121)
    losses = [float(pinball(truth, np.full_like(truth, g), 0.9)) for g in guesses]
    assert guesses[int(np.argmin(losses))] == pytest.approx(1.2816, abs=0.06)


def test_crps_of_many_quantiles_is_the_closed_form():
    from scipy.stats import norm

    shares = np.linspace(0.0025, 0.9975, 200)
    quantiles = {float(s): np.array([norm.ppf(s)]) for s in shares}
    exact = 0.7 * (2 * norm.cdf(0.7) - 1) + 2 * norm.pdf(0.7) - 1 / np.sqrt(np.pi)  # Gneiting and Raftery 2007, eq. 21
    assert float(crps([0.7], quantiles)) == pytest.approx(exact, rel=0.01)


def test_weighted_quantile_loss_by_hand():
    assert weighted_quantile_loss([[4.0, -4.0]], {0.5: [[2.0, -4.0]]}) == pytest.approx(2 * 0.5 * 2 / 8)
    assert np.isnan(weighted_quantile_loss([[0.0]], {0.5: [[1.0]]}))


def test_bootstrap_intervals_hold_what_they_say():
    random = np.random.default_rng(0)
    held = [low <= 0 <= high for _, low, high in (bootstrap(random.normal(size=60), draws=400, random_state=random) for _ in range(300))]
    assert np.mean(held) == pytest.approx(0.95, abs=0.035)


def test_whole_groups_are_drawn():
    noise = np.random.default_rng(0).normal(size=20)
    alone, repeated = bootstrap(noise), bootstrap(np.repeat(noise, 9), groups=np.repeat(np.arange(20), 9))
    assert repeated.mean == pytest.approx(alone.mean)
    assert repeated[1:] == pytest.approx(alone[1:])  # ninefold the same is no more evidence
    assert np.isnan(bootstrap([1.0, 2.0], groups=[0, 0]).low)
    assert np.isnan(bootstrap([np.nan]).mean)


@pytest.mark.skipif(not os.environ.get("ELMAN_DATA"), reason="set ELMAN_DATA to a folder of the real data")
@pytest.mark.parametrize(
    ("part", "season", "model", "published"),
    [
        ("Hourly", 24, Naive2, (18.383, 2.395)),
        ("Hourly", 24, SeasonalNaive, (13.912, 1.193)),
        ("Hourly", 24, Theta, (18.138, 2.455)),
        ("Weekly", 1, Naive2, (9.161, 2.777)),
        ("Weekly", 1, Theta, (9.093, 2.637)),
    ],
)
def test_the_organisers_figures(part, season, model, published):
    data = load("m4", frequency=part)
    histories, truth = data.train.x, np.stack(data.test.x)
    forecast = model(season=season).fit(histories).predict(truth.shape[1], level=()).mean
    errors = [mase(y, f, x, season) for y, f, x in zip(truth, forecast, histories, strict=True)]
    assert float(smape(truth, forecast).mean()) == pytest.approx(published[0], abs=1e-3)
    assert float(np.mean(errors)) == pytest.approx(published[1], abs=1e-3)
