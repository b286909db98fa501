"""Language models over notes: learning, judging, composing, remembering, saving."""

from __future__ import annotations

import math

import numpy as np
import pytest

import elman
from elman import LanguageModel, Network, Notes, Training
from elman.errors import DataError, SettingError
from elman.language import continuous as _elements

CHORDS = [[60, 64, 67], [65, 69, 72], [67, 71, 74]]
PIECES = [[CHORDS[(i + start) % 3] for i in range(12)] for start in range(3)] * 8


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    training = Training(max_epochs=25, learning_rate=0.02, validation_fraction=0, verbose=0)
    network = Network(hidden_size=32, embedding_size=32, dropout=0.0)
    return LanguageModel(Notes(augment=False), network=network, training=training).fit(PIECES)


def test_a_turn_of_chords_is_learned_and_continued(model) -> None:
    assert model.plan().head == "chain"
    assert model.score(PIECES) < 1 < model.baseline_ / math.log(2)
    written = model.generate(PIECES[0][:2], temperature=0, max_new_steps=7)
    assert written == PIECES[0][:9]
    both = model.generate([PIECES[0][:2], PIECES[1][:3]], temperature=0, max_new_steps=4)
    assert both == [PIECES[0][:6], PIECES[1][:7]]


def test_draws_are_the_same_alone_and_in_a_batch_and_differ_by_seed(model) -> None:
    alone = model.generate(PIECES[0][:1], temperature=1.5, max_new_steps=8)
    assert model.generate([PIECES[1][:1], PIECES[0][:1]], temperature=1.5, max_new_steps=8)[1] == alone
    twice = model.generate([PIECES[0][:1]] * 2, temperature=1.5, max_new_steps=8)
    assert twice[0] == alone != twice[1]
    assert model.generate(PIECES[0][:1], temperature=1.5, max_new_steps=8, random_state=1) != alone
    assert model.generate(max_new_steps=0) == []


def test_the_baseline_is_the_cross_entropy_of_frequencies() -> None:
    train, test = [np.array([[1, 0], [1, 1]], np.float32)], [np.array([[0, 1]], np.float32)]
    share, end = [2.5 / 3, 1.5 / 3], 1 / 3
    wanted = -(math.log(1 - share[0]) + math.log(share[1]) + math.log(1 - end) + math.log(end)) / 2
    assert _elements.frequencies(train, test) == pytest.approx(wanted)


def test_a_score_is_the_sum_over_frames_in_any_batch(model) -> None:
    pieces = [PIECES[0], PIECES[1][:5], []]
    alone = [_elements.judge(model.model_, _elements.pieces_of(model.target_, [piece])) for piece in pieces]
    nats, units = sum(one.nats for one in alone), sum(one.units for one in alone)
    assert units == 13 + 6 + 1
    assert model.score(pieces) == pytest.approx(nats / units / math.log(2), rel=1e-6)
    assert model.perplexity(pieces) == pytest.approx(math.exp(nats / units), rel=1e-6)


def test_what_is_copied_and_goes_in_circles_is_told(model) -> None:
    told = model.memorisation([PIECES[0]], training=PIECES)
    assert (told.longest, told.loop, told.span) == (12, (3, 12), PIECES[0])
    assert "longest loop         12 symbols, every 3 the same" in str(told)
    other = model.memorisation([[[40], CHORDS[0], [41]]], training=PIECES)
    assert (other.longest, other.loop) == (1, (0, 0))
    assert model.memorisation(training=PIECES).longest > 0
    with pytest.raises(DataError, match="memorisation of notes needs the pieces that were learned from"):
        model.memorisation([PIECES[0]])


def test_a_saved_model_composes_the_same(model, tmp_path) -> None:
    model.save(tmp_path / "music.elman")
    again = elman.load(tmp_path / "music.elman")
    assert again.score(PIECES) == model.score(PIECES)
    assert again.generate(max_new_steps=9) == model.generate(max_new_steps=9)


def test_pieces_are_learned_in_other_keys() -> None:
    codec = Notes().fit(PIECES, role="target")
    encoded = codec.encode(PIECES[0])
    keys = {codec.decode(codec.augment_encoded(encoded, np.random.default_rng(seed)))[0][0] - 60 for seed in range(80)}
    assert keys == set(range(-5, 7))
    edge = Notes(low=60, high=74).fit(PIECES, role="target")
    assert edge.decode(edge.augment_encoded(edge.encode(PIECES[0]), np.random.default_rng(0))) == PIECES[0]
    assert edge.augment_encoded(edge.encode([[], []]), np.random.default_rng(0)).sum() == 0
    assert codec.augments
    assert not Notes().fit(PIECES, role="source").augments
    assert not Notes(augment=False).fit(PIECES, role="target").augments


def test_what_is_for_symbols_is_refused(model) -> None:
    with pytest.raises(SettingError, match=r"\['top_k'\] are for symbols; notes and strokes are drawn by temperature alone"):
        model.generate(top_k=3)
    with pytest.raises(SettingError, match="accuracy is for symbols"):
        model.accuracy(PIECES)
    with pytest.raises(DataError, match="hold fewer than 2 frames"):
        LanguageModel(Notes()).fit([[[60]], []])
    with pytest.raises(SettingError, match="head='chain' is for yes/no answers, such as Notes"):
        LanguageModel(elman.Symbols(), network=Network(head="chain")).fit([["a", "b"]] * 4)
    with pytest.raises(DataError, match=r"row 0: .*expected MIDI numbers in 21\.\.108; got 3"):
        model.score([[[3]]])


def test_a_midi_file_holds_the_piece() -> None:
    pytest.importorskip("symusic", reason="the extra music is not installed")
    codec = Notes(beat=2).fit(PIECES, role="target")
    piece = [[60, 64], [60], [], [62], [62], [60]]
    held = codec.midi(piece, tempo=120)
    assert codec.decode(codec.encode(held)) == piece
    import symusic

    score = symusic.Score.from_midi(held)
    assert [(n.time, n.duration, n.pitch) for n in sorted(score.tracks[0].notes, key=lambda n: (n.time, n.pitch))] == [
        (0, 480, 60), (0, 240, 64), (720, 480, 62), (1200, 240, 60),
    ]  # fmt: skip
    assert score.tempos[0].qpm == pytest.approx(120)
    with pytest.raises(SettingError, match="tempo must be a finite number"):
        codec.midi(piece, tempo=0)
