"""Baselines: scikit-learn estimators that learn what they can and say what they cannot."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.model_selection import cross_val_score

from elman import Series, Training, Vector
from elman.baselines import BagOfWords, ConvNet, Frequency
from elman.baselines.bag_of_words import as_text
from elman.errors import DataTypeError, NotFittedError, SettingError

X = [f"{who} {what}" for who in ("food", "soup", "wine", "room") for what in ("was good", "was bad", "not bad", "not good")]
Y = ["good", "bad", "good", "bad"] * 4
QUICK = Training(max_epochs=30, batch_size=8, learning_rate=0.01, verbose=0)


def test_frequency_answers_the_same_to_all():
    guess = Frequency().fit(X, ["yes"] * 10 + ["no"] * 6)
    assert set(guess.predict(["", "anything"])) == {"yes"}
    assert guess.predict_proba([""])[0].tolist() == [6 / 16, 10 / 16]
    assert guess.score(X, ["yes"] * 16) == 1.0


@pytest.mark.parametrize("model", [BagOfWords(), ConvNet(filters=8, training=QUICK)], ids=["linear", "convolutions"])
def test_word_order_of_two_is_learned(model):
    model = clone(model).fit(X * 3, Y * 3)
    assert model.score(X, Y) == 1.0
    proba = model.predict_proba([*X, ""])
    np.testing.assert_allclose(proba.sum(1), 1, atol=1e-6)
    assert log_loss(Y, proba[:-1], labels=list(model.classes_)) < 0.7
    assert model.parameters_ > 0


def test_they_are_scikit_learn_estimators():
    assert len(cross_val_score(BagOfWords(), X, Y, cv=2)) == 2
    model = ConvNet(filters=3, widths=(2,), training=Training(max_epochs=1, verbose=0))
    assert clone(model).get_params()["widths"] == (2,)
    assert len(cross_val_score(model, X, Y, cv=2)) == 2


def test_convolutions_read_any_sequence():
    waves = [[float(i % 2)] * (3 + i % 4) for i in range(24)]
    model = ConvNet(Series(), filters=4, training=QUICK).fit(waves, [i % 2 for i in range(24)])
    assert model.score(waves, [i % 2 for i in range(24)]) == 1.0
    alone = np.concatenate([model.predict_proba([wave]) for wave in waves])
    np.testing.assert_allclose(model.predict_proba(waves), alone, atol=1e-6)


def test_dialogues_and_symbols_are_texts_too():
    assert as_text([("a", "x"), {"speaker": "b", "text": "y"}]) == "a: x b: y"
    assert as_text(["p", 3]) == "p 3"
    calls = [[("client", text)] for text in X]
    assert BagOfWords().fit(calls, Y).score(calls, Y) == 1.0


def test_what_they_cannot_do():
    with pytest.raises(NotFittedError, match="This BagOfWords is not fitted yet"):
        BagOfWords().predict(["a"])
    with pytest.raises(NotFittedError, match="This ConvNet is not fitted yet"):
        ConvNet().predict(["a"])
    with pytest.raises(DataTypeError, match="expected text, turns or symbols; got int"):
        BagOfWords().fit([1, 2], ["a", "b"])
    with pytest.raises(SettingError, match="ConvNet reads sequences; got Vector"):
        ConvNet(Vector()).fit([[1.0], [2.0]], ["a", "b"])
