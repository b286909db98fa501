import itertools
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.errors import DataError, SettingError, ShapeError
from elman.generation import CTCBeam
from elman.generation.ctc_plain import PlainBeam
from elman.kernels import ctc
from elman.network.decoders.ctc import collapse
from elman.ngrams import PPM, KneserNey

THIRDS = [[0, 1, 2, 0, 1, 2, 0, 0, 1], [2, 2, 1], [], [0, 2, 0, 2]]


def logs(rng: np.random.Generator, frames: int, classes: int = 3, sharp: float = 1.0) -> np.ndarray:
    scores = sharp * rng.normal(size=(frames, classes))
    return scores - np.logaddexp.reduce(scores, -1, keepdims=True)


def every(frames: np.ndarray, blank: int) -> dict[tuple[int, ...], float]:
    """Sum over all paths, the slow and sure way."""
    totals: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(frames.shape[1]), repeat=len(frames)):
        said = tuple(collapse(np.array(path, dtype=np.int64), blank).tolist())
        totals[said] = float(np.logaddexp(totals.get(said, -np.inf), sum(frames[t, s] for t, s in enumerate(path))))
    return totals


def same(left: list, right: list, tolerance: float = 1e-9) -> None:
    assert [said for said, _ in left] == [said for said, _ in right]
    np.testing.assert_allclose([score for _, score in left], [score for _, score in right], atol=tolerance)


@pytest.mark.parametrize("count", [1, 3, 5])
@pytest.mark.parametrize("search", [ctc.PrefixBeam, PlainBeam])
def test_a_wide_beam_sums_over_all_paths(rng, count, search) -> None:
    frames = logs(rng, count)
    beam = search(size=500, classes=3, blank=2)
    beam.feed(frames)
    same(beam.best(500), sorted(every(frames, 2).items(), key=lambda item: -item[1]))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    frames=st.integers(0, 30),
    classes=st.integers(2, 7),
    size=st.integers(1, 9),
    threshold=st.sampled_from([-np.inf, -3.0, -1.0]),
    sharp=st.sampled_from([0.3, 2.0, 8.0]),
)
def test_the_compiled_search_gives_what_the_plain_one_gives(seed, frames, classes, size, threshold, sharp) -> None:
    rows = logs(np.random.default_rng(seed), frames, classes, sharp)
    shape = {"size": size, "classes": classes, "blank": classes - 1, "threshold": threshold, "symbol_bonus": 0.1}
    found = []
    for search in (ctc.PrefixBeam(**shape), PlainBeam(**shape)):
        search.feed(rows)
        found.append(search.best(size))
    same(*found)


@pytest.mark.parametrize("order", [1, 2, 4])
def test_a_compiled_prior_gives_what_the_plain_one_gives(rng, order) -> None:
    prior = KneserNey(order).fit(THIRDS, vocabulary_size=4)  # symbol 3 never occurs
    rows = logs(rng, 40, 5)
    ours = CTCBeam(size=8, prior=prior, prior_weight=0.8, symbol_bonus=0.5).n_best(rows, 4)
    plain = CTCBeam(size=8, prior=prior.prior(), prior_weight=0.8, symbol_bonus=0.5)
    assert isinstance(plain.begin(5, 4), PlainBeam)
    same(ours, plain.n_best(rows, 4), 1e-4)  # the compiled table holds float32
    assert ours != CTCBeam(size=8).n_best(rows, 4)


def test_any_n_gram_model_is_a_prior(rng) -> None:
    rows, prior = logs(rng, 10, 5), PPM(3).fit(THIRDS, vocabulary_size=4)
    assert CTCBeam(size=4, prior=prior).n_best(rows, 4) == CTCBeam(size=4, prior=prior.prior()).n_best(rows, 4)


def test_a_prior_and_a_bonus_change_the_ranking() -> None:
    frames = np.log(np.array([[0.5, 0.4, 0.1]]))
    assert CTCBeam()(frames, 2) == (0,)
    assert CTCBeam(prior=lambda _prefix, symbol: [-9.0, 0.0][symbol], prior_weight=1.0)(frames, 2) == (1,)
    assert CTCBeam(symbol_bonus=-9.0)(frames, 2) == ()


@pytest.mark.parametrize("search", [ctc.PrefixBeam, PlainBeam])
def test_equal_scores_stand_in_the_order_of_their_symbols(search) -> None:
    beam = search(size=3, classes=4, blank=3)
    beam.feed(np.full((2, 4), np.log(0.25)))
    assert [said for said, _ in beam.best(3)] == [(0,), (1,), ()]  # "2" scores as much as nothing, and stands behind it


@pytest.mark.parametrize("search", [ctc.PrefixBeam, PlainBeam])
def test_frames_that_nothing_can_follow_leave_what_was_said(search) -> None:
    beam = search(size=3, classes=2, blank=1)
    beam.feed(np.array([[0.0, -np.inf], [-np.inf, -np.inf]]))
    assert beam.best(3) == [((0,), 0.0)]


def test_no_frames_say_nothing() -> None:
    assert CTCBeam()(np.empty((0, 3)), 2) == ()


def test_pieces_of_any_size_and_type_give_the_same(rng) -> None:
    rows = logs(rng, 50, 6).astype(np.float32)
    whole = CTCBeam(size=5).n_best(rows, 5)
    pieces = CTCBeam(size=5).begin(6, 5)
    for part in np.split(rows, [1, 1, 7, 30]):
        pieces.feed(part.astype(np.float64) if len(part) % 2 else np.asfortranarray(part))
    assert pieces.best(5) == whole


def test_beginnings_that_no_answer_has_are_given_back(rng) -> None:
    beam = CTCBeam(size=16).begin(8, 7)
    frames = logs(rng, 4000, 8)
    frames[:, 7] += 6  # long pauses, so that answers are short
    beam.feed(frames - np.logaddexp.reduce(frames, -1, keepdims=True))
    longest = max(len(said) for said, _ in beam.best(16))
    assert beam.nodes() <= longest + 16 * 16


@pytest.mark.parametrize("sharp", [3.0, 100.0])
def test_what_is_settled_and_what_is_open_is_the_whole_answer(rng, sharp) -> None:
    frames = logs(rng, 600, 8, sharp)
    pieces, settled = CTCBeam(size=6).begin(8, 7), []
    for part in np.split(frames, 60):
        pieces.feed(part)
        settled += pieces.settle()
    whole = CTCBeam(size=6).n_best(frames, 7)
    assert [((*settled, *said), score) for said, score in pieces.best(6)] == whole
    assert 0 < len(settled) < len(whole[0][0])  # the least sure symbol stays open as long as nothing else is as doubtful
    assert pieces.nodes() < 6 * len(whole[0][0])


def test_other_threads_run_while_the_search_does(rng) -> None:
    beam, frames = CTCBeam(size=64).begin(40, 39), logs(rng, 8000, 40)
    worker = threading.Thread(target=beam.feed, args=(frames,))
    ticks = []
    worker.start()
    while worker.is_alive():
        ticks.append(time.perf_counter())
        time.sleep(0.001)
    assert len(ticks) > 5


def test_an_alignment_is_the_best_of_all_paths(rng) -> None:
    rows = logs(rng, 6, 4)
    for symbols in ([], [0], [1, 1], [0, 2, 1], [2, 2, 2]):
        paths = [p for p in itertools.product(range(4), repeat=6) if collapse(np.array(p), 3).tolist() == symbols]
        scores = [sum(rows[t, s] for t, s in enumerate(path)) for path in paths]
        best = paths[int(np.argmax(scores))]
        begin, end, score = ctc.align(rows, symbols, 3)
        assert score == pytest.approx(max(scores))
        written = np.full(6, 3)
        for symbol, first, last in zip(symbols, begin, end, strict=True):
            written[first:last] = symbol
        assert written.tolist() == list(best)


def test_symbols_that_do_not_fit_have_no_alignment(rng) -> None:
    assert ctc.align(logs(rng, 2), [1, 1], 2) is None
    assert ctc.align(np.empty((0, 3)), [], 2)[2] == 0.0


def test_what_is_no_frame_or_no_symbol_is_refused(rng) -> None:
    beam = CTCBeam().begin(3, 2)
    with pytest.raises(ShapeError, match=r"CTC frames must have shape \(T, 3\), the blank included; got \(2, 4\)"):
        beam.feed(np.zeros((2, 4)))
    with pytest.raises(DataError, match="CTC frames must be log-probabilities; got NaN in frame 1"):
        beam.feed(np.array([[0, 0, 0], [0, np.nan, 0]]))
    with pytest.raises(DataError, match=r"symbols to align must be in 0\.\.2; got 0\.\.3"):
        ctc.align(logs(rng, 3), [0, 3], 2)
    with pytest.raises(DataError, match="aligning 40000 symbols to 40000 frames takes more than 2 GiB"):
        ctc.align(np.zeros((40_000, 1), dtype=np.float32), np.zeros(40_000), 0)


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(SettingError, match="beam size must be"):
        CTCBeam(size=0)
    with pytest.raises(SettingError, match="prior_weight must be a finite number; got 'much'"):
        CTCBeam(prior_weight="much")  # pyright: ignore[reportArgumentType]
    with pytest.raises(SettingError, match="prior must be a fitted n-gram model"):
        CTCBeam(prior="words")  # pyright: ignore[reportArgumentType]
    with pytest.raises(SettingError, match="the prior knows 4 symbols and the model 2"):
        CTCBeam(prior=KneserNey(2).fit(THIRDS, vocabulary_size=4)).begin(3, 2)
