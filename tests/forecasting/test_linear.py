"""A linear map beside the network: fitted as scikit-learn's ridge regression is, not learned further, and saved with the rest."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge as Sklearns

import elman
from elman import Forecaster, Network, Preparation, Training
from elman.forecasting.direct.inputs import SegmentInputs, WindowDataset
from elman.forecasting.direct.linear import fit_ridge
from elman.forecasting.direct.windows import WindowSpec
from elman.forecasting.grouped import GroupedSeries
from elman.network.decoders.segments import VALUES
from elman.timeseries.read import read_panel


def windows():
    series = np.cumsum(np.random.default_rng(0).normal(size=300))
    inputs = SegmentInputs(spec=WindowSpec(context=12, horizon=4), segment=4, linear=True)
    cutoffs = np.arange(20, 290)
    return WindowDataset(inputs, GroupedSeries.from_panel(read_panel(series)), np.column_stack([np.zeros_like(cutoffs), cutoffs]))


def test_the_map_is_scikit_learns_ridge_regression():
    dataset = windows()
    train, held_out = np.arange(200), np.arange(210, 270)
    ridge, penalty, error = fit_ridge(dataset, train, held_out)
    theirs = Sklearns(alpha=penalty * len(train)).fit(dataset.arrays(train)[VALUES], np.clip(dataset.targets[train][..., 0], -5, 5))
    assert ridge.weights == pytest.approx(theirs.coef_.T, abs=1e-5)
    assert ridge.bias == pytest.approx(theirs.intercept_, abs=1e-5)
    errors = theirs.predict(dataset.arrays(held_out)[VALUES]) - dataset.targets[held_out][..., 0]
    assert error == pytest.approx(np.abs(errors).mean(), rel=1e-4)
    assert fit_ridge(dataset, train, held_out[:0], penalty=0.1)[1] == 0.1


def test_the_network_holds_the_map_as_it_was_fitted(tmp_path):
    t = np.arange(400)
    series = np.sin(t / 5) + 0.5 * np.sin(t / 11)
    options = {"scale": "none", "reference": "none", "power": "none", "seasonality": "none", "linear": True, "lags": ()}
    network, training = Network(hidden_size=4, head="median"), Training(max_epochs=1, learning_rate=1e-9, verbose=0)
    model = Forecaster(5, season=1, context=30, preparation=Preparation(**options), network=network, training=training).fit(series)
    forecast = model.predict()
    assert forecast.values == pytest.approx(np.sin(np.arange(400, 405) / 5) + 0.5 * np.sin(np.arange(400, 405) / 11), abs=0.05)
    assert not any(p.requires_grad for p in model.model_.decoder.linear.parameters())
    model.save(tmp_path / "map.elman")
    assert np.array_equal(elman.load(tmp_path / "map.elman").predict().values, forecast.values)


def test_a_map_that_does_better_alone_is_put_beside_the_network():
    random = np.random.default_rng(0)
    x = random.normal(size=600)
    for t in range(30, 600):  # a line of the values 20 and 30 steps before: no naive forecast, and exact for the ridge
        x[t] = 0.9 * x[t - 20] - 0.5 * x[t - 30] + 0.1 * random.normal()
    slow = Training(max_epochs=1, learning_rate=1e-5, verbose=0)
    model = Forecaster(5, season=1, context=40, network=Network(hidden_size=4), training=slow).fit(x)
    choice, reason = model.plan().preparation["linear"]
    assert choice == "yes"
    assert "a linear map alone" in reason
    walk = Forecaster(5, season=1, context=40, network=Network(hidden_size=4), training=slow).fit(np.cumsum(random.normal(size=900)))
    assert walk.plan().preparation["linear"][0] == "no"
    assert Forecaster(5, preparation=Preparation(linear=False), training=slow).fit(x).plan().preparation["linear"] == ["no", "as set"]
