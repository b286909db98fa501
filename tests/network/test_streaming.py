"""A network read piece by piece says what it says of the whole, bit for bit; its state can be forked, saved and put back."""

from __future__ import annotations

import numpy as np
import pytest
from tests.network.models_of_every_relation import CASES, CLASS, NUMBER, NUMBERS, SYMBOLS, case, numbers, symbols

from elman.errors import DataError, SettingError, ShapeError
from elman.network import collate
from elman.network.streams.steps import SequenceStream

ONE_WAY = {
    **{kind: case(SYMBOLS, CLASS, symbols, pooling=kind, bidirectional=False) for kind in ("last", "mean", "max", "concat")},
    "two layers": case(NUMBERS, NUMBER, numbers, head="gaussian", bidirectional=False, num_layers=2, cell="gru", pooling="concat"),
    "step": case(NUMBERS, SYMBOLS, numbers, "step", bidirectional=False, zoneout=0.1),
    "step in two layers": case(SYMBOLS, SYMBOLS, symbols, "step", bidirectional=False, num_layers=2, cell="elman", layer_norm=True),
}


def pieces_of(rng, row):
    cuts = np.sort(rng.integers(0, len(row) + 1, rng.integers(0, 4)))
    return np.split(row, cuts)


@pytest.mark.parametrize("name", ONE_WAY)
def test_pieces_say_what_the_whole_says(name):
    one, rng = ONE_WAY[name], np.random.default_rng(0)
    model = one.build(1)
    space = one.source.space
    for proba in (False, True):
        for _ in range(12):
            row = one.rows(rng, int(rng.integers(0, 15)))
            stream = SequenceStream(model)
            found = [stream.feed(collate([piece], space, "many"), proba=proba) for piece in pieces_of(rng, row)]
            whole = (model.predict_proba if proba else model.predict)(collate([row], space, "many"))[0]
            answer = np.concatenate(found) if one.target.rank == "many" else found[-1]
            assert answer.dtype == whole.dtype
            assert answer.shape == whole.shape
            assert answer.tobytes() == whole.tobytes()


@pytest.mark.parametrize("name", ["concat", "step"])
def test_forks_resets_and_saved_states(name):
    one, rng = ONE_WAY[name], np.random.default_rng(1)
    model = one.build(2).train()
    a, b, c = (collate([one.rows(rng, n)], one.source.space, "many") for n in (5, 3, 4))
    stream = SequenceStream(model)
    stream.feed(a)
    saved, fork = stream.save(), stream.copy()
    expected = stream.feed(b)
    fork.feed(c)
    other = SequenceStream(model)
    other.feed(c)
    other.load(saved)
    assert other.feed(b).tobytes() == expected.tobytes()
    other.reset()
    other.feed(a)
    assert other.feed(b).tobytes() == expected.tobytes()
    assert model.training
    with pytest.raises(DataError, match="This is not a saved state"):
        stream.load(saved[:20])
    with pytest.raises(ShapeError, match="The saved state holds"):
        SequenceStream(one.build(12)).load(saved)
    with pytest.raises(DataError, match="A stream reads one sequence; got 2 rows"):
        stream.feed(collate([one.rows(rng, 2)] * 2, one.source.space, "many"))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("summary, attention", "its pooling weighs all steps anew"),
        ("step", "it reads both ways"),
        ("general", "its decoder 'autoregressive' answers only when the source has ended"),
        ("ctc", "its decoder 'ctc'"),
        ("record", "its source has several parts"),
        ("one to one", "it does not read a sequence"),
        ("language model", "it does not read a sequence"),
    ],
)
def test_models_that_cannot_be_streamed(name, reason):
    with pytest.raises(SettingError, match=reason):
        SequenceStream(_one_way(CASES[name]).build(0) if name != "step" else CASES[name].build(0))


def _one_way(given):
    return case(given.source, given.target, given.rows, given.align, answers=given.answers, **given.options, bidirectional=False)


def test_a_stem_that_looks_ahead_cannot_be_streamed():
    ahead = case(NUMBERS, SYMBOLS, numbers, "step", stem="conv", bidirectional=False)
    with pytest.raises(SettingError, match="its stem looks ahead"):
        SequenceStream(ahead.build(0))
