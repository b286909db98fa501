"""Batches of sequences of different lengths: there and back, cutting and joining, and everything that is refused."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from elman.errors import DataTypeError, ShapeError
from elman.sequences import Ragged

LENGTHS = st.lists(st.integers(0, 7), min_size=1, max_size=6)
FEW = settings(max_examples=30, deadline=None)


def sequences(lengths, width=2):
    """Every element is different, so that a misplaced one shows."""
    values = torch.arange(1.0, 1 + sum(lengths) * width).view(-1, width)
    return list(torch.split(values, lengths))


def assert_same(given, expected):
    assert len(given) == len(expected)
    for a, b in zip(given, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


@given(LENGTHS)
@FEW
def test_lists_come_back(lengths):
    batch = Ragged.from_list(sequences(lengths)).validate()
    assert_same(batch.to_list(), sequences(lengths))
    assert batch.lengths.tolist() == lengths
    assert len(batch) == len(lengths)


@given(LENGTHS)
@FEW
def test_padding_comes_back_and_what_was_padded_is_never_read(lengths):
    padded = torch.nn.utils.rnn.pad_sequence(sequences(lengths), batch_first=True, padding_value=torch.nan)
    batch = Ragged.from_padded(padded, torch.tensor(lengths)).validate()
    again, mask = batch.to_padded(fill=torch.nan)
    torch.testing.assert_close(again, padded, equal_nan=True)
    assert mask.sum(1).tolist() == lengths
    assert bool(torch.isfinite(batch.data).all())
    assert_same(Ragged.from_padded(padded.transpose(0, 1).contiguous().transpose(0, 1), lengths).to_list(), sequences(lengths))


@given(LENGTHS.filter(all))
@FEW
def test_torchs_packed_sequence_both_ways_without_copying(lengths):
    padded = torch.nn.utils.rnn.pad_sequence(sequences(lengths))
    packed = pack_padded_sequence(padded, torch.tensor(lengths), enforce_sorted=False)
    batch = Ragged.from_packed(packed).validate()
    assert batch.data.data_ptr() == packed.data.data_ptr()
    assert_same(batch.to_list(), sequences(lengths))
    back = batch.to_packed()
    assert back.data.data_ptr() == packed.data.data_ptr()
    torch.testing.assert_close(pad_packed_sequence(back)[0], padded)


def test_a_sorted_packed_sequence_without_indices():
    packed = pack_padded_sequence(torch.nn.utils.rnn.pad_sequence(sequences([3, 1])), torch.tensor([3, 1]))
    assert_same(Ragged.from_packed(packed).to_list(), sequences([3, 1]))


@given(LENGTHS)
@FEW
def test_rows_know_where_they_belong(lengths):
    batch = Ragged.from_list(sequences(lengths))
    for row, step, value in zip(batch.row_of().tolist(), batch.step_of().tolist(), batch.data, strict=True):
        torch.testing.assert_close(value, sequences(lengths)[row][step])


@given(LENGTHS)
@FEW
def test_flip_last_and_gradients(lengths):
    batch = Ragged.from_list(sequences(lengths))
    assert_same(batch.flip().to_list(), [s.flip(0) for s in sequences(lengths)])
    assert_same(list(batch.last()), [s[-1] if len(s) else torch.zeros(2) for s in sequences(lengths)])
    data = batch.data.clone().requires_grad_()
    batch.with_data(data).last().sum().backward()
    assert data.grad is not None
    assert int(data.grad.sum()) == 2 * sum(n > 0 for n in lengths)


@given(LENGTHS, st.data())
@FEW
def test_select_takes_rows_in_any_order_and_number(lengths, data):
    rows = data.draw(st.lists(st.integers(0, len(lengths) - 1), max_size=8))
    chosen = Ragged.from_list(sequences(lengths)).select(rows).validate()
    assert_same(chosen.to_list() if rows else [], [sequences(lengths)[r] for r in rows])


@given(LENGTHS, st.integers(1, 9))
@FEW
def test_chunks_are_views_that_make_up_the_whole(lengths, step):
    batch = Ragged.from_list(sequences(lengths))
    windows = [w.validate() for w in batch.chunks(step)]
    assert all(int(w.lengths.max()) <= step and len(w) == len(batch) for w in windows)
    base = batch.data.data_ptr()
    assert all(base <= w.data.data_ptr() <= base + batch.data.nbytes for w in windows)
    joined = [torch.cat([w.to_list()[n] for w in windows]) if windows else torch.empty(0, 2) for n in range(len(batch))]
    assert_same(joined, sequences(lengths))


@given(st.lists(LENGTHS, min_size=1, max_size=3))
@FEW
def test_concat_keeps_every_sequence(groups):
    batches = [Ragged.from_list(sequences(lengths)) for lengths in groups]
    assert_same(Ragged.concat(batches).validate().to_list(), [s for lengths in groups for s in sequences(lengths)])


def test_a_million_steps_without_a_loop_per_element():
    lengths = [1_000_000, 0, 3]
    began = time.perf_counter()
    batch = Ragged.from_list([np.full((n, 1), n, np.float32) for n in lengths])
    assert [len(s) for s in batch.to_list()] == lengths
    batch.flip().validate().to_padded()
    assert Ragged.from_packed(batch.select([0, 2]).to_packed()).lengths.tolist() == [1_000_000, 3]
    assert batch.last().flatten().tolist() == [1_000_000, 0, 3]
    assert time.perf_counter() - began < 20  # a Python loop over the elements takes minutes


def test_no_sequences_at_all():
    batch = Ragged.from_list([])
    assert len(batch) == 0
    assert batch.to_list() == []
    assert len(batch.select([])) == 0


B = Ragged.from_list(sequences([3, 0, 2]))


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (lambda: Ragged.from_lengths(torch.zeros(4), [3, 2]), ShapeError, r"data must have 5 rows, the sum of the lengths; got 4 rows"),
        (lambda: Ragged.from_lengths(torch.tensor(1.0), [1]), ShapeError, r"got a single number"),
        (lambda: Ragged.from_lengths(torch.zeros(4), [5, -1]), ShapeError, r"lengths must be at least 0; got -1 at index 1"),
        (
            lambda: Ragged.from_lengths(torch.zeros(4), torch.ones(2).long().to_sparse()),
            DataTypeError,
            r"lengths must be a dense tensor with values",
        ),
        (lambda: Ragged.from_lengths(torch.zeros(4), [2.5]), DataTypeError, r"whole numbers; got shape \(1,\), torch.float32"),
        (lambda: Ragged.from_lengths(torch.zeros(4), [True]), DataTypeError, r"whole numbers; got shape \(1,\), torch.bool"),
        (lambda: Ragged.from_lengths(torch.zeros(4), [[4]]), DataTypeError, r"\(N,\) whole numbers; got shape \(1, 1\)"),
        (lambda: Ragged.from_lengths(torch.zeros(4), "four"), DataTypeError, r"whole numbers; got str"),
        (lambda: Ragged.from_list(["abc"]), DataTypeError, r"row 0: a sequence must be an array of numbers; got str"),
        (lambda: Ragged.from_list([np.zeros(2), np.float64(3)]), ShapeError, r"row 1: a sequence must be \(T, \*\); got a single number"),
        (
            lambda: Ragged.from_list([np.zeros((2, 1)), np.zeros((2, 3))]),
            ShapeError,
            r"row 1: .* got \(·, \[3\]\) .* expected \(·, \[1\]\)",
        ),
        (lambda: Ragged.from_list([np.zeros(2), np.zeros(2, np.int64)]), ShapeError, r"row 1: .*torch.int64.*expected .*torch.float64"),
        (lambda: Ragged.from_padded(torch.zeros(3), [1, 1, 1]), ShapeError, r"padded must be \(N, T, \*\); got shape \(3,\)"),
        (lambda: Ragged.from_padded(torch.zeros(2, 4), [1]), ShapeError, r"one entry per row, 2; got 1"),
        (lambda: Ragged.from_padded(torch.zeros(2, 4), [1, 9]), ShapeError, r"0\.\.T \(T=4\); got 9 at index 1\. Trim"),
        (lambda: B.to_packed(), ShapeError, r"cannot hold empty sequences; rows \[1\] are empty"),
        (lambda: B.with_data(torch.zeros(2)), ShapeError, r"data must keep its 5 rows; got 2"),
        (lambda: B.select([3]), ShapeError, r"rows must be in 0\.\.2; got 3\.\.3"),
        (lambda: Ragged.concat([]), ShapeError, r"at least one batch"),
        (lambda: Ragged.concat([B, B.with_data(B.data.double())]), ShapeError, r"row 1: .*torch.float64.*expected .*torch.float32"),
        (lambda: list(B.chunks(0)), ShapeError, r"at least 1; got 0"),
        (lambda: replace(B, batch_sizes=B.batch_sizes.float()).validate(), ShapeError, r"batch_sizes must be \(T,\) int64"),
        (lambda: replace(B, batch_sizes=torch.tensor([1, 4])).validate(), ShapeError, r"never rise"),
        (lambda: replace(B, data=B.data[:2]).validate(), ShapeError, r"must sum to the rows of data; got 5"),
        (lambda: replace(B, lengths=B.lengths.int()).validate(), ShapeError, r"lengths must be \(N,\) int64 on the CPU"),
        (lambda: replace(B, lengths=torch.tensor([2, 0, 3])).validate(), ShapeError, r"lengths and batch_sizes contradict"),
        (lambda: replace(B, sorted_indices=torch.tensor([0, 0, 2])).validate(), ShapeError, r"permutation of 0\.\.2; got \[0, 0, 2\]"),
        (lambda: replace(B, unsorted_indices=torch.tensor([9, 0, 1])).validate(), ShapeError, r"must be the inverse"),
        (
            lambda: Ragged.from_packed(PackedSequence(torch.zeros(3, 1), torch.tensor([2, 1]), torch.tensor([5, 0]), torch.tensor([1, 0]))),
            ShapeError,
            r"permutation of 0\.\.1; got \[5, 0\]",
        ),
    ],
)
def test_refused(wrong, error, message):
    with pytest.raises(error, match=message):
        wrong()
