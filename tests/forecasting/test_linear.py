"""A linear map beside the network: fitted as scikit-learn's ridge regression is, not learned further, and saved with the rest."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge as Sklearns

import elman
from elman import Forecaster, Network, Preparation, Training
from elman.forecasting.direct.inputs import Direct, Windows
from elman.forecasting.direct.linear import fit_ridge
from elman.forecasting.direct.windows import WindowSpec
from elman.forecasting.grouped import GroupedSeries
from elman.network.decoders.segments import VALUES
from elman.timeseries.read import read_panel


def windows():
    series = np.cumsum(np.random.default_rng(0).normal(size=300))
    direct = Direct(framing=WindowSpec(context=12, horizon=4), segment=4, linear=True)
    ends = np.arange(20, 290)
    return Windows(direct, GroupedSeries.of(read_panel(series)), np.column_stack([np.zeros_like(ends), ends]))


def test_the_map_is_scikit_learns_ridge_regression():
    rows = windows()
    learned, held = np.arange(200), np.arange(210, 270)
    ridge, penalty, error = fit_ridge(rows, learned, held)
    theirs = Sklearns(alpha=penalty * len(learned)).fit(rows.parts(learned)[VALUES], np.clip(rows.truth[learned][..., 0], -5, 5))
    assert ridge.weights == pytest.approx(theirs.coef_.T, abs=1e-5)
    assert ridge.bias == pytest.approx(theirs.intercept_, abs=1e-5)
    off = theirs.predict(rows.parts(held)[VALUES]) - rows.truth[held][..., 0]
    assert error == pytest.approx(np.abs(off).mean(), rel=1e-4)
    assert fit_ridge(rows, learned, held[:0], penalty=0.1)[1] == 0.1


def test_the_map_stands_in_the_network_as_it_was_fitted(tmp_path):
    t = np.arange(400)
    series = np.sin(t / 5) + 0.5 * np.sin(t / 11)
    options = {"scale": "none", "reference": "none", "power": "none", "seasonality": "none", "linear": True, "lags": ()}
    network, training = Network(hidden_size=4, head="median"), Training(max_epochs=1, learning_rate=1e-9, verbose=0)
    model = Forecaster(5, season=1, context=30, preparation=Preparation(**options), network=network, training=training).fit(series)
    found = model.predict()
    assert found.values == pytest.approx(np.sin(np.arange(400, 405) / 5) + 0.5 * np.sin(np.arange(400, 405) / 11), abs=0.05)
    assert not any(p.requires_grad for p in model.model_.decoder.linear.parameters())
    model.save(tmp_path / "map.elman")
    assert np.array_equal(elman.load(tmp_path / "map.elman").predict().values, found.values)


def test_a_map_that_does_better_alone_is_put_beside_the_network():
    random = np.random.default_rng(0)
    x = random.normal(size=600)
    for t in range(30, 600):  # what comes is what was 20 and 30 steps before: no simple forecast, and a line to the ridge
        x[t] = 0.9 * x[t - 20] - 0.5 * x[t - 30] + 0.1 * random.normal()
    slow = Training(max_epochs=1, learning_rate=1e-5, verbose=0)
    model = Forecaster(5, season=1, context=40, network=Network(hidden_size=4), training=slow).fit(x)
    chosen, why = model.plan().preparation["linear"]
    assert chosen == "yes"
    assert "a linear map alone" in why
    walk = Forecaster(5, season=1, context=40, network=Network(hidden_size=4), training=slow).fit(np.cumsum(random.normal(size=900)))
    assert walk.plan().preparation["linear"][0] == "no"
    assert Forecaster(5, preparation=Preparation(linear=False), training=slow).fit(x).plan().preparation["linear"] == ["no", "as set"]
