"""Notes read as voices: actions of each voice in each frame, round trips, files, and symbols out of order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from elman.codecs import Discrete, Notes
from elman.codecs.media.midi import Struck, to_bytes
from elman.errors import DataError, DataTypeError, SettingError

PIECE = np.array([[67, 60], [67, 62], [-1, 62], [67, -1], [65, -1]])
KINDS = 88 + 2


def fitted(piece: object = PIECE, **settings: object) -> Notes:
    return Notes("voices", **settings).fit([piece], role="target")  # type: ignore[arg-type]


def test_each_voice_strikes_holds_or_is_silent() -> None:
    codec = fitted()
    silent, held, first = 1, 2, 3 - 21
    assert codec.space == Discrete(1 + 2 * KINDS)
    voices = np.array([[67 + first, 60 + first], [held, 62 + first], [silent, held], [67 + first, silent], [65 + first, silent]])
    np.testing.assert_array_equal(codec.encode(PIECE), (voices + np.array([0, KINDS])).reshape(-1))
    assert [codec.symbol(index) for index in (0, *codec.encode(PIECE)[2:6])] == [
        "(unknown)", "voice 1: held", "voice 2: 62", "voice 1: silent", "voice 2: held",
    ]  # fmt: skip
    np.testing.assert_array_equal(codec.decode(codec.encode(PIECE)), PIECE)
    np.testing.assert_array_equal(codec.decode(codec.encode(PIECE.tolist())), PIECE)


def test_a_note_struck_again_is_not_held() -> None:
    codec = fitted([[60], [60], [188], [60]])
    assert [codec.symbol(index)[9:] for index in codec.encode([[60], [60], [188], [60]])] == ["60", "held", "60", "held"]
    assert codec.decode(codec.encode([[60], [60], [188], [60]])).tolist() == [[60], [60], [188], [60]]
    assert codec.decode(codec.encode([[61], [188]])).tolist() == [[61], [60]]  # another note is struck anyhow
    assert codec._form.struck([[60], [188], [60], [-1], [62]]) == [[Struck(0, 1, 60), Struck(1, 3, 60), Struck(4, 5, 62)]]


SHAPES = st.tuples(st.integers(0, 12), st.integers(1, 4))


@settings(deadline=None, max_examples=60)
@given(SHAPES.flatmap(lambda shape: arrays(np.int64, shape, elements=st.sampled_from([-1, 60, 61, 62]))))
def test_pieces_round_trip(piece: np.ndarray) -> None:
    codec = fitted(piece, low=60, high=62)
    encoded = codec.encode(piece)
    np.testing.assert_array_equal(codec.decode(encoded), piece)
    np.testing.assert_array_equal(codec.encode(codec.decode(encoded)), encoded)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 15), max_size=40))
def test_any_symbols_decode_to_a_piece(symbols: list[int]) -> None:
    codec = Notes("voices", low=60, high=62).fit([[[60, 61, 62]]])
    piece = codec.decode(np.array(symbols, dtype=np.int64))
    encoded = codec.encode(piece)
    np.testing.assert_array_equal(codec.decode(encoded), piece)
    reader = codec.incremental_decoder()
    assert reader is not None
    frames = [frame for index in symbols for frame in reader.feed(index)]
    assert [*frames, *reader.close()] == piece.tolist()


def test_frames_that_lack_voices_hold_them_and_voices_out_of_turn_begin_the_next() -> None:
    codec = Notes("voices").fit([[[60, 61, 62]]])
    strike = {(voice, note): 1 + voice * KINDS + 2 + note - 21 for voice in range(3) for note in range(60, 70)}
    first = [strike[0, 60], strike[1, 61], strike[2, 62]]
    assert codec.decode(np.array([*first, strike[0, 65]])).tolist() == [[60, 61, 62], [65, 61, 62]]
    assert codec.decode(np.array([*first, strike[0, 65], strike[2, 63]])).tolist() == [[60, 61, 62], [65, 61, 63]]
    assert codec.decode(np.array([*first, strike[1, 65], strike[0, 63]])).tolist() == [[60, 61, 62], [60, 65, 62], [63, 65, 62]]
    assert codec.decode(np.array([0, *first, 0])).tolist() == [[60, 61, 62]]
    held = 2
    assert codec.decode(np.array([held, held + KINDS, held + 2 * KINDS])).tolist() == [[-1, -1, -1]]
    with pytest.raises(DataError, match=r"expected symbols in 0\.\.270 to decode; got 271"):
        codec.decode(np.array([271]))
    with pytest.raises(DataError, match=r"Notes: expected whole numbers \(T,\)"):
        codec.decode(np.zeros((2, 2)))


def test_the_voice_whose_turn_it_is_and_the_end_of_a_frame() -> None:
    codec = fitted()
    allowed = codec.grammar
    assert allowed is not None
    assert allowed(()) == [*range(1, 1 + KINDS), 1 + 2 * KINDS]
    assert allowed((5,)) == list(range(1 + KINDS, 1 + 2 * KINDS))
    assert Notes().fit([[[60]]]).grammar is None


def test_pieces_of_fewer_voices_are_silent_there_and_of_more_are_refused() -> None:
    codec = Notes("voices").fit([[[60]], [[60, 61, 62]], []])
    assert codec.voices_ == 3
    assert codec.decode(codec.encode([[60]])).tolist() == [[60, -1, -1]]
    assert codec.decode(codec.encode([])).shape == (0, 3)
    with pytest.raises(DataError, match="row 1: expected 3 voices at most, as fit saw; got 4"):
        codec.encode_all([[[60]], [[60, 61, 62, 63]]])


def test_other_keys_keep_the_shape_and_stay_on_the_keyboard() -> None:
    codec = fitted()
    encoded = codec.encode(PIECE)
    keys = set()
    for seed in range(80):
        moved = codec.decode(codec.augment_encoded(encoded, np.random.default_rng(seed)))
        key = moved[0, 0] - 67
        np.testing.assert_array_equal(moved, np.where(PIECE < 0, PIECE, PIECE + key))
        keys.add(int(key))
    assert keys == set(range(-5, 7))
    edge = fitted(low=60, high=68)
    assert {int(edge.decode(edge.augment_encoded(edge.encode(PIECE), np.random.default_rng(seed)))[0, 0]) for seed in range(20)} == {67, 68}
    still = codec.encode([[-1, -1]])
    np.testing.assert_array_equal(codec.augment_encoded(still, np.random.default_rng(0)), still)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([[20, 60]], r"frame 0, voice 0: expected MIDI numbers in 21\.\.108 \(128 more where .*\), or -1 for silence; got 20\. Widen"),
        ([[60, 60], [60, -2]], "frame 1, voice 1: .*got -2"),
        ([[60, 300]], "frame 0, voice 1: .*got 300"),
        ([[60, 61], [60]], "frame 1: expected 2 voices, as the first frame has; got 1. Fill up with -1"),
        ([60, 61], "frame 0: expected one MIDI number a voice, -1 for silence; got 60"),
        (3, r"expected frames of voices \(T, V\) or a MIDI file; got int"),
        (np.zeros((2, 2, 2), int), r"expected frames of 1 to 64 voices, \(T, V\); got an array of shape \(2, 2, 2\)"),
        (np.array([[60.5, 60]]), "expected whole numbers, MIDI numbers and -1 for silence; got float64"),
        ([[None, 60]], "expected whole numbers, MIDI numbers and -1 for silence; got object"),
        ([[np.nan, 60]], "expected whole numbers"),
    ],
)
def test_bad_voices_are_refused(value: object, message: str) -> None:
    with pytest.raises(DataError, match=f"row 1: {message}"):
        Notes("voices").fit([[[60, 61]], value])
    with pytest.raises(DataTypeError, match="row 0: expected frames of voices"):
        Notes("voices").fit([None])


def test_voices_of_midi_files_are_their_tracks(tmp_path: Path) -> None:
    pytest.importorskip("symusic", reason="the extra music is not installed")
    path = tmp_path / "a.mid"
    path.write_bytes(to_bytes([[Struck(0, 4, 67), Struck(4, 6, 67)], [Struck(2, 5, 60)]], 4, 90))
    codec = Notes("voices").fit([path])
    piece = codec.decode(codec.encode(path))
    assert piece.tolist() == [[67, -1], [67, -1], [67, 60], [67, 60], [195, 60], [67, -1]]
    assert codec.decode(codec.encode(codec.midi(piece))).tolist() == piece.tolist()
    overlap = to_bytes([[Struck(0, 3, 67), Struck(2, 4, 69)]], 4, 90)  # a frame of legato: the first note ends where the second begins
    assert codec.decode(codec.encode(overlap))[:, 0].tolist() == [67, 67, 69, 69]


def test_files_that_are_not_voices_are_named() -> None:
    pytest.importorskip("symusic", reason="the extra music is not installed")
    codec = fitted()
    chord = to_bytes([[Struck(0, 4, 60), Struck(0, 4, 64)]], 4, 90)
    with pytest.raises(DataError, match=r"the MIDI of \d+ bytes: frame 0: expected tracks of one note .*; track 1 has 60 and 64 together"):
        codec.encode(chord)
    with pytest.raises(DataError, match="frame 1: expected tracks of one note at a time"):
        codec.encode(to_bytes([[Struck(0, 9, 60), Struck(1, 4, 64)]], 4, 90))
    with pytest.raises(DataError, match=r"the MIDI of \d+ bytes: frame 0, voice 0: .*got 12"):
        codec.encode(to_bytes([[Struck(0, 4, 12)]], 4, 90))
    with pytest.raises(DataError, match="at most 64 voices; got 65 tracks"):
        codec.encode(to_bytes([[Struck(0, 1, 60)]] * 65, 4, 90))
    with pytest.raises(DataError, match="expected notes within .* got no notes"):
        codec.encode(to_bytes([[]], 4, 90))
    with pytest.raises(DataError, match="the MIDI of 4 bytes is not a MIDI file that can be read"):
        codec.encode(b"MThd")
    with pytest.raises(DataError, match=r"there is no file 'no\.mid'"):
        codec.encode("no.mid")


def test_settings_and_states_are_read_strictly() -> None:
    with pytest.raises(SettingError, match=r"read must be one of \['roll', 'voices', 'events'\]; got 'voice'"):
        Notes("voice").fit([[]])
    with pytest.raises(SettingError, match="velocity_bins are for events; read is 'voices'"):
        Notes("voices", velocity_bins=4).fit([[]])
    with pytest.raises(SettingError, match="a roll has no symbols"):
        Notes().fit([[]]).symbol(1)
    config = fitted().config()
    with pytest.raises(DataError, match=r"Notes state: voices must be a whole number in 1\.\.64; got 0"):
        Notes.from_config({**config, "state": {**config["state"], "voices": 0}})
