"""Models that write in frames (CTC): several answers, times of symbols, priors, rows that cannot fit, and streams."""

from __future__ import annotations

import itertools
import tracemalloc
import warnings

import numpy as np
import pytest
import torch

import elman
from elman import Audio, Image, Model, Network, Series, Symbols, Text, Training
from elman.errors import DataError, ElmanWarning, SettingError
from elman.mapping.alignment import Alignment
from elman.network import Sizes, build, collate, plan
from elman.network.decoders.ctc import collapse
from elman.ngrams import KneserNey
from elman.sequences import Ragged

RATE = 2000
TONES = {"low": 200, "high": 500}


def said(words: list[str], seed: int) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """Tones of 0.2 s between pauses, with a little noise; and when each begins and ends."""
    random, parts, times = np.random.default_rng(seed), [np.zeros(200)], []
    for word in words:
        begin = sum(map(len, parts)) / RATE
        parts += [np.sin(2 * np.pi * TONES[word] * np.arange(400) / RATE), np.zeros(int(random.integers(200, 400)))]
        times.append((begin, begin + 0.2))
    wave = np.concatenate(parts)
    return (wave + random.normal(0, 0.01, len(wave))).astype(np.float32), times


@pytest.fixture(scope="module")
def spoken() -> tuple[Model, list[np.ndarray], list[str]]:
    random = np.random.default_rng(0)
    texts = [[str(word) for word in random.choice(list(TONES), random.integers(1, 5))] for _ in range(60)]
    waves = [said(text, seed)[0] for seed, text in enumerate(texts)]
    network = Network(bidirectional=False, hidden_size=24, num_layers=1, stem="conv", time_stride=2, embedding_size=24, dropout=0.0)
    training = Training(max_epochs=25, learning_rate=0.03, batch_size=6, validation_fraction=0, verbose=0)
    model = Model(Audio(RATE, features=12, step=0.02, augment=False), Text("word"), network=network, training=training)
    return model.fit(waves, [" ".join(text) for text in texts]), waves, [" ".join(text) for text in texts]


def test_words_are_found_and_timed(spoken) -> None:
    model, _, _ = spoken
    words = ["low", "high", "high"]
    wave, times = said(words, 99)
    texts, places = model.predict([wave], return_alignment=True)
    assert texts[0] == "low high high"
    place = places[0]
    assert isinstance(place, Alignment)
    assert place.symbols == tuple(words)
    for (begin, end), first, last in zip(times, place.begin, place.end, strict=True):
        assert begin - 0.05 <= first < last <= end + 0.15  # a network that reads one way knows a word at its end
    assert ((place.confidence > 0.5) & (place.confidence <= 1)).all()
    assert str(place).count("\n") == 2


def test_several_answers_come_best_first_with_their_scores(spoken) -> None:
    model, waves, texts = spoken
    answers, scores = model.predict(waves[:3], n_best=3, return_scores=True)
    assert [row[0] for row in answers] == texts[:3]
    assert all(len(set(row)) == len(row) == 3 for row in answers)
    assert all(row == sorted(row, reverse=True) for row in scores)
    assert model.predict(waves[:3], beam_size=1) == texts[:3]
    greedy, low = model.predict(waves[:1], beam_size=1, return_scores=True)
    assert greedy == texts[:1]
    assert low[0] <= scores[0][0]  # one path of the many


def test_a_prior_is_listened_to(spoken) -> None:
    model, waves, _ = spoken
    encoded = model.target_.encode_all(["high high high"] * 20)
    prior = KneserNey(2, discount=0.01).fit(encoded, model.target_.space.n)
    assert set(model.predict(waves[:1], prior=prior, prior_weight=30.0)[0].split()) <= {"high"}
    with pytest.raises(SettingError, match="the prior knows 9 symbols and the model"):
        model.predict(waves[:1], prior=KneserNey(2).fit([[0, 1]], 9))


def test_options_of_other_models_are_refused(spoken) -> None:
    model, waves, _ = spoken
    with pytest.raises(SettingError, match=r"\['min_length'\] cannot be used here: this model writes in frames \(CTC\)"):
        model.predict(waves[:1], min_length=2)


@pytest.mark.parametrize("options", [{}, {"beam_size": 1}])
@pytest.mark.parametrize("size", [37, 1000, 10_000])
def test_a_stream_ends_as_the_whole_is_predicted(spoken, options, size) -> None:
    model, waves, _ = spoken
    for wave in waves[:4]:
        partial = list(model.transcribe_stream((wave[i : i + size] for i in range(0, len(wave), size)), **options))
        assert partial[-1].value == model.predict([wave], **options)[0]
        assert [p.final for p in partial] == [False] * (len(partial) - 1) + [True]
        assert [p.settled for p in partial] == sorted(p.settled for p in partial)
        for before, after in itertools.pairwise(partial):
            settled = str(before).split()[: before.settled]
            assert str(after).split()[: before.settled] == settled


def test_a_stream_takes_other_rates_and_silence(spoken) -> None:
    model, _, _ = spoken
    wave, _ = said(["high", "low"], 5)
    fast = np.repeat(wave, 2)
    *_, last = model.transcribe_stream((part, 2 * RATE) for part in np.array_split(fast, 7))
    assert last.value == model.predict([(fast, 2 * RATE)])[0] == "high low"
    assert [str(t) for t in model.transcribe_stream([])] == [""]
    assert [str(t) for t in model.transcribe_stream([np.zeros(0)])] == ["", ""]
    with pytest.raises(DataError, match=r"all chunks must have 4000 samples a second, as the first; got 2000"):
        list(model.transcribe_stream([(wave, 4000), wave]))
    with pytest.raises(DataError, match="4001 and 2000 samples a second have too small a common divisor"):
        list(model.transcribe_stream([(wave, 4001)]))


def test_models_that_cannot_be_streamed_give_the_reason(spoken, quick) -> None:
    model, waves, _ = spoken
    with pytest.raises(DataError, match="chunks must be an iterable of pieces of one recording; got ndarray"):
        model.transcribe_stream(waves[0])
    xs, ys = [[0.0, 1.0, 1.0, 0.0]] * 4, [["a"]] * 4
    both = Model(Series(), Symbols(), align="ctc", training=quick).fit(xs, ys)
    with pytest.raises(SettingError, match="it reads both ways"):
        both.transcribe_stream([xs[0]])
    free = Model(Series(), Symbols(), align="attention", training=quick).fit(xs, ys)
    with pytest.raises(SettingError, match=r"its decoder 'autoregressive' does not write in frames"):
        free.transcribe_stream([xs[0]])
    picture = Model(Image("patches", patch=2), Symbols(), align="ctc", training=quick).fit([np.zeros((4, 6), np.uint8)] * 4, ys)
    with pytest.raises(SettingError, match="Image cannot be transcribed as it comes"):
        picture.transcribe_stream([np.zeros((4, 6))])


@pytest.mark.slow
def test_an_hour_of_sound_needs_no_more_memory_than_a_minute(spoken) -> None:
    model, _, _ = spoken
    minute = np.concatenate([said(["low", "high"], seed)[0] for seed in range(60)])[: 60 * RATE]
    peaks = []
    for minutes in (1, 60):
        tracemalloc.start()
        *_, last = model.transcribe_stream(itertools.chain.from_iterable(np.array_split(minute, 20) for _ in range(minutes)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert len(last.value.split()) > 60 * 80
    assert peaks[1] < peaks[0] + 2_000_000  # only the transcript grows


def test_rows_that_cannot_fit_are_named_before_training(quick) -> None:
    xs = [np.zeros(6), np.zeros(2), np.zeros(3), np.zeros(5)] * 3
    ys = [["a", "b"], ["a", "b", "a"], ["b", "b"], ["a"]] * 3
    with pytest.warns(ElmanWarning, match=r"3 of 12 targets too long .*row 1 has 2 steps and needs 3; row 5 has 2"):
        Model(Series(), Symbols(), align="ctc", training=quick).fit(xs, ys)
    network = Network(stem="conv", time_stride=4)
    with pytest.raises(DataError, match=r"\(a step of the network is 4 of the source\): row 0 has 2 steps and needs 3.*No row is left"):
        Model(Series(), Symbols(), align="ctc", network=network, training=quick).fit([np.zeros(6)] * 4, [["a", "b", "a"]] * 4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Model(Series(), Symbols(), align="ctc", training=quick).fit([np.zeros(3)] * 4, [["b", "b"]] * 4)


def test_the_loss_is_the_sum_over_all_ways_to_write_the_target() -> None:
    rng = np.random.default_rng(0)
    xs = [rng.normal(size=(count, 3)).astype(np.float32) for count in (4, 5, 2)]
    ys = [np.array(symbols) for symbols in ([1, 1], [0, 1, 0], [])]
    source, target = Series().fit(xs), Symbols().fit([["a", "b"]], role="target")
    network = build(plan(source, target, Network(dropout=0.0), examples=Sizes(rows=3, target_max=3), align="ctc")).eval()
    batch = collate(xs, source.space, "many")
    frames = network.decoder.log_proba(network.encode(batch)).to_list()
    expected = 0.0
    for rows, symbols in zip(frames, ys, strict=True):
        rows = rows.detach().double().numpy()
        paths = itertools.product(range(rows.shape[1]), repeat=len(rows))
        fitting = [
            sum(rows[t, s] for t, s in enumerate(p)) for p in paths if collapse(np.array(p), rows.shape[1] - 1).tolist() == symbols.tolist()
        ]
        expected -= np.logaddexp.reduce(fitting)
    loss = network.loss(batch, Ragged.from_list([torch.tensor(y, dtype=torch.int64) for y in ys]))
    assert float(loss.total.detach()) == pytest.approx(expected, rel=1e-5)
    assert loss.units == 6


def test_a_saved_model_transcribes_the_same(spoken, tmp_path) -> None:
    model, waves, _ = spoken
    model.save(tmp_path / "a.elman")
    again = elman.load(tmp_path / "a.elman")
    assert again.predict(waves[:5]) == model.predict(waves[:5])
    assert again.source_.augment is False
