"""Small fitted models of every kind, trained once; two or three epochs will do."""

from __future__ import annotations

import numpy as np
import pytest

from elman import Category, Forecaster, Image, LanguageModel, Model, Network, Notes, Number, Series, Strokes, Symbols, Text, Training

QUICK = {"max_epochs": 2, "verbose": 0, "batch_size": 16}
WORDS = [["a", "b", "c", "b"][: 2 + n % 3] + ["d"] * (n % 2) for n in range(40)]
TEXTS = ["good red wine", "bad cold soup", "good soup", "bad wine"] * 10
SIDES = ["yes", "no", "yes", "no"] * 10


def fit(source, target, xs, ys, align="auto", **network):
    return Model(source, target, align=align, network=Network(**network), training=Training(**QUICK)).fit(xs, ys)


def waves(count=40, d=1):
    rng = np.random.default_rng(0)
    return [np.sin(np.arange(8 + n % 5)[:, None] * (0.3 + n % 2) + rng.uniform(0, 6, d)) for n in range(count)]


def strokes(count=24):
    rng = np.random.default_rng(1)
    return [rng.normal(size=(6 + n % 3, 2)).cumsum(0) for n in range(count)]


MAKERS = {
    "text": lambda: fit(Text(), Category(), TEXTS, SIDES),
    "series": lambda: fit(Series(), Category(), waves(), ["slow", "fast"] * 20, bidirectional=False, cell="lstm"),
    "deep": lambda: fit(Series(), Number(), waves(), [float(n % 2) for n in range(40)], num_layers=2, bidirectional=True, cell="gru"),
    "tags": lambda: fit(Symbols(), Symbols(), WORDS, [[s.upper() for s in w] for w in WORDS], align="step", members=1),
    "free": lambda: fit(Symbols(), Symbols(), WORDS, [[*w[::-1], "x"] for w in WORDS], align="attention"),
    "ctc": lambda: fit(Strokes(), Text("char"), strokes(), ["ab"[n % 2] for n in range(24)], align="ctc"),
    "picture": lambda: fit(Image("rows"), Category(), [np.full((8, 6), n % 2 * 200, np.uint8) for n in range(24)], ["no", "yes"] * 12),
    "captions": lambda: fit(Category(), Symbols(), ["x", "y"] * 20, WORDS),
    "language": lambda: LanguageModel(Text("char"), training=Training(**QUICK)).fit(["abc abd (e)"] * 30),
    "forecast": lambda: Forecaster(3, training=Training(**QUICK)).fit(np.sin(np.arange(120) / 3)),
    "paths": lambda: Forecaster(3, model="autoregressive", training=Training(**QUICK)).fit(np.sin(np.arange(120) / 3)),
    "music": lambda: LanguageModel(Notes(), training=Training(**QUICK)).fit([[[60, 64], [62], [60, 67], []] * 4] * 10),
    "flat": lambda: fit(Category(), Category(), ["x", "y"] * 20, ["b", "a"] * 20),
}
_MADE: dict = {}


@pytest.fixture
def made():
    """Return a fitted model by name; each is trained once a session."""

    def get(name):
        if name not in _MADE:
            _MADE[name] = MAKERS[name]()
        return _MADE[name]

    return get
