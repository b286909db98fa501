"""The verdict and the test for persistence, on simulated errors."""

import numpy as np
import pytest

from elman.evaluation.persistence import is_persistence
from elman.evaluation.verdict import judge

SERIES, MOMENTS = np.repeat(np.arange(12), 25), np.tile(np.arange(25), 12)


def errors(seed=0, **factors):
    common = np.random.default_rng(seed).gamma(4, 1, size=300)
    noise = np.random.default_rng(seed + 1).normal(size=(len(factors), 300)) * 0.05
    return {name: common * factor + difference for (name, factor), difference in zip(factors.items(), noise, strict=True)}


def test_a_clear_winner_is_named_with_its_gain():
    verdict = judge(errors(elman=0.8, naive=1.0, drift=1.1), "elman", SERIES, MOMENTS)
    assert (verdict.use, verdict.against, verdict.sure) == ("elman", "naive", True)
    assert verdict.gain.mean == pytest.approx(0.2, abs=0.01)
    assert verdict.gain.low < 0.2 < verdict.gain.high
    assert str(verdict).startswith("Use elman: its errors are 20.1 % smaller than those of the last value, the best of the others (95 %")


def test_of_equal_forecasts_the_simplest_is_to_be_used():
    verdict = judge(errors(elman=1.0, naive=1.001, linear=0.9995, drift=1.3), "elman", SERIES, MOMENTS)
    assert (verdict.use, verdict.sure) == ("naive", False)
    assert "Use the last value: it is as good" in str(verdict)


def test_a_simple_forecast_that_is_surely_better_is_not_passed_over():
    verdict = judge(errors(elman=1.0, naive=1.2, linear=0.9), "elman", SERIES, MOMENTS)
    assert (verdict.use, verdict.sure) == ("linear", True)
    assert "Use the linear map: elman's errors are 11" in str(verdict)


def test_a_shock_to_all_series_is_one_event():
    random = np.random.default_rng(0)
    shock = np.tile(random.normal(0.05, 0.5, size=25), 12)  # the same luck in every series
    same = np.full(300, 2.0)
    verdict = judge({"elman": same - shock, "naive": same}, "elman", SERIES, MOMENTS)
    assert not verdict.sure


def test_few_cuts_and_unknown_errors():
    few = judge({"elman": np.ones(3), "naive": np.full(3, 2.0)}, "elman", np.zeros(3), np.arange(3))
    assert str(few).startswith("Too little data")
    unknown = judge({"elman": np.full(9, np.nan), "naive": np.ones(9)}, "elman", np.zeros(9), np.arange(9))
    assert str(unknown).startswith("No verdict")


@pytest.mark.parametrize("noise", [0.0, 0.2, 0.5])
def test_persistence_is_detected(noise):
    random = np.random.default_rng(1)
    walk = np.cumsum(random.normal(size=400))
    before = np.stack([walk[2:-1], walk[1:-2], walk[:-3]], axis=1)
    result = is_persistence(walk[2:-1] + noise * random.normal(size=397), walk[3:], before)
    assert result.detected
    assert result.distances[1] < 0.75
    assert abs(result.correlation.mean) < 0.15


@pytest.mark.parametrize("skill", [0.5, 1.0])
def test_a_forecast_that_foretells_changes_is_not_accused(skill):
    random = np.random.default_rng(2)
    walk = np.cumsum(random.normal(size=400))
    before = np.stack([walk[2:-1], walk[1:-2], walk[:-3]], axis=1)
    forecast = walk[2:-1] + skill * np.diff(walk)[2:]
    assert not is_persistence(forecast, walk[3:], before).detected


def test_the_mean_of_noise_is_not_persistence():
    noise = np.random.default_rng(3).normal(size=400)
    before = np.stack([noise[2:-1], noise[1:-2], noise[:-3]], axis=1)
    assert not is_persistence(np.zeros(397), noise[3:], before).detected


def test_few_forecasts_show_nothing():
    assert not is_persistence(np.arange(5.0), np.arange(5.0) + 1, np.arange(5.0)[:, None]).detected
