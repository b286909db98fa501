"""Models that learned a task whose lag is known: echo (copy of k steps ago), parity, adding, copy-k, and a bag of words."""

from __future__ import annotations

import numpy as np
import torch

from elman import Category, Model, Network, Number, Series, Symbols, Text, Training
from elman.datasets.grammars import adding, copy_k

STEP = {"align": "step"}


def training(epochs, rate=0.01, batch=32):
    return Training(max_epochs=epochs, learning_rate=rate, batch_size=batch, verbose=0, patience=epochs)


def network(cell="gru", hidden=24, **more):
    return Network(cell=cell, hidden_size=hidden, num_layers=1, bidirectional=False, dropout=0.0, members=1, **more)


def echo(k, count=300, length=14, epochs=25):
    """Say at each step what was read k steps ago; "-" before that."""
    rng = np.random.default_rng(k)
    xs = [rng.choice(list("abc"), length).tolist() for _ in range(count)]
    ys = [(["-"] * k + x)[:length] for x in xs]
    return Model(Symbols(), Symbols(), network=network(hidden=32), training=training(epochs, 0.02), **STEP).fit(xs, ys), xs, ys


def parity(length=10, count=600, epochs=60):
    """Say at each step whether the number of ones so far is odd."""
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2, (count, length))
    xs, ys = [row.astype(str).tolist() for row in bits], [(row.cumsum() % 2).astype(str).tolist() for row in bits]
    return Model(Symbols(), Symbols(), network=network(hidden=16), training=training(epochs, 0.02), **STEP).fit(xs, ys), xs, ys


def adding_problem(length=10, count=1500, epochs=40):
    """The sum of two marked numbers, one in each half."""
    xs, ys = adding(count, (length, length))
    model = Model(Series("none"), Number(), network=network(hidden=24, pooling="last", head="point"), training=training(epochs, 0.01))
    return model.fit(xs, ys), *adding(400, (length, length), random_state=1)


def copying(k=1, wait=10, count=600, epochs=30):
    """Repeat k symbols after a wait."""
    xs, ys = copy_k(count, k, (wait, wait))
    model = Model(Symbols(), Symbols(), network=network(hidden=32), training=training(epochs, 0.02), **STEP)
    return model.fit(xs, ys), *copy_k(100, k, (wait, wait), random_state=1)


def bag_of_words():
    """A recurrence without recurrent weights under a mean: each word counts wherever it stands."""
    rng = np.random.default_rng(0)
    words = np.array(["good", "fine", "nice", "bad", "poor", "sad", "the", "a", "of"])
    xs = [rng.choice(words, 8) for _ in range(200)]
    ys = ["yes" if np.isin(x, words[:3]).sum() > np.isin(x, words[3:6]).sum() else "no" for x in xs]
    texts = [" ".join(x) for x in xs]
    model = Model(Text(), Category(), network=network("elman", pooling="mean", wide=False), training=training(15))
    model.fit(texts, ys)
    with torch.no_grad():
        model.model_.encoder.layers.weight_hh_l0.zero_()
    return model, texts, ys
