"""Index arithmetic against the same thing counted by hand."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.sequences import geometry

LENGTHS = st.lists(st.integers(1, 9), max_size=6).map(lambda xs: sorted(xs, reverse=True))


def sizes_of(lengths):
    return torch.tensor([sum(n > t for n in lengths) for t in range(max(lengths, default=0))], dtype=torch.int64)


@given(LENGTHS)
@settings(max_examples=30, deadline=None)
def test_against_counting(lengths):
    sizes = sizes_of(lengths)
    table = [(t, p) for t in range(len(sizes)) for p in range(int(sizes[t]))]
    steps, places = geometry.steps_and_places(sizes)
    assert list(zip(steps.tolist(), places.tolist(), strict=True)) == table
    assert geometry.sorted_lengths(sizes).tolist() == lengths
    assert [table[i] for i in geometry.mirror(sizes).tolist()] == [(lengths[p] - 1 - t, p) for t, p in table]
    assert geometry.first_rows(sizes).tolist() == [table.index((t, 0)) for t in range(len(sizes))]
