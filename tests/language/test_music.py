"""Language models over voices and events: learning, judging, composing in turn, streaming, remembering, saving."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import elman
from elman import LanguageModel, Network, Notes, Symbols, Training
from elman.codecs.capabilities import decodes_incrementally
from elman.codecs.media.midi import Struck, to_bytes
from elman.errors import SettingError

CHORDS = [[67, 60], [69, 60], [64, 57], [71, 57]]
VOICES = [np.array([CHORDS[(i + start) % 4] for i in range(12)]) for start in range(4)] * 5
TUNE = [60, 64, 67, 72]
EVENTS = [[(i * 0.5, 0.5, TUNE[(i + start) % 4]) for i in range(10)] for start in range(4)] * 5


def trained(codec: Notes, pieces: list) -> LanguageModel:
    network = Network(cell="gru", hidden_size=48, embedding_size=32, dropout=0.0)
    training = Training(max_epochs=25, batch_size=5, learning_rate=0.02, validation_fraction=0, verbose=0)
    return LanguageModel(codec, network=network, training=training).fit(pieces)


@pytest.fixture(scope="module")
def voices() -> LanguageModel:
    return trained(Notes("voices", augment=False), VOICES)


@pytest.fixture(scope="module")
def events() -> LanguageModel:
    return trained(Notes("events", beat=2, augment=False), EVENTS)


def test_voices_are_learned_and_go_on(voices) -> None:
    assert voices.score(VOICES) < 0.6 < 2 < voices.baseline_
    piece = voices.generate(VOICES[0][:6], temperature=0, max_new_steps=12)
    np.testing.assert_array_equal(piece, VOICES[0])
    both = voices.generate([VOICES[1][:6], VOICES[2][:7].tolist()], temperature=0, max_new_steps=6)
    np.testing.assert_array_equal(both[0], VOICES[1][:9])
    np.testing.assert_array_equal(both[1], VOICES[2][:10])
    assert voices.perplexity(VOICES) == pytest.approx(2 ** voices.score(VOICES))
    assert voices.accuracy(VOICES) > 0.9
    bits = voices.surprisal(VOICES[:1])[0]
    assert len(bits) == 2 * len(VOICES[0]) + 1
    assert voices.next(VOICES[0][:2], k=1)[0][0] == "voice 1: 64"


def test_events_are_learned_and_go_on(events) -> None:
    assert events.score(EVENTS) < 0.6 < 2 < events.baseline_
    assert events.generate(EVENTS[0][:4], temperature=0, max_new_steps=9) == EVENTS[0][:7]
    both = events.generate([EVENTS[1][:4], EVENTS[2][:5]], temperature=0, max_new_steps=9)
    assert both == [EVENTS[1][:7], EVENTS[2][:8]]
    hanging = events.generate(EVENTS[0][:4], temperature=0, max_new_steps=1)  # a key goes down, and nothing follows
    assert hanging == [*EVENTS[0][:4], (2.0, 0.5, 60)]
    assert events.next(EVENTS[0][:1], k=1)[0][0] == "64 down"


@pytest.mark.parametrize("kind", ["voices", "events"])
def test_draws_are_the_same_alone_in_a_batch_and_as_a_stream(kind, request) -> None:
    model, prompt, other = (
        request.getfixturevalue(kind),
        *((VOICES[0][:2], VOICES[1][:3]) if kind == "voices" else (EVENTS[0][:2], EVENTS[1][:3])),
    )
    plain = {"temperature": 2.0, "max_new_steps": 31, "top_k": 40}
    alone = model.generate(prompt, **plain)
    assert np.array_equal(model.generate([other, prompt], **plain)[1], alone)
    twice = model.generate([prompt] * 2, **plain)
    assert np.array_equal(twice[0], alone)
    assert not np.array_equal(twice[1], alone)
    assert not np.array_equal(model.generate(prompt, random_state=1, **plain), alone)
    pieces = list(model.generate(prompt, stream=True, **plain))
    assert len(pieces) > 1
    came = [part for piece in pieces for part in piece]
    if kind == "voices":
        np.testing.assert_array_equal(came, alone[2:])
        assert len(model.generate(max_new_steps=0)) == 0
    else:
        assert sorted([*model.target_.decode(model.target_.encode(prompt)), *came], key=lambda n: (n[0], n[2])) == alone
        assert model.generate(max_new_steps=0) == []


def test_voices_are_held_to_their_turn() -> None:
    codec = Notes("voices", low=60, high=71, augment=False)
    training = Training(max_epochs=1, learning_rate=1e-6, validation_fraction=0, verbose=0)
    model = LanguageModel(codec, network=Network(hidden_size=4), training=training).fit([[[60, 62, 64]] * 4] * 4)
    written_by_chance = model.generate([[]] * 6, max_new_steps=30)  # what has learned nothing still writes whole frames
    assert len({len(piece) for piece in written_by_chance}) > 1 or len(written_by_chance[0]) == 10
    for piece in written_by_chance:
        assert piece.shape == (len(piece), 3)
        assert len(piece) <= 10
    streamed = list(model.generate([[60, 62, 64]], max_new_steps=30, stream=True))
    assert all(len(frames) == 1 for frames in streamed)


@pytest.mark.parametrize("kind", ["voices", "events"])
def test_what_is_copied_is_told_and_a_saved_model_composes_the_same(kind, request, tmp_path: Path) -> None:
    model, pieces = request.getfixturevalue(kind), VOICES if kind == "voices" else EVENTS
    told = model.memorisation([pieces[0]], training=pieces)
    assert told.longest == len(model.target_.encode(pieces[0]))
    assert np.array_equal(told.span, pieces[0])
    assert told.loop[1] > 0
    assert model.memorisation().longest > 0  # what it writes itself, beside what it has just learned
    model.save(tmp_path / "music.elman")
    again = elman.load(tmp_path / "music.elman")
    assert again.target_ == model.target_
    assert again.score(pieces) == model.score(pieces)
    assert np.array_equal(again.generate([], max_new_steps=20), model.generate([], max_new_steps=20))


def test_pieces_are_heard_in_other_keys_in_documents_and_in_running_text() -> None:
    training = Training(max_epochs=8, batch_size=4, learning_rate=0.02, validation_fraction=0, verbose=0)
    network = Network(cell="gru", hidden_size=24, embedding_size=16, dropout=0.0)
    elsewhere = [piece + 3 for piece in VOICES[:4]]
    for settings in ({}, {"tbptt_length": 16}):
        recipe = Training(**{**training.get_params(deep=False), **settings})
        heard = LanguageModel(Notes("voices"), network=network, training=recipe).fit(VOICES)
        plain = LanguageModel(Notes("voices", augment=False), network=network, training=recipe).fit(VOICES)
        assert heard.score(elsewhere) < plain.score(elsewhere) - 1


def test_files_are_pieces(tmp_path: Path) -> None:
    pytest.importorskip("symusic", reason="the extra music is not installed")
    paths = [tmp_path / f"{number}.mid" for number in range(4)]
    for number, path in enumerate(paths):
        path.write_bytes(to_bytes([[Struck(i, i + 1, 60 + (i + number) % 5) for i in range(12)]], 4, 90))
    quick = Training(max_epochs=1, verbose=0)
    for codec in (Notes("voices"), Notes("events")):
        model = LanguageModel(codec, training=quick, network=Network(hidden_size=4)).fit(paths)
        assert math.isfinite(model.score(paths))
        kept = LanguageModel(codec, training=quick, network=Network(hidden_size=4)).fit(paths, token_dir=tmp_path / codec.read)
        assert kept.score(paths) == model.score(paths)
        alone, many = model.generate(str(paths[0]), max_new_steps=4), model.generate([paths[0], paths[1]], max_new_steps=4)
        assert np.array_equal(alone, many[0])
        assert np.array_equal(model.generate(paths[0].read_bytes(), max_new_steps=4), alone)


def test_music_is_read_by_models_that_answer() -> None:
    slow = [[(0, 4, 60 + i), (4, 4, 64)] for i in range(10)]
    fast = [[(j * 0.25, 0.25, 60 + i) for j in range(6)] for i in range(10)]
    training = Training(max_epochs=30, learning_rate=0.02, verbose=0)
    model = elman.Model(Notes("events"), elman.Category(), network=Network(hidden_size=8), training=training)
    model.fit([*slow, *fast], ["slow"] * 10 + ["fast"] * 10)
    assert not model.source_.augments
    assert model.score([*slow, *fast], ["slow"] * 10 + ["fast"] * 10) == 1
    assert elman.trace(model, slow[0]).labels[:2] == ("60 down", "16 steps")


def test_what_is_not_for_music_is_refused(voices) -> None:
    with pytest.raises(SettingError, match="stop is for texts and symbols; a piece of music ends by itself"):
        voices.generate(stop=3)
    with pytest.raises(SettingError, match="per='character' is for text"):
        voices.score(VOICES, per="character")
    assert not decodes_incrementally(Symbols().fit([["a"]]))
    assert not decodes_incrementally(Notes().fit([[[60]]]))
