"""Strokes, Notes and Dialogue: meaning of their steps, and values that are refused."""

import sys
from pathlib import Path

import numpy as np
import pytest

from elman.codecs import Dialogue, Notes, Strokes
from elman.errors import DataError, DataTypeError, MissingExtraError, SettingError


def test_strokes_are_steps_of_one_scale() -> None:
    codec = Strokes().fit([[[0, 0], [3, 4], [3, 9]]])
    np.testing.assert_allclose(
        codec.encode(
            [
                [0, 0],
                [
                    0,
                    10,
                ],
                [5, 10],
            ]
        ),
        [[0, 0, 0], [0, 2, 0], [1, 0, 0]],
        atol=1e-6,
    )
    pen = Strokes().fit([[[0, 0, 0], [1, 0, 1]]])
    np.testing.assert_allclose(pen.decode([[2, 0, 0.9], [1, 0, 0.1]]), [[2, 0, 1], [3, 0, 0]])


def test_a_picture_moved_or_enlarged_before_fit_is_the_same_steps() -> None:
    points = np.random.default_rng(0).normal(size=(9, 2))
    one, two = Strokes().fit([points]), Strokes().fit([points * 7 + 100])
    np.testing.assert_allclose(one.encode(points), two.encode(points * 7 + 100), atol=1e-5)


def test_strokes_of_nothing_still_fit() -> None:
    assert Strokes().fit([[], []]).encode([[1, 1]]).tolist() == [[1, 1, 0]]
    assert Strokes().fit([[[5, 5], [5, 5]]]).encode([[5, 5]]).tolist() == [[0, 0, 0]]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([1, 2], r"expected points of a pen, \(T, 2\) or \(T, 3\) with a flag; got an array of shape \(2,\)"),
        ([[1, np.nan]], "got NaN among them"),
        ([[1, 2, 3]], "expected 0 or 1 in the third column"),
        ("ab", "got text 'ab'"),
    ],
)
def test_bad_points_are_refused(value: object, message: str) -> None:
    with pytest.raises(DataError, match=f"row 1: .*{message}"):
        Strokes().fit([[[0, 0]], value])
    with pytest.raises(DataError, match="too far away for float32"):
        Strokes().fit([[[0, 0], [1, 1]]]).encode([[1e300, 0]])
    with pytest.raises(DataError, match="whose distances fit in float64"), np.errstate(over="ignore"):
        Strokes().fit([[[0, 0], [1e200, 1]]])
    with pytest.raises(DataError, match=r"Strokes: expected an array \(T, 3\)"):
        Strokes().fit([[[0, 0]]]).decode([[1, 2]])


def test_notes_come_from_lists_rolls_and_files(tmp_path: Path) -> None:
    codec = Notes().fit([[[60]]])
    roll = np.zeros((2, 128), np.uint8)
    roll[1, [60, 64]] = 1
    assert codec.decode(codec.encode(roll)) == codec.decode(codec.encode(roll[:, 21:109])) == [[], [60, 64]]
    path = tmp_path / "a.mid"
    path.write_bytes(midi([(0, 96, 60), (96, 192, 64), (96, 144, 67)]))
    for value in (path, str(path), path.read_bytes()):
        assert codec.decode(codec.encode(value)) == [[60]] * 4 + [[64, 67]] * 2 + [[64]] * 2


def midi(notes: list[tuple[int, int, int]]) -> bytes:
    symusic = pytest.importorskip("symusic", reason="the extra music is not installed")
    score = symusic.Score(96)
    track = symusic.Track()
    for start, stop, pitch in notes:
        track.notes.append(symusic.Note(start, stop - start, pitch, 90))
    score.tracks.append(track)
    return score.dumps_midi()


def test_broken_and_empty_midi_is_named() -> None:
    codec = Notes().fit([[[60]]])
    with pytest.raises(DataError, match=r"row 0: the MIDI of .* bytes: expected notes within .* got no notes"):
        codec.encode_all([midi([])])
    with pytest.raises(DataError, match="the MIDI of 3 bytes is not a MIDI file that can be read"):
        codec.encode(b"abc")
    with pytest.raises(DataError, match=r"there is no file 'no\.mid'"):
        codec.encode("no.mid")


def test_without_symusic_files_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "symusic", None)
    with pytest.raises(MissingExtraError, match=r"symusic is needed to read MIDI files.*elman\[music\]"):
        Notes().fit([b"x"])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([[20]], r"frame 0: expected MIDI numbers in 21\.\.108; got 20\. Widen"),
        ([[60], 60], "frame 1: expected a list of MIDI numbers; got 60"),
        (3, "expected frames of notes, a piano roll or a MIDI file; got int"),
        (np.full((1, 88), 2), "expected a piano roll of zeros and ones"),
        (np.eye(1, 128), r"frame 0: expected MIDI numbers in 21\.\.108; got 0"),
        (np.ones((1, 5)), r"expected a piano roll \(T, 88\) or \(T, 128\); got \(1, 5\)"),
    ],
)
def test_bad_notes_are_refused(value: object, message: str) -> None:
    with pytest.raises(DataError, match=f"row 1: {message}"):
        Notes().fit([[[60]], value])


def test_notes_check_settings_states_and_arrays() -> None:
    with pytest.raises(SettingError, match=r"high must be a whole number in 60\.\.127; got 50"):
        Notes(low=60, high=50).fit([[]])
    config = Notes().fit([[]]).config()
    with pytest.raises(DataError, match=r"Notes state: expected the span \[21, 108\]; got \[1, 2\]"):
        Notes.from_config({**config, "state": {"span": [1, 2]}})
    with pytest.raises(DataError, match=r"Notes: expected an array \(T, 88\) to decode"):
        Notes.from_config(config).decode([1])


def test_turns_come_back_with_their_speakers() -> None:
    codec = Dialogue("char").fit([[("agent", "good day"), ("client", "hi")]])
    turns = [("client", "day"), ("client", ""), ("agent", "hi")]
    assert codec.decode(codec.encode(turns)) == turns
    assert codec.decode(codec.encode([{"speaker": "x", "text": "hi"}])) == [(None, "hi")]
    assert codec.decode(codec.text_.encode("hi")) == [(None, "hi")]
    assert codec.space.n == codec.text_.space.n + 3


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("hello", r"expected a list of turns, as \[\('agent', 'hello'\)\]; got str"),
        ([("a",)], r"turn 0: expected \(speaker, text\)"),
        ([("a", "b"), {"speaker": "a"}], "turn 1: expected the keys 'speaker' and 'text'"),
        ([("a", 3)], "turn 0: expected a speaker and an utterance, both text"),
    ],
)
def test_bad_turns_are_refused(value: object, message: str) -> None:
    with pytest.raises(DataError, match=f"row 1: {message}"):
        Dialogue().fit([[("a", "b")], value])


def test_dialogue_states_are_read_strictly() -> None:
    config = Dialogue().fit([[("a", "b")]]).config()
    with pytest.raises(DataError, match="Dialogue state: speakers must be a list of text"):
        Dialogue.from_config({**config, "state": {**config["state"], "speakers": [1]}})
    with pytest.raises(SettingError, match="level must be one of"):
        Dialogue("sentence").fit([[]])
    with pytest.raises(DataTypeError, match="got one str"):
        Dialogue().fit("x")


def test_training_sees_strokes_a_little_changed() -> None:
    points = [[0, 0, 0], [10, 0, 0], [10, 20, 1], [0, 20, 0]]
    codec = Strokes().fit([points])
    encoded = codec.encode(points)
    varied = np.stack([codec.augment_encoded(encoded, np.random.default_rng(seed)) for seed in range(400)])
    np.testing.assert_array_equal(varied[5], codec.augment_encoded(encoded, np.random.default_rng(5)))
    np.testing.assert_array_equal(varied[:, :, 2], np.tile(encoded[:, 2], (400, 1)))
    np.testing.assert_allclose(varied[:, :, :2].mean(0), encoded[:, :2], atol=0.06)  # as often to one side as to the other
    assert varied[:, 1:, :2].std(0).min() > 0.05
    assert varied.dtype == np.float32
    assert len(codec.augment_encoded(encoded[:0], np.random.default_rng(0))) == 0
    assert not Strokes(augment=False).fit([points]).augments
