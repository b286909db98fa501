import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_ngrams import BEGIN, grams

from elman.errors import DataError
from elman.ngrams import Counts, Stream

rows = st.lists(st.lists(st.integers(0, 3), max_size=12), min_size=1, max_size=5)


def count(sequences, order, end=None):
    return Counts.of(Stream.of([np.array(s, np.int64) for s in sequences], begin=5, end=end), order, 6)


def names(counts):
    """Node -> n-gram, by following parents."""
    found = {0: ()}
    for node in range(1, len(counts.symbol)):
        symbol = int(counts.symbol[node])
        found[node] = (*found[int(counts.parent[node])], BEGIN if symbol == 5 else symbol)
    return found


@settings(max_examples=30, deadline=None)
@given(rows, st.integers(1, 4), st.sampled_from([None, 4]))
def test_counts_are_those_of_a_dictionary(sequences, order, end):
    counts = count(sequences, order, end)
    grams_of = names(counts)
    assert {grams_of[n]: int(counts.count[n]) for n in range(1, len(counts.count))} == dict(grams(sequences, order, end))
    node_of = {gram: node for node, gram in grams_of.items()}
    for node, gram in grams_of.items():
        assert counts.depth[node] == len(gram)
        assert counts.suffix[node] == node_of[gram[1:]]
        assert counts.chain(node) == [node_of[gram[i:]] for i in range(len(gram) + 1)]
        below = counts.children(node)
        assert [grams_of[c][:-1] for c in range(below.start, below.stop)] == [gram] * (below.stop - below.start)
    assert (np.diff(counts.keys[1:]) > 0).all()


@settings(max_examples=30, deadline=None)
@given(rows, st.lists(st.integers(0, 3), max_size=10))
def test_walk_and_advance_find_the_same_longest_context(sequences, text):
    counts = count(sequences, 3)
    walked = counts.walk(Stream.of([np.array(text, np.int64)], begin=5))
    state = counts.advance([0], [5])
    for t, symbol in enumerate(text, start=1):
        state = counts.advance(state, [symbol])
        known = [int(node) for node in walked[:3, t] if node >= 0]
        assert int(state[0]) == known[-1]


def test_advance_takes_many_states_at_once():
    counts = count([[0, 1, 2]], 3)
    begin = int(counts.find([0], [5])[0])
    together = counts.advance([begin, begin, 0], [0, 3, 1])
    assert together.tolist() == [int(counts.advance([s], [w])[0]) for s, w in ((begin, 0), (begin, 3), (0, 1))]


def test_a_state_gives_the_same_counts_back():
    counts = count([[0, 1, 2, 0, 1], [], [3]], 3, end=4)
    again = Counts.from_tensors(counts.tensors(), 3, 6)
    for name in ("symbol", "parent", "suffix", "count", "levels", "first"):
        np.testing.assert_array_equal(getattr(again, name), getattr(counts, name))
    assert again.nbytes == counts.nbytes


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("symbol", lambda a: a[:-1], "its arrays differ in length"),
        ("levels", lambda a: a[:-1], "levels do not fit order 2"),
        ("children", lambda a: a + 1, "do not add up"),
        ("count", lambda a: -a - 1, "do not add up"),
        ("symbol", lambda a: a + 9, "a symbol is not in 0..5"),
        ("symbol", lambda a: a * 0, "nodes are out of order"),
        ("suffix", lambda a: a * 0, "a suffix has the wrong length"),
        ("suffix", lambda a: a + 1000, "a suffix has the wrong length"),
        ("count", lambda a: a * 1.0, "1-D integer arrays; .'count'. are not"),
    ],
)
def test_a_damaged_state_is_refused(name, change, message):
    tensors = count([[0, 1, 2, 0, 1]], 2).tensors()
    tensors[name] = change(tensors[name])
    with pytest.raises(DataError, match=message):
        Counts.from_tensors(tensors, 2, 6)


def test_a_state_of_something_else_is_refused():
    with pytest.raises(DataError, match=r"has the arrays .*; got .'weights'."):
        Counts.from_tensors({"weights": np.zeros(3)}, 2, 6)
