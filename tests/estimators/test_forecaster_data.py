"""Forecasts of irregular data: an error that names series and row, or a note."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

import elman
from elman import Forecaster, Training
from elman.errors import DataError, DataTypeError, SettingError
from elman.estimators import read_panel

QUICK = Training(max_epochs=2, verbose=0)


def model(horizon=3):
    return Forecaster(horizon, training=QUICK)


def wave(length):
    return 10 + np.sin(np.arange(length) * 2 * np.pi / 7)


def test_a_constant_series_is_forecast_as_itself_beside_others():
    panel = pd.DataFrame({"unique_id": ["flat"] * 60 + ["wave"] * 60, "ds": [*range(60)] * 2, "y": [4.0] * 60 + [*wave(60)]})
    forecast = model().fit(panel).predict()
    assert forecast.mean[0] == pytest.approx(np.full(3, 4.0), abs=0.02)


def test_a_series_of_one_point_is_forecast_as_that_point():
    forecast = model().fit([wave(80), np.array([25.0])]).predict()
    assert np.isfinite(forecast.mean).all()
    assert forecast.mean[1] == pytest.approx(np.full(3, 25.0), rel=0.1)
    with pytest.raises(DataError, match=r"[Ee]very series is too short"):
        model().fit([25.0])


def test_a_horizon_longer_than_the_history():
    with pytest.raises(DataError, match=r"[Ee]very series is too short for horizon 30"):
        model(30).fit(wave(20))
    forecast = model(30).fit([wave(120), wave(20)]).predict()
    assert forecast.mean.shape == (2, 30)


def test_errors_name_series_and_row():
    with pytest.raises(DataError, match="series 'b': A series has no known value, only NaN"):
        model().fit({"unique_id": ["a"] * 40 + ["b"] * 3, "ds": [*range(40), 0, 1, 2], "y": [*wave(40), None, None, None]})
    with pytest.raises(DataTypeError, match="row 41: series 'b': y must be numbers; got 'n/a'"):
        model().fit({"unique_id": ["a"] * 40 + ["b"] * 3, "ds": [*range(40), 0, 1, 2], "y": [*wave(40), 1.0, "n/a", 2.0]})
    with pytest.raises(DataError, match="row 2: series 'series' has two values at 1: 2 and 3"):
        model().fit({"ds": [0, 1, 1], "y": [1.0, 2.0, 3.0]})
    with pytest.raises(SettingError, match="horizon must be a whole number from 1; got 0"):
        model(0).fit(wave(50))


def test_order_does_not_matter_and_is_noted():
    table = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=90), "y": wave(90)})
    shuffled = table.sample(frac=1.0, random_state=0)
    first, second = model().fit(table), model().fit(shuffled)
    np.testing.assert_array_equal(first.predict().values, second.predict().values)
    assert "not in order of time" in second.panel_.report.notes[0]


def test_zones_go_through_to_the_frame_and_the_file(tmp_path):
    stamps = pd.date_range("2024-10-20", periods=24 * 7, freq="h", tz="Europe/Berlin")
    fitted = model(48).fit(pd.DataFrame({"ds": stamps, "y": wave(24 * 7)}))
    fitted.save(tmp_path / "m.elman")
    for one in (fitted, elman.load(tmp_path / "m.elman")):
        stamps_after = one.predict().to_frame("pandas")["ds"]
        assert [s.timestamp() for s in stamps_after] == [(stamps[-1] + timedelta(hours=k)).timestamp() for k in range(1, 49)]
        assert stamps_after.iloc[0].hour == (stamps[-1] + timedelta(hours=1)).hour


def test_the_unknown_future_of_a_panel_is_no_value():
    panel = read_panel({"ds": [1, 2], "x": [1.0, 2.0]}, needs_value=False)
    with pytest.raises(DataError, match="A series has no known value"):
        model().fit(panel)
