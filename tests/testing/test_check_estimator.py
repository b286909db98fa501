"""check_estimator: every estimator passes it, and it notices what is wrong with broken ones."""

import numpy as np
import pytest
import torch

from elman import (
    Category,
    Forecaster,
    Image,
    LanguageModel,
    Model,
    Network,
    Number,
    Record,
    Series,
    Strokes,
    Symbols,
    Tags,
    Text,
    Training,
    Vector,
)
from elman.errors import CheckError
from elman.testing import check_estimator

SMALL = Network(hidden_size=8)
RNG = np.random.default_rng(0)
WORDS = ["".join(RNG.choice(list("abc"), RNG.integers(1, 5))) for _ in range(60)]
WAVES = [np.sin((0.3 + i % 2) * np.arange(5 + i % 7) + i) for i in range(40)]


def quick(epochs=10):
    return Training(max_epochs=epochs, learning_rate=0.02, batch_size=8, verbose=0)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def classifier():
    return Model(Series(), Category(), network=SMALL, training=quick())


RELATIONS = {
    "many to one category": (classifier(), WAVES, ["slow", "fast"] * 20),
    "many to one number": (
        Model(Series(), Number(), network=SMALL, training=quick(20)),
        [np.full(2 + i % 4, i % 5) for i in range(60)],
        [float(i % 5) for i in range(60)],
    ),
    "many to one tags": (
        Model(Text("char"), Tags(), network=SMALL, training=quick(20)),
        WORDS,
        [sorted(set(w) & set("ab")) for w in WORDS],
    ),
    "several columns": (
        Model(Record(word=Text("char"), number=Number()), Category(), network=SMALL, training=quick(20)),
        [{"word": w, "number": i % 2} for i, w in enumerate(WORDS)],
        ["odd" if i % 2 else "even" for i in range(60)],
    ),
    "pen strokes": (
        Model(Strokes(), Category(), network=SMALL, training=quick()),
        [np.cumsum(RNG.normal(size=(6 + i % 4, 2)) + np.array([i % 2, 0]), axis=0) for i in range(60)],
        ["right", "nowhere"] * 30,
    ),
    "one to one": (Model(Vector(), Category(), network=SMALL, training=quick()), list(np.eye(3)) * 20, ["x", "y", "z"] * 20),
    "picture to one": (
        Model(Image(), Category(), network=SMALL, training=quick()),
        [np.eye(4)[:: (-1) ** i] for i in range(40)],
        [0, 1] * 20,
    ),
    "one to many": (Model(Category(), Text("char"), network=SMALL, training=quick(15)), ["a", "b", "c"] * 20, ["one", "two", "six"] * 20),
    "many to many by step": (
        Model(Text("char"), Symbols(), align="step", network=SMALL, training=quick()),
        WORDS,
        [["vowel" if c == "a" else "other" for c in w] for w in WORDS],
    ),
    "many to many freely": (Model(Text("char"), Text("char"), align="attention", network=SMALL, training=quick(20)), WORDS, WORDS),
    "many to many in order": (
        Model(Series(), Symbols(), align="ctc", network=SMALL, training=quick(30)),
        [np.repeat([ord(c) - 98.0 for c in w], 3) for w in WORDS],
        [[k for k, g in zip(w, " " + w, strict=False) if k != g] for w in WORDS],
    ),
    "characters": (LanguageModel(Text("char"), network=SMALL, training=quick()), ["abcabcab", "bcabca", "cabc"] * 8, None),
    "words": (LanguageModel(Text("word"), network=SMALL, training=quick()), ["to be or not to be", "not to be or"] * 8, None),
    "symbols": (LanguageModel(Symbols(), network=SMALL, training=quick()), [[1, 2, 3] * 3, [2, 3, 1] * 2] * 8, None),
    "series": (
        Forecaster(3, context=12, season=1, network=Network(hidden_size=16), training=quick()),
        [np.sin(np.arange(80) / 3 + k) for k in range(3)],
        None,
    ),
    "series, value by value": (
        Forecaster(3, model="autoregressive", context=12, season=1, network=SMALL, training=quick()),
        [np.sin(np.arange(80) / 3 + k) for k in range(3)],
        None,
    ),
}


@pytest.mark.parametrize("name", RELATIONS)
def test_every_relation_passes(name):
    estimator, x, y = RELATIONS[name]
    assert len(check_estimator(estimator, x, y)) == 9


def test_a_fitted_estimator_is_not_taken():
    with pytest.raises(CheckError, match="gives_back_its_parameters.*fitted already"):
        check_estimator(classifier().set_params(training__max_epochs=1).fit(WAVES, ["a", "b"] * 20), WAVES, ["a", "b"] * 20)


class FitsItsCodec(Model):
    def fit(self, X, y):
        self.source.fit(X, role="source")
        return super().fit(X, y)


class DrawsNumbers(Model):
    def fit(self, X, y):
        torch.rand(1)
        return super().fit(X, y)


class ReturnsNothing(Model):
    def fit(self, X, y):
        super().fit(X, y)


class CarriesOver(Model):
    def fit(self, X, y):
        self.training = Training(**{**self.training.get_params(), "random_state": self.training.random_state + 1})
        return super().fit(X, y)


class SpoilsTheData(Model):
    def fit(self, X, y):
        super().fit(X, y)
        X[0][0] = 7.0
        return self


class Remembers(Model):
    count = 0

    def fit(self, X, y):
        Remembers.count += 1
        super().fit(X, y)
        with torch.no_grad():
            next(self.model_.parameters()).add_(0.1 * Remembers.count)
        return self


class AsksItsNeighbours(Model):
    def predict_proba(self, X):
        return super().predict_proba(X) + 1e-4 * len(X)


class NoEmptyRows(Model):
    def predict(self, X, **decoding):
        if any(len(row) == 0 for row in X):
            self._encode([object()])
        return super().predict(X, **decoding)


class LosesItsCalibration(Model):
    """Something fitted that is not in the file."""

    def fit(self, X, y):
        super().fit(X, y)
        self.bias_ = 0.125
        return self

    def predict_proba(self, X):
        return super().predict_proba(X) + getattr(self, "bias_", 0.0)


class FailsOddly(Model):
    def predict(self, X, **decoding):
        return self.model_.predict(X)


class AnswersUnfitted(Model):
    def plan(self):
        return None


class ChangesItsArguments(Model):
    def __init__(self, source, target, *, align="auto", network=None, training=None):
        super().__init__(source, target, align=align, network=Network(hidden_size=2), training=training)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (ChangesItsArguments, "gives_back_its_parameters"),
        (FailsOddly, "refuses_before_fit.*predict before fit raises AttributeError"),
        (AnswersUnfitted, "refuses_before_fit.*plan before fit does not raise"),
        (ReturnsNothing, "does not return the estimator"),
        (DrawsNumbers, "random numbers"),
        (CarriesOver, "fit changes the parameters"),
        (FitsItsCodec, "leaves its mark on the codec given as source"),
        (SpoilsTheData, "fit changes the data"),
        (Remembers, "fits_from_scratch_to_the_same_bits"),
        (AsksItsNeighbours, "a row alone is answered differently"),
        (NoEmptyRows, "answers_empty_rows: NoEmptyRows refuses: row 0"),
        (LosesItsCalibration, "loaded"),
    ],
)
def test_broken_estimators_are_found(kind, message):
    rows = [row.copy() for row in WAVES[:12]]
    model = kind(Series(), Category(), network=Network(hidden_size=2), training=quick(1))
    with pytest.raises(CheckError, match=message):
        check_estimator(model, rows, ["slow", "fast"] * 6)


def test_one_that_learns_nothing_is_found():
    labels = [str(i) for i in RNG.integers(0, 2, 40)]
    model = Model(Series(), Category(), network=SMALL, training=quick(1).set_params(learning_rate=1e-9))
    with pytest.raises(CheckError, match="learns: Model: accuracy is .* nothing was learned"):
        check_estimator(model, WAVES, labels)
