"""Streams deal every place of a corpus exactly once an epoch, in an order that seed and epoch decide; held-out ranges are disjoint."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.io.tokens import Tokens
from elman.training.contiguous import Stream, examples_of, hold_out, place


def corpus(lengths, end=9):
    rng = np.random.default_rng(0)
    return Tokens.of([rng.integers(0, end, n) for n in lengths], end)


def whole(tokens):
    return np.stack([tokens.starts[:-1], tokens.starts[1:]], 1)


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 12), min_size=1, max_size=8),
    readers=st.integers(1, 4),
    longest=st.integers(1, 20),
    epoch=st.none() | st.integers(0, 3),
)
def test_every_place_is_read_once_with_the_symbol_before_it(lengths, readers, longest, epoch):
    tokens = corpus(lengths)
    stream = Stream(tokens, whole(tokens), readers=readers, longest=longest)
    if epoch is not None:
        stream.shuffle(seed=5, epoch=epoch)
    stretches = list(stream)
    assert [len(s.inputs) for s in stretches] == stream.lengths.tolist()
    assert stream.size <= longest
    flat = tokens.flat.astype(np.int64)
    pairs = sorted(zip(np.append(tokens.end, flat[:-1]).tolist(), flat.tolist(), strict=True))
    found = sorted((a, b) for s in stretches for a, b in zip(s.inputs.tolist(), s.outputs.tolist(), strict=True))
    assert found == pairs
    for stretch in stretches:
        assert stretch.opens[0]
        assert (stretch.opens >= (stretch.inputs == tokens.end)).all()
        assert len(place([stretch]).inputs[0]) == len(stretch.inputs)


def test_another_epoch_is_another_order_and_the_same_one_comes_back():
    tokens = corpus([20] * 30)
    stream = Stream(tokens, whole(tokens), readers=2)
    orders = []
    for epoch in (0, 1, 0):
        stream.shuffle(seed=3, epoch=epoch)
        orders.append(np.concatenate([s.outputs for s in stream]).tolist())
    assert orders[0] == orders[2] != orders[1]


def test_an_epoch_begins_at_a_place_of_its_own_and_goes_round():
    tokens = Tokens.of([np.arange(200)], end=200)
    stream, begins = Stream(tokens, whole(tokens), readers=1), []
    for epoch in range(40):
        stream.shuffle(seed=1, epoch=epoch)
        read = np.concatenate([s.outputs for s in stream])
        begins.append(int(read[0]))
        np.testing.assert_array_equal(read, np.roll(tokens.flat, -begins[-1]))
    assert len(set(begins)) > 30
    assert min(begins) < 30 < 170 < max(begins)


@settings(max_examples=60, deadline=None)
@given(lengths=st.lists(st.integers(0, 300), min_size=1, max_size=120), fraction=st.sampled_from([0.0, 0.01, 0.1, 0.5]))
def test_held_out_spans_and_the_others_are_the_corpus(lengths, fraction):
    starts = np.concatenate([[0], np.cumsum(np.array(lengths) + 1)])
    learn, check = hold_out(starts, fraction)
    places = np.concatenate([np.arange(a, b) for a, b in [*learn, *check]])
    assert sorted(places.tolist()) == list(range(int(starts[-1])))
    held = int((check[:, 1] - check[:, 0]).sum())
    assert held <= starts[-1] * fraction + 10


def test_many_documents_are_held_out_whole():
    starts = np.arange(0, 10_001, 10)
    _, check = hold_out(starts, 0.1, random_state=1)
    assert (check[:, 1] - check[:, 0] == 10).all()
    assert len(check) == pytest.approx(100, abs=1)
    assert hold_out(starts, 0.1, random_state=2)[1].tolist() != check.tolist()


def test_examples_know_their_corpus():
    first, second = (examples_of(Stream(corpus(lengths), whole(corpus(lengths)), readers=1)) for lengths in ([5, 4], [4, 5]))
    assert first.fingerprint() != second.fingerprint()
    assert first.fingerprint() == examples_of(Stream(corpus([5, 4]), whole(corpus([5, 4])), readers=1)).fingerprint()


def test_documents_are_varied_anew_each_epoch_and_the_corpus_stays_as_it_is() -> None:
    tokens = Tokens.of([np.full(5, value) for value in (10, 20, 30)], end=99)
    stream = Stream(tokens, whole(tokens), readers=1, augment_encoded=lambda row, random: row + random.integers(1, 9))
    np.testing.assert_array_equal(stream[0].outputs, tokens.flat)  # what is only judged is not varied
    seen = []
    for epoch in (0, 1, 0):
        stream.shuffle(3, epoch)
        read = stream[0].outputs
        found = {int(value) // 10: int(value) % 10 for value in read if value != 99}
        assert set(found) == {1, 2, 3}
        assert all(np.sum(read == 10 * row + more) == 5 for row, more in found.items())
        seen.append((found, read.tolist()))
    assert seen[0] == seen[2]
    assert seen[0][0] != seen[1][0]
    assert tokens[0].tolist() == [10] * 5
