"""model.stream(): values in pieces, answers as they come, equal to predict."""

from __future__ import annotations

import numpy as np
import pytest

from elman import Audio, Category, Image, Joints, Model, Network, Notes, Series, Strokes, Symbols, Text, Training, Video
from elman.codecs.capabilities import Incremental
from elman.errors import DataError, NotFittedError, SettingError
from elman.mapping.pair import Pair
from elman.mapping.stream import ModelStream

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
def test_ensembles_and_linear_parts_cannot_be_streamed(options, reason):
    model = Model(Text(), Category(), network=Network(**ONE_WAY.get_params() | options), training=QUICK).fit(*FILMS)
    with pytest.raises(SettingError, match=f"This model cannot be streamed: {reason}"):
        model.stream()


def test_codecs_that_cannot_be_streamed():
    with pytest.raises(NotFittedError, match="not fitted"):
        Model(Series(), Category()).stream()
    with pytest.raises(SettingError, match="Audio cannot be streamed: its encoding looks at more than one step"):
        ModelStream(None, Pair(source=Audio().fit([np.ones(800)]), target=Category(), plan=None))
    with pytest.raises(SettingError, match="Text cannot be streamed"):
        ModelStream(None, Pair(source=Text("bpe"), target=Category(), plan=None))


def shapes(count: int = 16) -> tuple[list[np.ndarray], list[str]]:
    random = np.random.default_rng(1)
    kinds = [("v", [[0, 9], [3, 0], [6, 9]]), ("z", [[0, 9], [5, 9], [0, 0], [5, 0]])]
    chosen = [kinds[i % 2] for i in range(count)]
    return [np.array(points) + random.normal(0, 0.2, (len(points), 2)) for _, points in chosen], [name for name, _ in chosen]


def test_a_pen_while_it_moves():
    drawn, names = shapes()
    model = Model(Strokes(), Category(), network=ONE_WAY, training=QUICK).fit(drawn, names)
    stream = model.stream()
    for points in drawn[:4]:
        stream.reset()
        answers = [stream.step(point, proba=True) for point in points]
        assert answers[-1].tobytes() == model.predict_proba([points])[0].tobytes()
    stream.reset()
    stream.feed(drawn[0][:2])
    other, fork = model.stream(), stream.copy()
    other.load(stream.save())
    whole = model.predict_proba(drawn[:1])[0].tobytes()
    assert [each.feed(drawn[0][2:], proba=True).tobytes() for each in (stream, other, fork)] == [whole] * 3
    with pytest.raises(DataError, match="This is not a saved state: it is too short"):
        other.load(b"")


@pytest.mark.parametrize("read", ["rows", "columns"])
@pytest.mark.parametrize("colour", [False, True])
def test_a_picture_line_by_line(read, colour):
    random = np.random.default_rng(0)
    pictures = [random.integers(0, 256, (6, 9, 3) if colour else (6, 9), dtype=np.uint8) for _ in range(8)]
    model = Model(Image(read), Category(), network=Network(**ONE_WAY.get_params() | {"stem": "linear"}), training=QUICK).fit(
        pictures, [0, 1] * 4
    )
    stream, picture = model.stream(), pictures[3]
    lines = picture if read == "rows" else picture.swapaxes(0, 1)
    for line in lines:
        answer = stream.step(line, proba=True)
    assert answer.tobytes() == model.predict_proba([picture])[0].tobytes()
    stream.reset()
    cut = np.array_split(picture, 3, axis=0 if read == "rows" else 1)
    assert [stream.feed(piece, proba=True) for piece in cut][-1].tobytes() == answer.tobytes()
    with pytest.raises(DataError, match=rf"expected {read} .* of a picture, as large as in fit; got shape \(4, 4\)"):
        stream.feed(np.zeros((4, 4), np.uint8))


def test_frames_of_music():
    pieces = [[[60, 64], [62], []], [[48], [50, 52]]] * 4
    model = Model(Notes(), Category(), network=ONE_WAY, training=QUICK).fit(pieces, ["high", "low"] * 4)
    stream = model.stream()
    answers = [stream.step(frame, proba=True) for frame in pieces[0]]
    assert answers[-1].tobytes() == model.predict_proba(pieces[:1])[0].tobytes()


@pytest.mark.parametrize("codec", [Image(), Image("pixels"), Image("rows", size=(4, 4)), Joints(), Video(), Text("bpe")])
def test_codecs_of_whole_values_have_no_incremental_encoder(codec):
    values = (
        ["a b"] * 3
        if isinstance(codec, Text)
        else [np.zeros((2, 3, 2))] * 2
        if isinstance(codec, Joints)
        else [np.zeros((4, 4), np.uint8)] * 2
    )
    codec.fit(values)
    assert not isinstance(codec, Incremental) or codec.incremental_encoder() is None


def test_pen_strokes_and_columns_are_written_down_as_they_come():
    drawn, names = shapes()
    one_way = Network(bidirectional=False, hidden_size=8)
    model = Model(Strokes(), Symbols(), align="ctc", network=one_way, training=QUICK).fit(drawn, [[name] for name in names])
    *_, last = model.transcribe_stream([drawn[0][:1], drawn[0][1:1], drawn[0][1:]])
    assert last.value == model.predict(drawn[:1])[0]
    lines = [np.random.default_rng(i).integers(0, 256, (6, 12), dtype=np.uint8) for i in range(8)]
    reader = Model(Image("columns"), Text("char"), align="ctc", network=one_way, training=QUICK).fit(lines, ["ab", "ba"] * 4)
    *_, last = reader.transcribe_stream(np.array_split(lines[1], 5, axis=1))
    assert last.value == reader.predict(lines[1:2])[0]
