"""Copied spans and shares of n-grams, against looking at every place."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.ngrams.copying import copied

ROWS = st.lists(st.lists(st.integers(0, 2), max_size=12), min_size=1, max_size=4)


def ngrams(rows, n):
    return [tuple(row[i : i + n]) for row in rows for i in range(len(row) - n + 1)]


@settings(max_examples=150, deadline=None)
@given(written=ROWS, training=ROWS)
def test_it_finds_what_looking_everywhere_finds(written, training):
    found = copied([np.array(row, np.int64) for row in written], [np.array(row, np.int64) for row in training], orders=range(1, 14))
    longest = max((n for n in range(1, 13) if set(ngrams(written, n)) & set(ngrams(training, n))), default=0)
    assert found.longest == longest
    if longest:
        span = tuple(written[found.row][found.place : found.place + longest])
        assert len(span) == longest
        assert span in ngrams(training, longest)
    expected = {}
    for n in range(1, 14):
        if ours := ngrams(written, n):
            known = set(ngrams(training, n))
            expected[n] = sum(gram in known for gram in ours) / len(ours)
    assert found.seen == expected


def test_symbol_zero_counts_and_large_vocabularies_do():
    assert copied([np.array([0, 0, 0])], [np.array([0, 0])], orders=(1, 2, 3)).longest == 2
    rng = np.random.default_rng(0)
    text = rng.integers(0, 30_000, 5000)
    written = np.concatenate([rng.integers(30_000, 40_000, 50), text[700:760], rng.integers(30_000, 40_000, 9)])
    found = copied([np.array([1]), written], [text], orders=(1, 64))
    assert (found.longest, found.row, found.place) == (60, 1, 50)
    assert found.seen[64] == 0
