"""Texts to categories, tags and numbers: they learn, whatever is read, and say which words moved the answer."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.linear_model import LogisticRegression

import elman
from elman import Category, Dialogue, Image, Model, Network, Number, Record, Series, Symbols, Tags, Text, Training, Vector
from elman.errors import DataError, DataTypeError, SettingError
from elman.fitting import wide as _wide
from elman.fitting.learning import settings_of
from elman.fitting.recipe import recipe
from elman.network.decoders.wide import MixedOutput
from elman.network.ensemble import Ensemble, members_of

SUBJECTS = ["the food", "the soup", "a waiter", "this room", "dinner"]
GOOD = ["{} was wonderful", "{} is really good", "we loved {}", "{} made us happy"]
BAD = ["{} was terrible", "{} is really bad", "we hated {}", "{} made us angry"]
X = [verdict.format(subject) for subject in SUBJECTS for verdict in GOOD + BAD]
Y = [label for _ in SUBJECTS for label in ["good"] * 4 + ["bad"] * 4]
QUICK = Training(max_epochs=8, verbose=0)
LONGER = Training(max_epochs=25, learning_rate=0.02, batch_size=8, verbose=0)
SMALL = Network(hidden_size=16, members=2)


@pytest.fixture(scope="module")
def reviews():
    return Model(Text(), Category(), network=SMALL, training=QUICK).fit(X, Y)


def test_texts_learn_and_words_never_seen_are_read_by_their_spelling(reviews):
    assert reviews.score(X, Y) == 1.0
    assert reviews.predict(["the soup was wonderfully made", "an angry waiter"]).tolist() == ["good", "bad"]
    proba = reviews.predict_proba(X)
    np.testing.assert_allclose(proba.sum(1), 1, atol=1e-6)
    np.testing.assert_allclose(np.exp(reviews.predict_log_proba(X)), proba, rtol=1e-5)
    assert isinstance(reviews.model_, Ensemble)


def test_odd_texts_have_answers(reviews):
    odd = ["", "   ", "xyzzy", "\n", "¿?", "Soup " * 500, b"caf\xc3\xa9"]
    alone = np.concatenate([reviews.predict_proba([text]) for text in odd])
    np.testing.assert_allclose(reviews.predict_proba(odd), alone, atol=1e-6)
    assert np.isfinite(alone).all()
    assert len(set(reviews.predict(odd)) - {"good", "bad"}) == 0


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (["a", 3], ["x", "y"], DataTypeError, "expected text; got int"),
        (["a", None], ["x", "y"], DataTypeError, "expected text; got NoneType"),
        (["a", "b"], ["x", None], DataError, "row 1"),
        (["a"], ["x"], DataError, "fit needs at least 2 rows"),
        ("ab", ["x", "y"], DataTypeError, "X must hold one value a row"),
    ],
)
def test_bad_texts_and_labels_are_refused(x, y, error, message):
    with pytest.raises(error, match=message):
        Model(Text(), Category(), network=SMALL, training=QUICK).fit(x, y)


def test_one_category_only_is_that_category():
    model = Model(Text(), Category(), network=SMALL, training=QUICK).fit(X[:24], ["same"] * 24)
    assert set(model.predict(["", "the food", "xyzzy"])) == {"same"}
    assert model.baseline_ == 1.0
    assert model.predict_proba([""]).tolist() == [[1.0]]


def test_texts_that_are_all_empty_give_the_shares():
    model = Model(Text(), Category(), network=SMALL, training=QUICK).fit([""] * 24, ["a"] * 18 + ["b"] * 6)
    assert model.predict(["", "a word"]).tolist() == ["a", "a"]


def test_a_label_never_seen_is_refused(reviews):
    with pytest.raises(DataError, match="row 0: category 'great' was never seen in fit"):
        reviews.score(["good food"], ["great"])


def test_texts_to_tags_and_numbers_learn():
    tags = [[word for word in ("soup", "food", "wonderful", "bad") if word in text] for text in X]
    model = Model(Text(), Tags(), network=SMALL, training=Training(max_epochs=20, verbose=0)).fit(X, tags)
    assert model.score(X, tags) > 0.95
    numbers = [3.0 * text.count("good") - 2.0 * text.count("soup") for text in X]
    model = Model(Text(), Number(), network=SMALL, training=Training(max_epochs=30, verbose=0)).fit(X, numbers)
    assert model.score(X, numbers) > 0.85


def test_records_and_dialogues_learn():
    rows = [{"review": text, "price": float(i % 3)} for i, text in enumerate(X)]
    record = Model(Record(review=Text(), price=Number()), Category(), network=Network(hidden_size=16), training=LONGER).fit(rows, Y)
    assert record.score(rows, Y) > 0.9
    calls = [[("client", text), ("agent", "thank you")] for text in X]
    model = Model(Dialogue(), Category(), network=SMALL, training=QUICK).fit(calls, Y)
    assert model.score(calls, Y) == 1.0
    assert model.attribute(calls[0]).labels == model.source_.tokens(calls[0])
    assert model.predict([[]]).tolist()[0] in ("good", "bad")


def test_dialogues_answer_turn_by_turn():
    calls = [[("client", X[i]), ("agent", "thank you"), ("client", X[-1 - i])] for i in range(40)]
    labels = [[Y[i], "agent", Y[-1 - i]] for i in range(40)]
    codec = Dialogue()
    steps = [codec.per_step(call, turns) for call, turns in zip(calls, labels, strict=True)]
    model = Model(Dialogue(), Symbols(), align="step", network=Network(hidden_size=16), training=LONGER)
    answers = model.fit(calls, steps).predict(calls)
    turns = [codec.per_turn(call, answer) for call, answer in zip(calls, answers, strict=True)]
    assert np.mean([a == b for row, truth in zip(turns, labels, strict=True) for a, b in zip(row, truth, strict=True)]) > 0.95


def test_files_keep_ensembles_and_their_linear_parts(reviews, tmp_path):
    reviews.save(tmp_path / "reviews.elman")
    loaded = elman.load(tmp_path / "reviews.elman")
    assert np.array_equal(loaded.predict_proba(X), reviews.predict_proba(X))
    assert loaded.plan() == reviews.plan()
    assert loaded.source_.spelling is True


def test_members_learn_apart_and_go_on_where_they_stopped(tmp_path):
    training = Training(max_epochs=2, verbose=0, checkpoint_dir=str(tmp_path / "kept"))
    first = Model(Text(), Category(), network=SMALL, training=training).fit(X, Y)
    assert len(list((tmp_path / "kept").glob("run-*/checkpoint-*"))) == 4  # the last two of each member
    one, other = (member.encoder.layers.weight_hh_l0 for member in members_of(first.model_))
    assert not torch.equal(one, other)
    again = Model(Text(), Category(), network=SMALL, training=training).fit(X, Y)
    assert np.array_equal(again.predict_proba(X), first.predict_proba(X))
    alone = Model(Text(), Category(), network=Network(hidden_size=16, members=1), training=Training(max_epochs=2, verbose=0)).fit(X, Y)
    assert torch.equal(alone.model_.encoder.layers.weight_hh_l0, one)
    assert settings_of(Training(budget="60s"), 1, 3).budget == 20.0


def test_an_interrupted_ensemble_is_those_that_learned(monkeypatch):
    from elman.fitting import learning as _learning

    learned, fit = [], _learning.fit

    def stopping(*arguments):
        history = fit(*arguments)
        learned.append(history)
        history.stopped = "interrupted" if len(learned) == 2 else history.stopped
        return history

    monkeypatch.setattr(_learning, "fit", stopping)
    model = Model(Text(), Category(), network=Network(hidden_size=4, members=3), training=Training(max_epochs=1, verbose=0)).fit(X, Y)
    assert len(model.model_.members) == model.plan().members == 2
    assert model.history_.interrupted


def test_the_linear_part_is_the_solution_of_a_dense_one(reviews):
    rng = np.random.default_rng(0)
    dense = (rng.random((60, 12)) < 0.3).astype(float)
    y = (dense[:, 0] + 0.3 * rng.random(60) > 0.6).astype(int)
    weight, bias = _wide._categories(sparse.csr_matrix(dense), y, 2, ())
    p, q = (1 + dense[y == c].sum(0) for c in (1, 0))
    ratio = np.abs(np.log(p / p.sum()) - np.log(q / q.sum()))
    expected = LogisticRegression(C=10.0, max_iter=300).fit(dense * ratio, y)
    scores = dense @ weight + bias
    np.testing.assert_allclose(scores[:, 1] - scores[:, 0], expected.decision_function(dense * ratio), atol=1e-6)
    member = reviews.model_.members[0]
    assert float(member.decoder.wide.weight.abs().max()) > 0
    assert not member.decoder.wide.weight.requires_grad


@pytest.mark.parametrize("source", [Text("char"), Symbols()], ids=["characters", "symbols"])
def test_other_symbols_may_have_a_linear_part_too(source):
    x = X if isinstance(source, Text) else [text.split() for text in X]
    model = Model(source, Category(), network=Network(hidden_size=4, wide=True), training=Training(max_epochs=2, verbose=0)).fit(x, Y)
    assert model.plan().wide > 10
    assert model.score(x, Y) > 0.9
    attribution = model.attribute(x[0], steps=100)
    assert attribution.scores.sum() == pytest.approx(attribution.reached - attribution.base, abs=0.01)


def test_the_share_goes_to_the_part_that_is_right(reviews, monkeypatch):
    member = members_of(reviews.model_)[0]
    output = member.decoder.head.output
    assert isinstance(output, MixedOutput)
    shares = output.shares.clone()
    rng = np.random.default_rng(0)
    truth = [np.int64(i % 2) for i in range(200)]
    right, noise = np.array([[3.0, -3.0], [-3.0, 3.0]] * 100) * (rng.random((200, 1)) < 0.9), rng.normal(size=(200, 2)) * 3
    for scores, better in (((right, noise), 0), ((noise, right), 1)):
        monkeypatch.setattr(_wide, "_scores", lambda *_, scores=scores: scores)
        _wide.weigh(member, truth, truth)
        assert float(output.shares[better]) > 0.4
        assert float(output.shares[1 - better]) < 0.1
    output.shares.copy_(shares)


def test_the_recipe_only_fills_settings_left_at_auto(reviews):
    plan = reviews.plan()
    assert [recipe(plan, Training(), rows).max_epochs for rows in (40, 800, 8_000, 10**6)] == [40, 15, 6, 3]
    assert recipe(plan, Training(max_epochs=7), 40).max_epochs == 7
    other = Model(Series(), Category(), network=Network(hidden_size=2), training=Training(max_epochs=1, verbose=0))
    assert recipe(other.fit([[1.0], [2.0]] * 4, [0, 1] * 4).plan(), Training(), 40).max_epochs == "auto"


def test_ctc_models_of_few_rows_train_in_small_batches(reviews):
    frames = replace(reviews.plan(), decoder="ctc")
    sizes = [recipe(frames, Training(), rows).batch_size for rows in (840, 1_500, 2_400, 4_001)]
    assert sizes == [4, 8, 16, "auto"]
    assert recipe(frames, Training(batch_size=32), 840).batch_size == 32
    assert recipe(reviews.plan(), Training(), 840).batch_size == "auto"


# Attribution


def test_scores_sum_to_the_change_and_find_the_word(reviews):
    attribution = reviews.attribute("dinner was wonderful", steps=100)
    assert attribution.labels == ["dinner", "was", "wonderful"]
    assert attribution.answer == "good"
    assert attribution.top(1)[0][0] == "wonderful"
    assert attribution.scores.sum() == pytest.approx(attribution.reached - attribution.base, abs=0.01)
    against = reviews.attribute("dinner was wonderful", "bad", steps=100)
    np.testing.assert_allclose(against.scores, -attribution.scores, atol=1e-4)  # two classes: one is the other's opposite
    assert next(iter(attribution)) == ("dinner", float(attribution.scores[0]))
    assert len(attribution) == 3
    assert "wonderful" in str(attribution)
    assert len(reviews.attribute("")) == 0


def test_a_linear_network_is_explained_exactly():
    """With the recurrent part's share at zero the scores are the weights of the n-grams."""
    model = Model(Text(), Category(), network=Network(hidden_size=4, members=1), training=Training(max_epochs=1, verbose=0)).fit(X, Y)
    model.model_.decoder.head.output.shares.copy_(torch.tensor([0.0, 1.0]))
    attribution = model.attribute("we loved dinner we", "good")
    assert attribution.scores.sum() == pytest.approx(attribution.reached - attribution.base, abs=1e-6)
    log_odds = float(np.diff(model.predict_log_proba(["we loved dinner we"])[0])[0])
    assert 2 * attribution.reached == pytest.approx(log_odds, abs=1e-5)


@pytest.mark.parametrize(
    ("source", "x", "label"),
    [
        (Symbols(), [["a", "b", "c"][: 1 + i % 3] for i in range(24)], ["a"]),
        (Series(), [[float(i % 3)] * (2 + i % 3) for i in range(24)], [0, 1]),
        (Image("rows"), [np.eye(4) * (i % 3) for i in range(24)], [0, 1, 2, 3]),
        (Text("char"), ["abc"[: 1 + i % 3] for i in range(24)], ["a"]),
        (Record(a=Series(), b=Number()), [{"a": [float(i % 3)] * 3, "b": 1.0} for i in range(24)], [0, 1, 2]),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, list) else "",
)
def test_every_kind_of_sequence_is_explained(source, x, label):
    model = Model(source, Category(), network=Network(hidden_size=6), training=Training(max_epochs=2, verbose=0))
    model.fit(x, ["p", "q", "r"] * 8)
    attribution = model.attribute(x[0], "q", steps=200)
    assert attribution.labels == label
    assert attribution.scores.sum() == pytest.approx(attribution.reached - attribution.base, abs=0.01)
    assert len(model.attribute(x[0], method="gradient")) == len(label)


def test_tags_and_numbers_are_explained():
    tags = [["soup"] if "soup" in text else [] for text in X]
    model = Model(Text(), Tags(), network=SMALL, training=Training(max_epochs=20, verbose=0)).fit(X, tags)
    assert model.attribute("we loved the soup", "soup").top(1)[0][0] == "soup"
    numbers = [5.0 * text.count("good") for text in X]
    model = Model(Text(), Number(), network=SMALL, training=Training(max_epochs=20, verbose=0)).fit(X, numbers)
    assert model.attribute("the room is really good").top(1)[0][0] == "good"


def test_explaining_changes_nothing(reviews):
    before = reviews.predict_proba(X)
    needed = [p.requires_grad for p in reviews.model_.parameters()]
    reviews.attribute(X[0])
    assert [p.requires_grad for p in reviews.model_.parameters()] == needed
    assert all(p.grad is None for p in reviews.model_.parameters())
    assert not reviews.model_.training
    assert np.array_equal(reviews.predict_proba(X), before)


def test_answers_that_cannot_be_explained_are_refused(reviews):
    with pytest.raises(SettingError, match="answer must be one of"):
        reviews.attribute("good", "great")
    with pytest.raises(SettingError, match="method must be one of"):
        reviews.attribute("good", method="lime")
    with pytest.raises(SettingError, match=r"steps must be a whole number in 1\.\.10000; got 0"):
        reviews.attribute("good", steps=0)
    vectors = Model(Vector(), Category(), training=Training(max_epochs=1, verbose=0)).fit([[0.0], [1.0]] * 4, [0, 1] * 4)
    with pytest.raises(SettingError, match="attribute explains one answer about a sequence"):
        vectors.attribute([0.0])
