"""model.stream(): values in pieces, answers as they come, equal to predict."""

from __future__ import annotations

import numpy as np
import pytest

from elman import Audio, Category, Model, Network, Series, Symbols, Text, Training
from elman.errors import NotFittedError, SettingError
from elman.estimators._streaming import ModelStream

QUICK = Training(max_epochs=2, verbose=0, validation_fraction=0.0)
ONE_WAY = Network(bidirectional=False, hidden_size=8, pooling="mean")
FILMS = (["good film", "bad film", "so good", "so bad"] * 4, [1, 0, 1, 0] * 4)


def test_numbers_to_a_category():
    rng = np.random.default_rng(0)
    rows = [rng.normal(size=rng.integers(2, 9)).cumsum() for _ in range(24)]
    model = Model(Series(), Category(), network=ONE_WAY, training=QUICK).fit(rows, ["up" if row[-1] > 0 else "down" for row in rows])
    stream = model.stream()
    for row in rows[:6]:
        stream.reset()
        for number in row:
            answer = stream.step(number)
        assert answer == model.predict([row])[0]
        stream.reset()
        stream.feed(row[:2])
        assert stream.feed(row[2:], proba=True).tobytes() == model.predict_proba([row])[0].tobytes()
        fork = stream.copy()
        other = model.stream()
        other.load(stream.save())
        assert fork.feed(row[:1], proba=True).tobytes() == other.step(row[0], proba=True).tobytes()


def test_words_to_tags():
    words = [["the", "dog", "runs"], ["a", "cat", "sees", "the", "dog"], ["dogs", "run"]] * 4
    tags = [["D" if w in ("the", "a") else "V" if w in ("runs", "sees", "run") else "N" for w in row] for row in words]
    model = Model(Symbols(), Symbols(), align="step", network=Network(bidirectional=False, hidden_size=8), training=QUICK).fit(words, tags)
    stream = model.stream()
    assert [stream.step(word) for word in words[1]] == model.predict([words[1]])[0]
    stream.reset()
    assert stream.feed(words[1][:2]) + stream.feed([]) + stream.feed(words[1][2:]) == model.predict([words[1]])[0]


def test_text_in_words():
    alone = Network(**ONE_WAY.get_params() | {"members": 1, "wide": False})
    model = Model(Text(), Category(), network=alone, training=QUICK).fit(*FILMS)
    stream = model.stream()
    stream.step("so")
    assert stream.step("good") == model.predict(["so good"])[0]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"members": 3, "wide": False}, r"it is 3 networks whose answers are averaged; fit it with Network\(members=1\)"),
        ({"members": 1, "wide": True}, r"its linear part weighs the n-grams of the whole; fit it with Network\(wide=False\)"),
    ],
)
def test_what_weighs_more_than_one_recurrence_cannot_be_streamed(options, reason):
    model = Model(Text(), Category(), network=Network(**ONE_WAY.get_params() | options), training=QUICK).fit(*FILMS)
    with pytest.raises(SettingError, match=f"This model cannot be streamed: {reason}"):
        model.stream()


def test_what_cannot_be_streamed():
    with pytest.raises(NotFittedError, match="not fitted"):
        Model(Series(), Category()).stream()
    with pytest.raises(SettingError, match="Audio cannot be streamed: its encoding looks at more than one step"):
        ModelStream(None, Audio(), Category())
    with pytest.raises(SettingError, match="Text cannot be streamed"):
        ModelStream(None, Text("bpe"), Category())
