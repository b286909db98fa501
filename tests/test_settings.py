"""Settings take NumPy's numbers and path-likes, and hold Python's own; scikit-learn's clone finds what it gave."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import RandomizedSearchCV

import elman
from elman import Category, Forecaster, LanguageModel, Model, Network, Series, Text, Training
from elman.errors import SettingError
from elman.forecasting.settings import Preparation
from elman.settings import plain


def test_plain_values_are_the_same_objects():
    for value in (3, 0.5, "auto", None, True, (1, 2), [1, "a"], [], [object()], np.ones((2, 2))):
        assert plain(value) is value


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (np.int64(8), 8),
        (np.int32(8), 8),
        (np.float32(0.5), 0.5),
        (np.float64(0.25), 0.25),
        (np.bool_(True), True),
        (np.str_("lstm"), "lstm"),
        (np.array(3), 3),
        (np.arange(3), [0, 1, 2]),
        ((np.int64(1), 2), (1, 2)),
        ([np.int64(1)], [1]),
        (Path("a/b"), "a/b"),
    ],
)
def test_numbers_of_numpy_and_path_likes_become_pythons_own(given, expected):
    assert plain(given) == expected
    assert type(plain(given)) is type(expected)
    assert type(Network(hidden_size=given).hidden_size) is type(expected)
    assert Training().set_params(batch_size=given).batch_size == expected


def test_copies_by_scikit_learn_hold_the_same_settings():
    settings = Training(max_epochs=np.int64(2), learning_rate=np.float32(0.5), checkpoint_dir=Path("a"), callbacks=[])
    assert clone(settings) == settings
    assert clone(settings).get_params() == {
        **Training().get_params(),
        "max_epochs": 2,
        "learning_rate": 0.5,
        "checkpoint_dir": "a",
        "callbacks": [],
    }
    network = Network(hidden_size=np.int64(8))
    model = Model(Series(), Category(), network=network)
    assert model.network is network
    assert clone(model).network == network
    forecaster = Forecaster(np.int64(4), season=(np.int64(3),))
    assert isinstance(forecaster.get_params()["horizon"], np.int64)  # scikit-learn wants back what it gave
    assert clone(forecaster).get_params()["horizon"] == 4


def test_a_model_of_numpys_numbers_and_paths_trains_and_is_saved(tmp_path):
    network = Network(hidden_size=np.int64(4), bidirectional=np.bool_(False), dropout=np.float32(0.25), members=np.int64(1))
    training = Training(
        max_epochs=np.int64(2), random_state=np.int64(3), learning_rate=np.float64(0.01), verbose=0, checkpoint_dir=tmp_path / "checkpoints"
    )
    model = Model(Series(), Category(), network=network, training=training).fit([[1.0], [2.0, 1.0]] * 4, ["a", "b"] * 4)
    assert (tmp_path / "checkpoints").is_dir()
    model.save(tmp_path / "a.elman")
    loaded = elman.load(tmp_path / "a.elman", Model)
    assert (loaded.network.hidden_size, loaded.network.bidirectional, loaded.network.dropout) == (4, False, 0.25)
    assert loaded.training.checkpoint_dir == str(tmp_path / "checkpoints")
    plain_network, plain_training = (
        Network(hidden_size=4, bidirectional=False, dropout=0.25, members=1),
        Training(max_epochs=2, random_state=3),
    )
    plain_training.set_params(learning_rate=0.01, verbose=0)
    other = Model(Series(), Category(), network=plain_network, training=plain_training).fit([[1.0], [2.0, 1.0]] * 4, ["a", "b"] * 4)
    assert np.array_equal(model.predict_proba([[1.0]]), other.predict_proba([[1.0]]))


def test_a_forecaster_of_numpys_numbers_trains_and_is_saved(tmp_path):
    settings = {"season": (np.int64(4),), "context": np.int64(8), "level": (np.int64(80),), "refit": np.bool_(False)}
    training = Training(max_epochs=np.int64(1), verbose=0)
    preparation = Preparation(lags=np.array([1, 4]), segment=np.int64(2))
    forecaster = Forecaster(np.int64(2), preparation=preparation, network=Network(hidden_size=np.int64(4)), training=training, **settings)
    forecaster.fit([np.sin(np.arange(40) / 3)])
    forecaster.save(tmp_path / "a.elman")
    loaded = elman.load(tmp_path / "a.elman", Forecaster)
    assert (loaded.horizon, loaded.season, loaded.context, loaded.level, loaded.refit) == (2, (4,), 8, (80,), False)
    assert np.array_equal(loaded.predict().values, forecaster.predict().values)


def test_numbers_of_numpy_are_taken_as_arguments():
    text = LanguageModel(Text("char"), network=Network(hidden_size=4), training=Training(max_epochs=1, verbose=0)).fit(["abab"] * 8)
    few, top_p = np.int64(3), np.float32(0.5)
    assert text.generate("a", max_new_steps=few, top_k=few, top_p=top_p, random_state=few) == text.generate(
        "a", max_new_steps=3, top_k=3, top_p=0.5, random_state=3
    )
    assert text.next("a", k=np.int64(2)) == text.next("a", k=2)


def test_a_search_over_numpys_numbers_runs():
    values = {"network__hidden_size": np.arange(2, 5), "training__learning_rate": np.array([0.01, 0.1])}
    model = Model(Series(), Category(), network=Network(members=1), training=Training(max_epochs=1, verbose=0))
    search = RandomizedSearchCV(model, values, n_iter=2, cv=2, random_state=0, error_score="raise")
    search.fit([[1.0], [2.0, 1.0]] * 8, ["a", "b"] * 8)
    assert search.best_params_["network__hidden_size"] in (2, 3, 4)


def test_what_cannot_be_is_still_refused():
    for wrong in (np.float64(2.5), np.array([1, 2]), np.bool_(True), "x"):
        with pytest.raises(SettingError, match="hidden_size must be a whole number"):
            Model(Series(), Category(), network=Network(hidden_size=wrong), training=Training(max_epochs=1, verbose=0)).fit(
                [[1.0], [2.0]] * 4, ["a", "b"] * 4
            )


def test_a_repr_shows_what_differs_from_the_defaults():
    assert repr(Training()) == "Training()"
    assert repr(Training(max_epochs=3, schedule="constant", budget=None)) == "Training(max_epochs=3, schedule='constant')"
    assert repr(Training(callbacks=np.arange(3))) == "Training(callbacks=[0, 1, 2])"


def test_settings_are_equal_by_class_and_values():
    assert Training(max_epochs=3) == Training().set_params(max_epochs=3)
    assert Training(max_epochs=3) != Training(max_epochs=4)
    assert Training() != Network()
    assert Training() != {}
