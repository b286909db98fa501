"""Index arithmetic against the same thing counted by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.errors import ShapeError
from elman.sequences import Ragged, geometry
from elman.sequences.ragged import fits, sort_lengths

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


@pytest.mark.parametrize("lengths", [[], [0], [3, 0, 7, 7, 1], [2, 2]])
def test_sorted_lengths_are_those_of_a_ragged_batch(lengths):
    steps, rows, order, sizes = sort_lengths(lengths, len(lengths), 7)
    frame = Ragged.from_lengths(torch.empty(sum(lengths), 0), torch.tensor(lengths, dtype=torch.int64))
    assert (steps, rows) == (len(frame.batch_sizes), sum(lengths))
    assert torch.equal(order, frame.sorted_indices)
    assert torch.equal(sizes, frame.batch_sizes)


@pytest.mark.parametrize(
    ("lengths", "message"), [([8], r"T=7\); got 8 at index 0"), ([-1], "at least 0; got -1"), ([1, 1], "per row, 1; got 2")]
)
def test_lengths_that_cannot_be_are_refused(lengths, message):
    with pytest.raises(ShapeError, match=message):
        sort_lengths(lengths, 1, 7)


def test_only_packed_batches_whose_parts_agree_fit():
    batch = Ragged.from_lengths(torch.zeros(6, 2), torch.tensor([1, 0, 3, 2]))
    assert fits(batch)
    wrong = {
        "batch_sizes": (torch.tensor([3, 2, 2]), torch.tensor([2, 3, 1]), torch.tensor([3, 3]), torch.tensor([5, 1]), torch.tensor([3.0])),
        "sorted_indices": (torch.tensor([2, 2, 0, 1]), torch.tensor([2, 3, 0]), torch.tensor([2, 3, 0, 9])),
        "unsorted_indices": (torch.tensor([0, 1, 2, 3]),),
        "lengths": (torch.tensor([1, 0, 2, 3]), torch.tensor([1, 0, 3])),
    }
    for name, values in wrong.items():
        for value in values:
            assert not fits(replace(batch, **{name: value})), (name, value)
