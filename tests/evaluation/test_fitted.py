"""Every series baseline is backtested and scored for anomalies by the same calls as a Forecaster."""

import numpy as np
import pytest
from sklearn.base import clone

from elman import Forecaster, Network, Training, baselines
from elman.errors import NotFittedError, SettingError
from elman.estimators import read_panel
from elman.evaluation.anomalies import anomalies
from elman.evaluation.backtest import backtest
from elman.evaluation.cutoffs import forecast_cutoffs
from elman.fitting.fitted import FittedForecaster

BASELINES = [
    cls()
    for cls in vars(baselines).values()
    if isinstance(cls, type) and issubclass(cls, baselines.SeriesBaseline) and cls is not baselines.SeriesBaseline
]
ESTIMATORS = [*BASELINES, Forecaster(2, network=Network(hidden_size=4), training=Training(max_epochs=1, verbose=0), refit=False)]


def waves(count=3, length=140):
    random, steps = np.random.default_rng(0), np.arange(length)
    return [10 + np.sin(2 * np.pi * steps / 7 + i) + 0.1 * random.normal(size=length) for i in range(count)]


def test_all_baselines_are_here():
    assert len(BASELINES) == 6


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_it_keeps_the_protocol(estimator):
    assert not isinstance(clone(estimator), FittedForecaster)
    model = clone(estimator).fit(waves())
    assert isinstance(model, FittedForecaster)
    assert model.lookback_ >= 1
    panel = read_panel(waves())
    prediction = model.forecast_from(panel, [0, 2], [50, 60], horizon=2, level=(80,))
    assert (prediction.mean.shape, list(prediction.low), list(prediction.high)) == ((2, 2), [80], [80])
    alone, pair = model.forecast_from(panel, np.array([2]), np.array([60])), model.forecast_from(panel, [0, 2], [50, 60], horizon=1)
    np.testing.assert_allclose(alone.mean[0, 0], pair.mean[1, 0], rtol=1e-6)
    assert set(alone.low) == {80, 95}


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_it_is_backtested(estimator):
    result = backtest(estimator, waves(), horizon=2, windows=3)
    assert list(result.predictions) == ["elman", "naive", "seasonal naive", "drift", "linear", "naive2"]
    assert result.predictions["elman"].mean.shape == (9, 2)
    assert np.isfinite(result.errors["elman"]["MASE"]).all()
    assert set(result.predictions["elman"].low) == set(result.predictions["naive"].low) == {80, 95}
    assert not hasattr(estimator, "panel_")


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_its_anomalies_are_flagged(estimator):
    series = waves()
    model = clone(estimator).fit(series)
    series[1][100] += 30
    result = anomalies(model, series, rate=0.005)
    assert result.flags[1][100]
    assert result.all_predictions[1].mean.shape == (140, 1)


def test_an_estimator_that_only_predicts_from_ends_is_backtested():
    class Ends(baselines.Naive):
        forecast_from = property()  # no such method, as of somebody else's estimator

        def predict(self, data):
            return super().predict(2, data)

    assert not isinstance(Ends().fit(waves()), FittedForecaster)
    ours = backtest(Ends(), waves(), horizon=2, windows=2)
    np.testing.assert_array_equal(ours.predictions["elman"].mean, ours.predictions["naive"].mean)


def test_bad_arguments_are_refused():
    with pytest.raises(SettingError, match=r"horizon must be a whole number from 1; got None. Pass it: backtest\(model, data, horizon=…\)"):
        backtest(baselines.Naive(), waves())
    with pytest.raises(NotFittedError, match="This Drift is not fitted yet"):
        baselines.Drift().forecast_from(read_panel(waves()), [0], [5])
    with pytest.raises(SettingError, match="horizon must be a whole number from 1; got 0"):
        forecast_cutoffs(baselines.Drift().fit(waves()), read_panel(waves()), np.array([0]), np.array([5]), horizon=0)
