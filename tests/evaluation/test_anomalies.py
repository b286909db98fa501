"""Anomalies: the rate of false alarms holds on noise, no score depends on later values, and outliers are flagged."""

from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.stats import genpareto

from elman import Forecaster, Training
from elman.baselines import LinearForecaster, Naive
from elman.errors import DataError, NotFittedError, SettingError
from elman.estimators import read_panel
from elman.evaluation.anomalies import anomalies, threshold_of

QUICK = Training(max_epochs=3, verbose=0)


def autoregression(length, seed=0):
    noise = np.random.default_rng(seed).standard_t(6, size=length)
    values = np.zeros(length)
    for i in range(1, length):
        values[i] = 0.8 * values[i - 1] + noise[i]
    return values


@pytest.mark.parametrize("rate", [0.05, 0.01, 0.001])
def test_the_rate_of_false_alarms_holds_on_noise(rate):
    model = LinearForecaster(context=8, season=1).fit(autoregression(6000))
    result = anomalies(model, autoregression(20_000, seed=1), rate=rate)
    flagged = result.flags.mean()
    assert rate / 1.8 < flagged < rate * 1.8


def test_the_rate_holds_for_a_network_too():
    model = Forecaster(1, season=1, training=QUICK).fit(autoregression(800))
    result = model.anomalies(autoregression(1500, seed=1), rate=0.02)
    assert 0.01 < result.flags.mean() < 0.04


@pytest.mark.parametrize("rate", [1e-3, 1e-4])
def test_thresholds_beyond_the_data_follow_the_tail(rate):
    random = np.random.default_rng(0)
    for shape in (-0.2, 0.0, 0.25):
        guesses = [threshold_of(genpareto.rvs(shape, size=2000, random_state=random), rate) for _ in range(30)]
        assert np.median(guesses) == pytest.approx(genpareto.ppf(1 - rate, shape), rel=0.15)


def test_outliers_are_flagged():
    steps = np.arange(900)
    series = 10 + 3 * np.sin(2 * np.pi * steps / 12) + 0.1 * np.random.default_rng(0).normal(size=900)
    series[700] += 2.0  # no more than the season does, but at the wrong time
    series[800:803] -= 2.5
    result = anomalies(LinearForecaster(season=12).fit(series[:600]), series)
    flagged = np.flatnonzero(result.flags)
    assert {700, 800} <= set(flagged)
    assert set(flagged) <= set(range(698, 740)) | set(range(798, 840))  # later points have the outliers in their past
    assert str(result).startswith(f"{len(flagged)} of {np.isfinite(result.scores).sum()} points score above")


@pytest.mark.parametrize("kind", ["linear", "network"])
def test_a_score_depends_on_the_past_alone(kind):
    series = autoregression(400)
    series[250:253] = np.nan
    model = LinearForecaster(season=1).fit(series[:200]) if kind == "linear" else Forecaster(2, season=1, training=QUICK).fit(series[:200])
    first = anomalies(model, series, rate=0.01)
    poisoned = series.copy()
    poisoned[253:] = 1e3 * np.random.default_rng(2).normal(size=147)
    again = anomalies(model, poisoned, rate=0.01)
    np.testing.assert_array_equal(again.scores[:253], first.scores[:253])
    assert np.isnan(first.scores[250:253]).all()
    assert not first.flags[250:253].any()
    assert again.threshold == first.threshold


def test_several_series_and_frames_in_kind():
    stamps = pd.date_range("2024-01-01", periods=300, freq="h")
    data = pl.DataFrame({"unique_id": ["a"] * 300 + ["b"] * 300, "ds": [*stamps] * 2, "y": [*autoregression(300), *autoregression(300, 1)]})
    result = anomalies(LinearForecaster(season=1).fit(data), data, rate=0.01)
    assert [len(s) for s in result.scores] == [300, 300]
    frame = result.to_frame()
    assert isinstance(frame, pl.DataFrame)
    assert frame.columns == ["unique_id", "ds", "y", "expected", "low", "high", "score", "anomaly"]
    np.testing.assert_array_equal(frame["anomaly"].to_numpy()[300:], result.flags[1])


def test_the_threshold_may_come_from_other_series():
    model = LinearForecaster(season=1).fit(autoregression(500))
    loud = anomalies(model, autoregression(500, 1), rate=0.01, normal=5 * autoregression(500, 2))
    assert loud.threshold == pytest.approx(anomalies(model, [0.0, 1.0], rate=0.01).threshold, rel=0.6)  # scores have no unit


def test_columns_of_the_future_do_not_stop_it():
    panel = read_panel({"ds": list(range(300)), "y": autoregression(300), "x": np.arange(300.0)})
    result = anomalies(Naive().fit(panel), panel, rate=0.01)
    assert np.isfinite(result.scores[4:]).all()


def test_the_plot_marks_the_anomalies():
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="the extra 'plot' is not installed")
    series = autoregression(400)
    series[350] = 40.0
    result = anomalies(LinearForecaster(season=1).fit(series[:300]), series)
    axes = result.plot(dark=True)
    marked = axes.collections[-1].get_offsets()
    assert 350 in marked[:, 0].tolist()
    assert len(marked) == result.flags.sum()
    pyplot.close("all")


def test_bad_arguments_are_refused():
    model = LinearForecaster(season=1).fit(autoregression(300))
    with pytest.raises(SettingError, match=r"rate must be a share between 0 and 0.5; got 0.7"):
        anomalies(model, [1.0, 2.0], rate=0.7)
    with pytest.raises(NotFittedError, match="This Naive is not fitted yet"):
        anomalies(Naive(), [1.0, 2.0])
    with pytest.raises(NotFittedError, match="This Forecaster is not fitted yet"):
        Forecaster(1).anomalies([1.0, 2.0])
    with pytest.raises(DataError, match="A threshold needs 100 scores of normal points; there are 47. Give longer series"):
        anomalies(Naive().fit(autoregression(50)), autoregression(300))
    narrow = Forecaster(1, level=(90,), season=1, training=QUICK).fit(autoregression(300))
    with pytest.raises(SettingError, match=r"judged by the 80 % interval; this model has level=\(90,\)"):
        anomalies(narrow, autoregression(300))


def test_short_and_constant_series_have_no_surprises():
    model = LinearForecaster(season=1).fit(autoregression(300))
    assert np.isnan(anomalies(model, [1.0, 2.0]).scores).all()
    flat = anomalies(replace_panel_with_constant(model), np.full(150, 3.0))
    assert not flat.flags.any()


def replace_panel_with_constant(model):
    model.panel_ = replace(model.panel_, series=[replace(one, values=np.full(300, 3.0)) for one in model.panel_.series])
    return model
