"""Autoregressive forecasts: a known process is recovered, counts stay counts, and update() equals predict() of longer series."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import elman
from elman import Forecaster, Network, Preparation, Training
from elman.errors import DataError, SettingError
from elman.forecasting.engines import engine_from_config
from elman.forecasting.update import append
from elman.timeseries.read import read_panel

QUICK = Training(max_epochs=2, verbose=0)
TINY = Network(hidden_size=8)
SLOPE, SHIFT = 0.7, 3.0


def process(length, random):
    """An AR(1) process with Gaussian steps of deviation 1, in its stationary state."""
    x = np.empty(length)
    x[0] = SHIFT / (1 - SLOPE) + random.normal() / np.sqrt(1 - SLOPE**2)
    for t in range(1, length):
        x[t] = SHIFT + SLOPE * x[t - 1] + random.normal()
    return x


def test_quantiles_of_an_ar1_process_are_the_exact_ones():
    random = np.random.default_rng(0)
    series = [process(200, random) for _ in range(24)]
    model = Forecaster(
        4, model="autoregressive", season=1, network=Network(head="gaussian", hidden_size=24), preparation=Preparation(lags=(1,)),
        training=Training(max_epochs=25, learning_rate=0.005, verbose=0), refit=False,
    ).fit(series)  # fmt: skip
    forecast = model.predict(n_samples=400)
    assert forecast.samples.shape == (24, 400, 4)
    last = np.array([x[-1] for x in series])
    for step in range(1, 5):
        mean = SHIFT * (1 - SLOPE**step) / (1 - SLOPE) + SLOPE**step * last
        spread = np.sqrt((1 - SLOPE ** (2 * step)) / (1 - SLOPE**2))
        assert np.abs(forecast.mean[:, step - 1] - mean).mean() < 0.35
        for level in (80, 95):
            width = (forecast.high[level] - forecast.low[level])[:, step - 1].mean()
            assert width / (2 * stats.norm.ppf(0.5 + level / 200) * spread) == pytest.approx(1.0, abs=0.2)
    assert model.history_.rows[-1]["metric"] < model.baseline_ - 0.02


def waves(count=3):
    random = np.random.default_rng(1)
    t = np.arange(100)
    return [20 + 3 * np.sin(2 * np.pi * t[: 70 + 10 * i] / 12) + 0.1 * random.normal(size=70 + 10 * i) for i in range(count)]


@pytest.mark.parametrize("head", ["student_t", "quantile", "gaussian"])
@pytest.mark.parametrize("kind", ["direct", "autoregressive"])
def test_update_equals_predict_of_longer_series(kind, head, tmp_path):
    series = waves()
    series[1][-2] = np.nan
    model = Forecaster(5, model=kind, network=Network(head=head, hidden_size=8, num_layers=2), training=QUICK, refit=False)
    model.fit([x[:-3] for x in series])
    before = model.predict().mean
    for k in (3, 2, 1):
        assert model.update([x[len(x) - k : len(x) - k + 1] for x in series]) is model
    forecast, again = model.predict(), model.predict(series)
    assert np.abs(forecast.mean - before).max() > 1e-3
    assert forecast.mean == pytest.approx(again.mean, rel=1e-5)
    assert forecast.high[95] == pytest.approx(again.high[95], rel=1e-5)
    model.save(tmp_path / "longer.elman")
    assert elman.load(tmp_path / "longer.elman").predict().mean == pytest.approx(forecast.mean, rel=1e-5)


def test_update_of_frames_wants_the_next_step():
    table = pd.DataFrame({"unique_id": ["a"] * 40 + ["b"] * 30, "ds": [*range(40), *range(30)], "y": np.arange(70.0)})
    model = Forecaster(3, network=TINY, training=QUICK, refit=False).fit(table)
    model.update(pd.DataFrame({"unique_id": ["b"], "ds": [30], "y": [70.0]}))
    assert [len(one.values) for one in model.panel_.series] == [40, 31]
    with pytest.raises(DataError, match="series 'b' goes on at 31; got 33 in row 0"):
        model.update(pd.DataFrame({"unique_id": ["b"], "ds": [33], "y": [70.0]}))
    with pytest.raises(DataError, match="series 'c' was not seen in fit"):
        model.update(pd.DataFrame({"unique_id": ["c"], "ds": [1], "y": [70.0]}))
    with pytest.raises(DataError, match=r"series 'a': the new points lack the columns \['x'\], which were there in fit"):
        append(read_panel({"unique_id": ["a"], "ds": [1], "y": [1.0], "x": [1.0]}), read_panel({"unique_id": ["a"], "ds": [2], "y": [2.0]}))
    several = Forecaster(3, network=TINY, training=QUICK, refit=False).fit(waves())
    with pytest.raises(DataError, match="fit had 3 arrays; give a list of as many"):
        several.update([np.ones(1)])
    assert several.update([np.ones(1), [], np.ones(2)]).predict().values.shape == (3, 3)


def test_counts_stay_counts():
    random = np.random.default_rng(0)
    model = Forecaster(3, network=Network(head="negative_binomial", hidden_size=8), training=Training(max_epochs=20, verbose=0), season=1)
    model.fit([random.negative_binomial(4, 0.4, size=120) for _ in range(6)])
    forecast = model.predict(n_samples=200)
    assert model.plan().decoder == "step"
    assert np.array_equal(forecast.samples, np.round(forecast.samples))
    assert forecast.samples.min() >= 0
    assert forecast.samples.mean() == pytest.approx(6, rel=0.25)  # n (1 - p) / p
    assert forecast.samples.std() == pytest.approx(np.sqrt(15), rel=0.35)
    with pytest.raises(DataError, match="series 0 has values that are no counts"):
        Forecaster(3, network=Network(head="negative_binomial")).fit(np.arange(50) / 2)
    with pytest.raises(SettingError, match="head='negative_binomial' goes count by count"):
        Forecaster(3, model="direct", network=Network(head="negative_binomial")).fit(np.arange(50))
    with pytest.raises(SettingError, match="takes counts as they are; got power='log'"):
        Forecaster(3, network=Network(head="negative_binomial"), preparation=Preparation(power="log")).fit(np.arange(50))


def test_settings_of_direct_models_are_refused():
    with pytest.raises(SettingError, match="An autoregressive model takes scale 'mean', 'last' or 'none'"):
        Forecaster(3, model="autoregressive", preparation=Preparation(scale="robust")).fit(waves())
    with pytest.raises(SettingError, match="model must be one of"):
        Forecaster(3, model="arima").fit(waves())
    with pytest.raises(DataError, match="Every series is too short: the longest has 2 points, 3 are needed"):
        Forecaster(3, model="autoregressive").fit([1.0, 2.0])


def test_paths_are_for_models_that_go_step_by_step():
    model = Forecaster(3, network=TINY, training=QUICK, refit=False).fit(waves())
    with pytest.raises(SettingError, match="n_samples draws paths, step by step"):
        model.predict(n_samples=10)


def test_ensembles_share_the_paths_and_average_the_answers():
    single = Forecaster(4, network=Network(hidden_size=8, members=1), training=QUICK, refit=False).fit(waves())
    both = Forecaster(4, network=Network(hidden_size=8, members=2), training=QUICK, refit=False).fit(waves())
    assert both.plan().members == 2
    assert both.plan().parameters == 2 * single.plan().parameters
    paths = Forecaster(4, model="autoregressive", network=Network(hidden_size=8, members=2), training=QUICK, refit=False).fit(waves())
    assert paths.predict(n_samples=50).samples.shape == (3, 50, 4)


def test_forecasts_from_many_cutoffs_depend_on_the_values_before_them():
    series = waves()
    for kind in ("direct", "autoregressive"):
        model = Forecaster(4, model=kind, network=TINY, training=QUICK, refit=False).fit(series)
        panel = read_panel(series)
        means = model.forecast_from(panel, [0, 1, 1], [50, 40, 60]).mean
        alone = [model.predict([series[row][:end]]).mean[0] for row, end in ((0, 50), (1, 40), (1, 60))]
        assert means == pytest.approx(np.stack(alone), rel=1e-5)
        assert np.array_equal(
            model.forecast_from(panel, [0, 1], [50, 40], horizon=1).mean, model.forecast_from(panel, [0, 1], [50, 40]).mean[:, :1]
        )
    with pytest.raises(DataError, match="cutoffs must be from 1 to the length of their series; got 0 to 0"):
        model.forecast_from(panel, [0], [0])
    with pytest.raises(SettingError, match=r"horizon must be in 1..4, the horizon of fit; got 5"):
        model.forecast_from(panel, [0], [9], horizon=5)
    with pytest.raises(SettingError, match=r"level must be some of \(80, 95\), the levels of fit; got \(90,\)"):
        model.forecast_from(panel, [0], [9], level=(90,))
    assert list(model.forecast_from(panel, [0], [9], level=(95,)).low) == [95]


def test_the_calendar_goes_on_beyond_the_end_and_other_columns_do_not():
    days = pd.date_range("2024-01-01", periods=60)
    table = pd.DataFrame({"ds": days, "y": 10.0 + days.dayofweek, "open": (days.dayofweek < 5) * 1.0})
    panel = read_panel(table)
    dates = Forecaster(3, network=TINY, training=QUICK, refit=False).fit(table)
    assert dates.engine_.covariates.calendar == ("weekday",)
    means = dates.forecast_from(panel, [0, 0], [40, 60]).mean
    assert means == pytest.approx(np.concatenate([dates.predict(table[:40]).mean, dates.predict().mean]), rel=1e-5)
    scheduled = Forecaster(3, future=("open",), network=TINY, training=QUICK, refit=False).fit(table)
    assert scheduled.forecast_from(panel, [0], [57]).mean.shape == (1, 3)
    with pytest.raises(
        DataError, match="series 'series': 'open' must be known for 3 steps after every end; the series stops 2 steps before"
    ):
        scheduled.forecast_from(panel, [0], [59])
    assert scheduled.forecast_from(panel, [0], [59], horizon=1).mean.shape == (1, 1)  # the column is known for the one step


@pytest.mark.parametrize("kind", ["direct", "autoregressive"])
def test_short_and_constant_series_are_forecast(kind):
    model = Forecaster(4, model=kind, network=TINY, training=QUICK).fit(waves())
    assert model.predict(np.array([5.0])).values == pytest.approx(np.full(4, 5.0), rel=0.02)
    assert model.predict(np.full(30, 7.0)).values == pytest.approx(np.full(4, 7.0), rel=0.02)
    assert model.predict(np.array([np.nan, 7.0, np.nan])).values == pytest.approx(np.full(4, 7.0), rel=0.02)
    zeros = Forecaster(4, model=kind, network=TINY, training=QUICK).fit(np.zeros(40)).predict()
    assert np.abs([zeros.mean, zeros.low[95], zeros.high[95]]).max() < 1e-6
    constant = Forecaster(4, model=kind, network=TINY, training=QUICK).fit(np.full(40, 7.0)).predict()
    assert np.abs([constant.low[95] - 7, constant.high[95] - 7]).max() < 0.05
    with pytest.raises(DataError, match="series 0: A series has no known value|is all NaN|only NaN"):
        model.predict([np.full(5, np.nan)])


def test_an_unknown_engine_of_a_file_is_refused():
    with pytest.raises(DataError, match=r"it forecasts by 'windowed'; known are \['autoregressive', 'direct'\]"):
        engine_from_config({"kind": "windowed"})
