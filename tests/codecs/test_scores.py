"""Three ways to write a piece, and the way back from each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman import LanguageModel, Model, Network, Symbols, Training
from elman.codecs import Notes, midi
from elman.errors import DataError, SettingError

CODEC = Notes().fit([[[60]]])
frames = st.lists(st.lists(st.integers(21, 108), max_size=4, unique=True).map(sorted), max_size=30)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(frames, st.integers(1, 70))
def test_every_form_comes_back(piece: list[list[int]], repeats: int) -> None:
    long = [frame for frame in piece for _ in range(repeats)]
    assert CODEC.from_events(CODEC.events(long)) == long
    assert CODEC.decode(CODEC.encode(CODEC.voices(piece))) == piece
    assert CODEC.decode(CODEC.encode(CODEC.encode(piece))) == piece
    np.testing.assert_array_equal(CODEC.voices(CODEC.voices(piece, 5), 5), CODEC.voices(piece, 5))


def test_a_midi_file_comes_back_from_every_form() -> None:
    pytest.importorskip("symusic", reason="the extra music is not installed")
    piece = [[60, 64, 67]] * 6 + [[]] + [[59, 62, 67]] * 3
    held = CODEC.midi(piece)
    assert CODEC.events(held) == CODEC.events(piece)
    np.testing.assert_array_equal(CODEC.voices(held, 3), CODEC.voices(piece, 3))
    assert CODEC.midi(CODEC.from_events(CODEC.events(held))) == CODEC.midi(CODEC.voices(held)) == held


def test_events_say_what_ends_and_begins() -> None:
    assert CODEC.events([[60], [60], [62, 60], [62]]) == ["on 60", "wait 2", "on 62", "wait 1", "off 60", "wait 1"]
    assert CODEC.events([[60]] * 130) == ["on 60", "wait 64", "wait 64", "wait 2"]
    assert CODEC.events([]) == []
    assert CODEC.from_events(["off 60", "on 60", "on 60", "wait 1", "on 99"]) == [[60]]  # as a model may write


@pytest.mark.parametrize("event", ["on", "on x", "in 60", "on 128", "wait 99999", "on -1", "wait 1.5", None, 60, "on 60 64"])
def test_what_is_no_event_is_named(event: object) -> None:
    with pytest.raises(DataError, match="event 1: expected 'on', 'off' and a MIDI number, or 'wait' and a number of frames; got"):
        CODEC.from_events(["wait 1", event])  # pyright: ignore[reportArgumentType]


def test_pieces_beyond_the_limits_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(midi, "LONGEST", 25_000)
    with pytest.raises(DataError, match="event 2: expected at most 25000 frames; got more. Cut the piece"):
        CODEC.from_events(["wait 10000"] * 30)
    with pytest.raises(DataError, match="frame 1: expected at most 2 notes, one a voice; got 3. Ask for more voices"):
        CODEC.voices([[60], [60, 64, 67]], 2)
    with pytest.raises(SettingError, match="count must be a whole number in 1..32; got 0"):
        CODEC.voices([[60]], 0)
    with pytest.raises(DataError, match=r"frame 1: expected MIDI numbers in 21\.\.108; got 5"):
        CODEC.encode(np.array([[60, -1], [60, 5]]))


def test_models_learn_events_and_voices() -> None:
    piece = [[60, 64], [60, 64], [62, 65], [59, 67]] * 4
    quick = Training(max_epochs=12, learning_rate=0.05, validation_fraction=0.0, verbose=0)
    model = LanguageModel(Symbols(), network=Network(hidden_size=16), training=quick).fit([CODEC.events(piece)] * 4)
    written = CODEC.from_events(model.generate(CODEC.events(piece[:8]), max_new_steps=12, temperature=0.01))
    assert len(written) > 10
    assert written == piece[: len(written)]

    upper, lower = (voice.tolist() for voice in CODEC.voices(piece, 2).T)
    harmony = Model(Symbols(), Symbols(), align="step", network=Network(hidden_size=8), training=quick).fit([upper] * 4, [lower] * 4)
    found = np.array([upper, harmony.predict([upper])[0]]).T
    assert CODEC.decode(CODEC.encode(found)) == piece
