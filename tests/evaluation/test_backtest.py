"""Backtests: no leak of the future, the measures of the table, the verdict, pictures and errors."""

from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest

from elman import Forecaster, Training
from elman.baselines import LinearForecaster, Naive, SeasonalNaive
from elman.errors import DataError, SettingError
from elman.estimators import read_panel
from elman.evaluation.backtest import backtest
from elman.evaluation.cutoffs import past_panel, plan_cutoffs
from elman.metrics.forecasts import mase, smape

QUICK = Training(max_epochs=2, verbose=0)


def walks(count=10, length=160, seed=0):
    return list(100 + np.cumsum(np.random.default_rng(seed).normal(size=(count, length)), axis=1))


def weeks(count=6, length=150, seed=0, noise=1.0):
    random, steps = np.random.default_rng(seed), np.arange(length)
    return [50 + 10 * np.sin(2 * np.pi * steps / 7 + i) + noise * random.normal(size=length) for i in range(count)]


def frame(series, kind=pd.DataFrame, freq="D"):
    stamps = [pd.date_range("2024-01-01", periods=len(s), freq=freq) for s in series]
    ids = [f"s{i}" for i, s in enumerate(series) for _ in s]
    return kind({"unique_id": ids, "ds": [t for st in stamps for t in st], "y": np.concatenate(series)})


# no leak --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [Forecaster(3, training=QUICK), LinearForecaster(), SeasonalNaive()], ids=lambda m: type(m).__name__)
@pytest.mark.parametrize("refit", [False, True])
def test_a_poisoned_future_changes_no_forecast(model, refit):
    """Values after a cutoff are replaced, with gaps before it: forecasts from it stay the same, bit by bit."""
    panel = read_panel(frame(weeks(3, 80)))
    for one in panel.series:
        one.values[60:74:6] = np.nan  # a straight line across such a gap would leak the value after it
    clean = backtest(model, panel, horizon=3, windows=6, step=3, refit=refit)
    poison = np.random.default_rng(1)
    for window in range(6) if refit else (2,):  # without refitting only the inputs, not the fit, could leak
        poisoned = []
        for one, end in zip(panel.series, clean.cutoffs.positions[clean.cutoffs.of(np.array([window]))], strict=True):
            values = one.values.copy()
            values[end:] = 1e4 * poison.normal(size=len(values) - end)
            poisoned.append(replace(one, values=values))
        again = backtest(model, replace(panel, series=poisoned), horizon=3, windows=6, step=3, refit=refit)
        upto = clean.cutoffs.of(np.arange(window + 1))
        for name, prediction in clean.predictions.items():
            np.testing.assert_array_equal(again.predictions[name].mean[upto], prediction.mean[upto], err_msg=name)
            np.testing.assert_array_equal(again.predictions[name].high[80][upto], prediction.high[80][upto], err_msg=name)
        if refit and isinstance(model, Forecaster):
            break  # one poisoned window is enough where fitting takes long


def test_all_series_are_cut_at_the_same_moment():
    late = frame(walks(2, 60))
    late = late[~((late.unique_id == "s1") & (late.ds > "2024-02-15"))]  # s1 stops two weeks earlier
    panel = read_panel(late)
    cutoffs = plan_cutoffs(panel, 5, 4, 5)
    for window in range(4):
        past = past_panel(panel, cutoffs, window)
        assert len({one.stamps[-1] for one in past.series}) == 1
    assert cutoffs.of(np.array([3])).size == 1  # s1 has no value after the last cutoff


def test_series_without_times_are_cut_at_their_own_ends():
    cutoffs = plan_cutoffs(read_panel([np.arange(50.0), np.arange(20.0), np.arange(9.0)]), 4, 3, 4)
    assert cutoffs.positions[cutoffs.windows == 2].tolist() == [46, 16, 5]
    assert cutoffs.series[cutoffs.windows == 0].tolist() == [0, 1]  # the shortest has no past by then


# the table ------------------------------------------------------------------------------------------------------------


def test_measures_are_those_of_each_cut():
    series = weeks(4, 90)
    result = backtest(LinearForecaster(), series, horizon=7, windows=3)
    assert result.season == 7
    for i, (row, end) in enumerate(zip(result.cutoffs.series, result.cutoffs.positions, strict=True)):
        truth, history = series[row][end : end + 7], series[row][:end]
        np.testing.assert_array_equal(result.truth[i], truth)
        assert result.errors["elman"]["MASE"][i] == pytest.approx(mase(truth, result.predictions["elman"].mean[i], history, 7))
        assert result.errors["naive"]["sMAPE"][i] == pytest.approx(float(smape(truth, np.full(7, history[-1]))))
    table = result.table
    assert table["MASE"] == sorted(table["MASE"])
    row = table["forecast"].index("naive2")
    assert table["OWA"][row] == pytest.approx(1.0)
    ours = table["forecast"].index("elman")
    assert table["MASE-low"][ours] < table["MASE"][ours] < table["MASE-high"][ours]
    assert {"MAE", "RMSSE", "CRPS", "coverage-80", "coverage-95", "seconds"} <= set(table)


def test_unknown_truth_is_left_out():
    series = weeks(2, 90)
    series[0][-3] = np.nan
    result = backtest(Naive(), series, horizon=5, windows=2)
    assert np.isnan(result.truth[result.cutoffs.series == 0][1]).sum() == 1
    assert np.isfinite(result.errors["elman"]["MASE"]).all()
    assert len(result.to_frame("pandas")) == 2 * 2 * 5 - 1


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_frames_come_back_in_kind(kind):
    result = backtest(SeasonalNaive(), frame(weeks(2, 60), kind), horizon=4, windows=2)
    table = result.to_frame()
    assert isinstance(table, kind)
    assert list(table.columns)[:6] == ["unique_id", "ds", "cutoff", "y", "elman", "naive"]
    assert "elman-lo-80" in table.columns
    assert all(d > c for d, c in zip(table["ds"], table["cutoff"], strict=True))
    assert isinstance(result.scores(), kind)
    assert len(result.scores("pyarrow")) == len(result.predictions)


def test_others_and_windows_may_be_chosen():
    result = backtest(Naive(), walks(2, 60), horizon=2, windows=5, step=1, refit=2, others={"mine": Naive()})
    assert list(result.predictions) == ["elman", "mine", "naive2"]
    np.testing.assert_array_equal(result.predictions["mine"].mean, result.predictions["elman"].mean)
    assert result.moments.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]


# the verdict ----------------------------------------------------------------------------------------------------------


def test_a_random_walk_is_left_to_the_last_value():
    result = backtest(LinearForecaster(), walks(), horizon=1, windows=30)
    assert result.verdict.use == "naive"
    assert str(result.verdict).startswith("Use the last value: ")
    assert result.persistence.detected
    assert result.persistence.lag == 1
    assert str(result.persistence) in str(result)


def test_a_forecast_that_knows_more_wins():
    result = backtest(
        LinearForecaster(), weeks(), horizon=1, windows=40, others={"naive": Naive(), "seasonal naive": SeasonalNaive(season=7)}
    )
    assert result.verdict.use == "elman"
    assert result.verdict.sure
    assert result.verdict.against == "seasonal naive"
    assert "the value one season ago, the best of the others (95 % interval" in str(result.verdict)
    assert not result.persistence.detected


def test_too_little_is_too_little():
    result = backtest(Naive(), walks(1, 60), horizon=5, windows=2)
    assert str(result.verdict).startswith("Too little data: ")
    assert not result.verdict.sure
    flat = backtest(Naive(), [np.full(60, 3.0)], horizon=5, windows=2)
    assert str(flat.verdict).startswith("No verdict: the series are constant")
    assert "-" in str(flat)


def test_a_real_network_goes_the_same_way():
    model = Forecaster(3, training=QUICK)
    result = model.backtest(frame(weeks(2, 60)), windows=2)
    assert result.horizon == 3
    assert not hasattr(model, "model_")  # a copy learns
    assert np.isfinite(result.predictions["elman"].low[80]).all()


# pictures and refusals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dark", [False, True, None])
def test_the_plot_shows_history_forecasts_and_the_rival(dark):
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="the extra 'plot' is not installed")
    result = backtest(LinearForecaster(), frame(weeks(2, 60)), horizon=4, windows=3)
    axes = result.plot(1, dark=dark)
    assert len(axes.lines) == 1 + 2 * 3
    assert [text.get_text() for text in axes.get_legend().get_texts()][:3] == ["s1", "95 %", "80 %"]
    np.testing.assert_allclose(axes.lines[1].get_ydata(), result.predictions["elman"].mean[result.cutoffs.series == 1][0])
    ground = sum(axes.get_facecolor()[:3])
    assert ground < 1 if dark else ground > 2
    pyplot.close("all")


def test_bad_arguments_are_refused():
    with pytest.raises(DataError, match=r"5 windows of 10 steps, 10 apart, leave 0 points of .* \(0, 40 points\).*12 are needed"):
        backtest(Naive(), walks(1, 40), horizon=10)
    with pytest.raises(SettingError, match="windows must be a whole number from 1; got 0"):
        backtest(Naive(), walks(1), horizon=2, windows=0)
    with pytest.raises(SettingError, match="step must be a whole number from 1; got 1.5"):
        backtest(Naive(), walks(1), horizon=2, step=1.5)
    with pytest.raises(SettingError, match="refit must be True, False or a number of windows from 1; got 0"):
        backtest(Naive(), walks(1), horizon=2, refit=0)
    with pytest.raises(SettingError, match="series must be the number of one that was forecast; got 4 of 2"):
        backtest(Naive(), walks(2), horizon=2).plot(4)
