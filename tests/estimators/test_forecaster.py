"""Forecaster: seasons are carried on, frames come back in kind, the future never leaks in."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

import elman
from elman import Forecaster, Training
from elman.errors import DataError, NotFittedError, SettingError

QUICK = Training(max_epochs=8, verbose=0)


def wave(length, period=12, seed=0):
    t = np.arange(length)
    return 10 + 0.05 * t + np.sin(2 * np.pi * t / period) + 0.05 * np.random.default_rng(seed).normal(size=length)


def test_a_season_is_carried_on():
    series = wave(240)
    model = Forecaster(12, training=QUICK).fit(series[:228])
    forecast = model.predict()
    assert forecast.values.shape == (12,)
    assert np.abs(forecast.values - series[228:]).mean() < 0.3
    assert model.windows_.season == 12


def test_a_random_walk_stays_near_the_last_value():
    walk = np.cumsum(np.random.default_rng(1).normal(size=400))
    forecast = Forecaster(5, training=QUICK).fit(walk).predict()
    assert np.abs(forecast.values - walk[-1]).max() < 4


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_long_frames_come_back_in_kind(kind):
    stamps = pd.date_range("2020-01-01", periods=60, freq="MS").to_list()
    rows = {"unique_id": ["a"] * 60 + ["b"] * 60, "ds": stamps * 2, "y": [*wave(60), *wave(60, seed=1)]}
    forecast = Forecaster(3, training=QUICK).fit(kind(rows)).predict()
    frame = forecast.to_frame()
    assert isinstance(frame, kind)
    assert list(frame.columns) == ["unique_id", "ds", "elman", "elman-lo-80", "elman-hi-80", "elman-lo-95", "elman-hi-95"]
    assert [str(d)[:7] for d in frame["ds"]] == ["2025-01", "2025-02", "2025-03"] * 2
    assert all(low <= mid <= high for low, mid, high in zip(frame["elman-lo-95"], frame["elman"], frame["elman-hi-95"], strict=True))


def test_several_series_of_different_lengths():
    values = Forecaster(4, training=QUICK).fit([wave(80), wave(30), wave(15)]).predict().values
    assert values.shape == (3, 4)


def test_other_series_can_be_continued(tmp_path):
    model = Forecaster(6, training=QUICK).fit(wave(200))
    model.save(tmp_path / "w.elman")
    loaded = elman.load(tmp_path / "w.elman")
    assert np.array_equal(loaded.predict().values, model.predict().values)
    other = wave(150, seed=3)
    assert np.array_equal(loaded.predict(other).values, model.predict(other).values)


def test_the_scale_of_the_series_does_not_matter():
    small = Forecaster(4, training=QUICK).fit(wave(100)).predict().values
    large = Forecaster(4, training=QUICK).fit(wave(100) * 1e6).predict().values
    assert large / 1e6 == pytest.approx(small, rel=1e-3)


def test_a_constant_series_stays_constant():
    assert Forecaster(3, training=QUICK).fit(np.full(40, 7.0)).predict().values == pytest.approx(np.full(3, 7.0), abs=1e-3)


def test_score_is_the_skill_against_the_reference():
    model = Forecaster(12, training=QUICK).fit(wave(228))
    assert 0.0 < model.score(wave(240)) <= 1.0


@pytest.mark.parametrize("horizon", [0, -1, 2.5, True])
def test_the_horizon_is_a_whole_number(horizon):
    with pytest.raises(SettingError, match="horizon must be a whole number from 1"):
        Forecaster(horizon).fit(wave(50))


def test_bad_data():
    with pytest.raises(DataError, match="Every series is too short for horizon 30: the longest has 20 points, 32 are needed"):
        Forecaster(30).fit(wave(20))
    with pytest.raises(DataError, match="series 'b': A series has no known value, only NaN"):
        Forecaster(2).fit(pd.DataFrame({"unique_id": ["a"] * 9 + ["b"], "ds": [*range(9), 0], "y": [*range(9), None]}))
    with pytest.raises(NotFittedError, match="This Forecaster is not fitted yet"):
        Forecaster(2).predict()
    with pytest.raises(SettingError, match="level must hold per cents between 0 and 100"):
        Forecaster(2, level=(100,)).fit(wave(50))
    with pytest.raises(DataError, match="score hides the last 5 steps"):
        Forecaster(5, training=QUICK).fit(wave(50)).score(wave(6))


def test_the_plot_shows_history_and_forecast():
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="the extra 'plot' is not installed")
    axes = Forecaster(4, training=QUICK).fit(wave(60)).predict().plot()
    assert len(axes.lines) == 2
    assert axes.lines[0].get_ydata()[-1] == pytest.approx(wave(60)[-1])
    pyplot.close("all")
