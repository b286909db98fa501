"""Mixture: its probabilities against those of the n-grams asked one by one, its shares against a search over a grid."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.errors import DataError
from elman.ngrams import KneserNey, Mixture
from elman.ngrams.mixture import PlainTree

SEQUENCES = st.lists(st.lists(st.integers(0, 3), max_size=12), min_size=1, max_size=8)


def mixture_of(sequences, order, seed=0):
    ngrams = KneserNey(order, end=True).fit([np.array(s, np.int64) for s in sequences], vocabulary_size=4)
    return Mixture(ngrams, np.random.default_rng(seed).random(order))


@given(SEQUENCES, st.integers(1, 5), st.lists(st.integers(0, 3), max_size=10), st.integers(0, 9))
def test_each_row_is_the_share_of_one_and_the_rest_of_the_other(sequences, order, text, seed):
    mixture = mixture_of(sequences, order, seed)
    own = np.random.default_rng(seed).dirichlet(np.ones(5), len(text) + 1)
    states = mixture.contexts(np.array(text, np.int64))
    mixed = mixture.mix(own, states)
    for t in range(len(text) + 1):
        share = mixture.shares[mixture.ngrams.counts_.depth[states[t]]]
        assert np.allclose(mixed[t], share * own[t] + (1 - share) * mixture.ngrams.next(text[:t]), rtol=1e-12)
    assert np.allclose(mixed.sum(1), 1)


@given(SEQUENCES, st.integers(1, 5), st.lists(st.integers(0, 3), max_size=12))
def test_following_symbol_by_symbol_gives_the_contexts_of_the_whole(sequences, order, text):
    mixture = mixture_of(sequences, order)
    states = mixture.contexts(np.array(text, np.int64)).tolist()
    assert all(mixture.follow(states[t], text[t]) == states[t + 1] for t in range(len(text)))


@given(SEQUENCES, st.integers(1, 6), st.lists(st.integers(0, 3), max_size=10), st.integers(0, 9))
def test_the_compiled_tree_says_what_the_plain_one_says(sequences, order, text, seed):
    mixture = mixture_of(sequences, order, seed)
    rng = np.random.default_rng(seed)
    compiled, plain = mixture._tree, PlainTree(mixture.ngrams)
    states, own, shares = mixture.contexts(np.array(text, np.int64)), rng.random((len(text) + 1, 5)), rng.random(len(text) + 1)
    assert np.allclose(compiled.mix(own, states, shares), plain.mix(own, states, shares), rtol=1e-13)
    for state in states.tolist():
        assert all(compiled.follow(state, symbol) == plain.follow(state, symbol) for symbol in range(4))
    for row in (compiled.row(5), plain.row(5)):
        row.values[:] = own[0]
        row.mix(int(states[0]), 0.25)
        assert np.allclose(row.values, plain.mix(own[:1], states[:1], np.array([0.25]))[0], rtol=1e-13)


def test_a_context_that_is_not_in_the_tree_is_refused():
    mixture = mixture_of([[0, 1, 2]], 2)
    for state in (-1, mixture.ngrams.counts_.levels[-1], 10**9):
        with pytest.raises(IndexError, match="this context is not in the tree"):
            mixture.follow(int(state), 0)


def test_copies_and_pickles_carry_no_addresses():
    mixture = mixture_of([[0, 1, 2, 0, 1]], 3)
    states = mixture.contexts(np.array([0, 1]))
    expected = mixture.mix(np.full((3, 5), 0.2), states)
    for again in (copy.deepcopy(mixture), pickle.loads(pickle.dumps(mixture))):
        assert (again.mix(np.full((3, 5), 0.2), states) == expected).all()


def test_shares_are_those_that_make_the_text_likeliest():
    rng = np.random.default_rng(0)
    mixture = mixture_of([[0, 1, 2, 3] * 5], 2)
    own, theirs = rng.random(4_000), rng.random(4_000) ** 2
    states = np.where(rng.random(4_000) < 0.5, 0, mixture.contexts(np.array([1]))[-1])
    mixture.fit_shares(own, theirs, states)
    for depth in (0, 1):
        at = mixture.ngrams.counts_.depth[states] == depth
        grid = np.linspace(0, 1, 201)
        best = grid[np.argmax([np.log(a * own[at] + (1 - a) * theirs[at]).sum() for a in grid])]
        assert mixture.shares[depth] == pytest.approx(best, abs=0.01)


def test_a_depth_never_seen_keeps_one_half_and_impossible_symbols_move_nothing():
    mixture = mixture_of([[0, 1, 2]], 4)
    mixture.fit_shares(np.zeros(3), np.zeros(3), np.zeros(3, np.int64))
    assert mixture.shares.tolist() == pytest.approx([0.5] * 4)


def test_the_state_gives_the_same_mixture_back():
    mixture = mixture_of([[0, 1, 2, 0, 1, 3]], 3)
    again = Mixture.from_state(mixture.config(), mixture.tensors())
    states = mixture.contexts(np.array([0, 1, 2]))
    assert (again.mix(np.full((4, 5), 0.2), states) == mixture.mix(np.full((4, 5), 0.2), states)).all()


@pytest.mark.parametrize("shares", [[0.5], [0.5, 2.0], [0.5, float("nan")]])
def test_shares_that_cannot_be_are_refused(shares):
    with pytest.raises(DataError, match="shares must be 2 numbers in 0..1"):
        Mixture(KneserNey(2, end=True).fit([[0, 1]], vocabulary_size=2), shares)


@pytest.mark.parametrize("config", [None, {}, {"ngrams": {}}, []])
def test_a_config_that_is_none_is_refused(config):
    with pytest.raises(DataError, match="a mixture's config has ngrams and shares"):
        Mixture.from_state(config, {})
