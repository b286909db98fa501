"""Model: every relation learns, answers do not depend on the batch, scikit-learn's contract holds."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

import elman
from elman import Category, Image, Model, Network, Number, Series, Symbols, Tags, Text, Training, Vector
from elman.errors import DataError, DataTypeError, NotFittedError, SettingError


def test_many_to_one_category(waves, quick):
    x, y = waves
    model = Model(Series(), Category(), training=quick).fit(x[:60], y[:60])
    assert model.score(x[60:], y[60:]) >= 0.9
    proba = model.predict_proba(x[60:])
    assert proba.shape == (20, 2)
    assert proba.sum(axis=1) == pytest.approx(np.ones(20), abs=1e-5)
    assert [model.classes_[i] for i in proba.argmax(axis=1)] == list(model.predict(x[60:]))


def test_many_to_one_number(waves, quick):
    x, _ = waves
    lengths = [float(len(s)) for s in x]
    model = Model(Series(), Number(), training=quick.set_params(max_epochs=40)).fit(x[:60], lengths[:60])
    assert model.score(x[60:], lengths[60:]) > 0.7
    assert model.predict(x[60:]).dtype == np.float64


def test_many_to_one_tags(quick):
    rng = np.random.default_rng(0)
    words = [[str(s) for s in rng.choice(list("abcdef"), 5)] for _ in range(150)]
    tags = [sorted({w for w in row if w in "ab"}) for row in words]
    model = Model(Symbols(), Tags(), training=quick.set_params(max_epochs=40)).fit(words[:120], tags[:120])
    assert model.score(words[120:], tags[120:]) > 0.8


def test_one_to_one_picture_and_vector(quick):
    rng = np.random.default_rng(0)
    y = ["left", "right"] * 40
    pictures = [rng.random((6, 6)) * 0.3 + np.eye(6)[:, :: -1 if label == "left" else 1] for label in y]
    assert Model(Image(), Category(), training=quick).fit(pictures[:60], y[:60]).score(pictures[60:], y[60:]) >= 0.9
    vectors = rng.normal(size=(80, 3))
    target = vectors @ [1.0, -2.0, 0.5]
    model = Model(Vector(), Number(), training=quick.set_params(max_epochs=40)).fit(vectors[:60], target[:60])
    assert model.score(vectors[60:], target[60:]) > 0.8


def test_one_to_many(quick):
    y = [["zero", "one", "two"][i % 3] for i in range(90)]
    x = [np.eye(3)[i % 3] for i in range(90)]
    model = Model(Vector(), Text("char"), training=quick.set_params(max_epochs=60)).fit(x, y)
    assert model.predict(np.eye(3)) == ["zero", "one", "two"]


def test_many_to_many_per_step(quick):
    rng = np.random.default_rng(0)
    x = [[int(s) for s in rng.integers(0, 2, rng.integers(3, 9))] for _ in range(120)]
    y = [["even" if v % 2 == 0 else "odd" for v in np.cumsum(row)] for row in x]
    model = Model(Symbols(), Symbols(), align="step", training=quick.set_params(max_epochs=40)).fit(x[:100], y[:100])
    assert model.score(x[100:], y[100:]) > 0.95
    assert len(model.predict([[1, 0, 1]])[0]) == 3


def test_many_to_many_free(quick):
    rng = np.random.default_rng(0)
    x = ["".join(rng.choice(list("abcd"), rng.integers(1, 5))) for _ in range(600)]
    y = [word[::-1].upper() for word in x]
    model = Model(Text("char"), Text("char"), align="attention", training=quick.set_params(max_epochs=25)).fit(x[:550], y[:550])
    assert model.score(x[550:], y[550:]) > 0.9


def test_answers_do_not_depend_on_the_batch(waves, quick):
    x, y = waves
    model = Model(Series(), Category(), training=quick.set_params(max_epochs=2)).fit(x, y)
    together = model.predict_proba(x)
    alone = np.concatenate([model.predict_proba([row]) for row in x])
    assert np.abs(together - alone).max() < 1e-6


def test_the_same_seed_gives_the_same_bits(waves, quick):
    x, y = waves
    first, second = (Model(Series(), Category(), training=quick.set_params(max_epochs=2)).fit(x, y).predict_proba(x) for _ in range(2))
    assert np.array_equal(first, second)
    other = Model(Series(), Category(), training=clone(quick).set_params(max_epochs=2, random_state=1)).fit(x, y).predict_proba(x)
    assert not np.array_equal(first, other)


def test_the_given_codecs_stay_untouched(waves, quick):
    source = Series()
    Model(source, Category(), training=quick.set_params(max_epochs=1)).fit(*waves)
    with pytest.raises(NotFittedError):
        source.encode([1.0])


def test_scikit_learn_contract(waves, quick):
    x, y = waves
    model = Model(Series(), Category(), training=quick.set_params(max_epochs=3))
    assert clone(model).get_params()["training__max_epochs"] == 3
    assert len(cross_val_score(model, x, y, cv=2)) == 2
    piped = Pipeline([("halve", FunctionTransformer(lambda rows: [row / 2 for row in rows])), ("model", model)])
    assert len(piped.fit(x, y).predict(x[:3])) == 3


def test_grid_search_over_the_hidden_size(waves):
    x, y = waves
    model = Model(Series(), Category(), training=Training(max_epochs=2, verbose=0))
    search = GridSearchCV(model, {"network__hidden_size": [4, 12]}, cv=2).fit(x, y)
    sizes = [r["network__hidden_size"] for r in search.cv_results_["params"]]
    assert sizes == [4, 12]
    assert search.best_estimator_.network.hidden_size == search.best_params_["network__hidden_size"]
    assert model.network is None


def test_plan_says_what_was_inferred(waves, quick):
    model = Model(Series(), Category(), network=Network(cell="gru", hidden_size=7), training=quick.set_params(max_epochs=1)).fit(*waves)
    text = str(model.plan())
    assert "summary" in text
    assert "gru" in text
    assert "7" in text


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([], [], "X is empty"),
        ([[1.0, 2.0]], ["a"], "fit needs at least 2 rows"),
        ([[1.0], [2.0]], ["a"], "X and y must have the same number of rows; got 2 and 1"),
        ([[1.0], ["x"]], ["a", "b"], "row 1"),
    ],
)
def test_bad_rows(x, y, message, quick):
    with pytest.raises(DataError, match=message):
        Model(Series(), Category(), training=quick).fit(x, y)


def test_nan_in_a_target_is_refused(quick):
    with pytest.raises(DataError, match="row 1"):
        Model(Series(), Number(), training=quick).fit([[1.0], [2.0], [3.0]], [1.0, float("nan"), 2.0])


def test_a_category_never_seen_in_fit_is_refused_in_score(waves, quick):
    model = Model(Series(), Category(), training=quick.set_params(max_epochs=1)).fit(*waves)
    with pytest.raises(DataError, match=r"row 1.*slaw.*slow"):
        model.score(waves[0][:2], ["slow", "slaw"])


def test_unfitted_and_wrong_arguments(waves):
    with pytest.raises(NotFittedError, match="This Model is not fitted yet"):
        Model(Series(), Category()).predict([[1.0]])
    with pytest.raises(DataTypeError, match="source must be a codec"):
        Model(Series, Category()).fit(*waves)
    with pytest.raises(SettingError, match="align must be"):
        Model(Series(), Category(), align="steps").fit(*waves)


def test_save_and_load_give_the_same_bits(waves, quick, tmp_path):
    x, y = waves
    model = Model(Series(), Category(), training=quick.set_params(max_epochs=2)).fit(x, y)
    model.save(tmp_path / "waves.elman")
    loaded = elman.load(tmp_path / "waves.elman")
    assert np.array_equal(loaded.predict_proba(x), model.predict_proba(x))
    assert loaded.get_params()["training__max_epochs"] == 2
    assert loaded.classes_ == model.classes_
    assert str(loaded.plan()) == str(model.plan())
    assert loaded.score(x, y) == model.score(x, y)
    assert list(clone(loaded).fit(x, y).predict(x[:2])) == list(model.predict(x[:2]))


def test_columns_of_numbers_of_a_frame_are_a_vector(quick):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame({"a": rng.normal(size=80), "b": rng.normal(size=80)})
    model = Model(Vector(), Number(), training=quick.set_params(max_epochs=30)).fit(frame[:60], (frame["a"] - frame["b"])[:60])
    assert model.score(frame[60:], (frame["a"] - frame["b"])[60:]) > 0.8
    assert np.array_equal(model.predict(frame[60:]), model.predict(frame[60:].to_numpy()))
