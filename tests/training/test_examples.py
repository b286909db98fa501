import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from toys import make_rows

from elman.errors import DataError, SettingError
from elman.training.examples import Examples, split_rows


def listed(values, space, rank):
    return values


def test_rows_are_read_only_when_their_turn_comes():
    class Files:
        def __init__(self):
            self.read = []

        def __len__(self):
            return 4

        def __getitem__(self, row):
            self.read.append(row)
            return np.full((2, 1), row)

    files = Files()
    counts = {"lengths": np.full(4, 2), "steps": np.full(4, 2)}
    rows = Examples(files, [0, 1, 2, 3], target_rank="one", collate=listed, **counts)
    part = rows.subset([3, 1]).subset([1])
    assert files.read == []
    assert part.collate([0])[0][0].tolist() == [[1], [1]]
    assert part.collate([0])[1] == [1]
    assert files.read == [1, 1]
    assert rows.fingerprint() == Examples(Files(), [0, 1, 2, 3], target_rank="one", **counts).fingerprint()


def test_lengths_count_both_sides_and_steps_the_longer():
    rows = Examples([np.zeros((3, 2)), np.zeros((0, 2))], [np.zeros(2), np.zeros(5)])
    assert rows.lengths.tolist() == [5, 5]
    assert rows.steps.tolist() == [3, 5]
    record = Examples([{"a": np.zeros(4), "b": np.zeros((6, 1)), "c": np.float32(1)}], [0], target_rank="one")
    assert record.lengths.tolist() == [7]


def test_sides_must_have_as_many_rows():
    with pytest.raises(DataError, match="source and target must have as many rows; got 1 and 2"):
        Examples([1], [1, 2], target_rank="one")


def test_the_fingerprint_knows_values_types_and_shapes():
    base = {"collate": listed, "lengths": np.array([4]), "steps": np.array([4])}
    variants = [
        Examples([np.zeros((2, 2))], [np.zeros(2)], **base),
        Examples([np.zeros((4, 1))], [np.zeros(2)], **base),
        Examples([np.zeros((2, 2), np.float32)], [np.zeros(2)], **base),
        Examples([np.ones((2, 2))], [np.zeros(2)], **base),
        Examples([{"a": np.zeros((2, 2))}], [np.zeros(2)], **base),
        Examples(None, [np.zeros(2)], **base),
    ]
    prints = [rows.fingerprint() for rows in variants]
    assert len(set(prints)) == len(prints)
    assert make_rows().fingerprint() == make_rows().fingerprint()
    assert make_rows().subset([1, 2]).fingerprint() != make_rows().subset([2, 1]).fingerprint()


def test_workers_give_the_same_batches_and_leave_the_random_numbers_alone():
    rows, plan = make_rows(6), [np.array([0, 3]), np.array([5])]
    state = torch.get_rng_state()
    for ours, theirs in zip(rows.batches(plan, num_workers=1), rows.batches(plan), strict=True):
        assert torch.equal(ours[0].data, theirs[0].data)
        assert torch.equal(ours[1], theirs[1])
    assert torch.equal(torch.get_rng_state(), state)


@given(st.lists(st.sampled_from("aaaab"), min_size=2, max_size=60), st.floats(0.01, 0.6), st.integers(0, 5))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_split_takes_every_row_once_and_every_class_stays_in_training(strata, fraction, seed):
    train, held = split_rows(len(strata), fraction, strata=strata, random_state=seed)
    assert sorted([*train, *held]) == list(range(len(strata)))
    assert {strata[i] for i in train} == set(strata)
    largest = max(strata.count(name) for name in set(strata))
    assert len(held) >= min(1, largest - 1)
    for name in set(strata):
        share = strata.count(name) * max(round(len(strata) * fraction), 1) / len(strata)
        assert sum(strata[i] == name for i in held) <= share + 1


def test_splits_without_classes():
    train, held = split_rows(10, 0.25, random_state=3)
    assert (len(train), len(held)) == (8, 2)
    again = split_rows(10, 0.25, random_state=3)
    assert held.tolist() == again[1].tolist()
    assert held.tolist() != split_rows(10, 0.25, random_state=4)[1].tolist()
    assert split_rows(5, 0)[1].tolist() == []
    assert split_rows(1, 0.5)[1].tolist() == []
    assert len(split_rows(2, 0.01)[1]) == 1
    assert split_rows(3, 0.5, strata=["a", "b", "c"])[1].tolist() == []


def test_the_last_row_of_a_class_is_never_held_out():
    train, held = split_rows(7, 4 / 7, strata="aaabcde")  # four rows are asked for, but only two may be spared
    assert len(held) == 2
    assert sorted("aaabcde"[row] for row in train) == list("abcde")
    _, held = split_rows(6, 0.5, strata="aaaabb")
    assert sorted("aaaabb"[row] for row in held) == list("aab")


def test_bad_splits():
    with pytest.raises(SettingError, match=r"validation_fraction must be in \[0, 1\); got 1"):
        split_rows(5, 1)
    with pytest.raises(DataError, match="a category for each of 5 rows; got 2"):
        split_rows(5, 0.2, strata="ab")


def test_values_vary_by_seed_epoch_and_row_alone() -> None:
    rows = Examples([np.zeros(3)] * 4, [np.zeros(3)] * 4, collate=lambda values, space, rank: np.stack(values))
    rows.augment_encoded = lambda value, random: value + random.normal(size=3)
    rows.shuffle(1, 0)
    first, target = rows.collate([0, 1])
    assert not target.any()
    np.testing.assert_array_equal(rows.collate([1])[0][0], first[1])
    assert (first[0] != first[1]).all()
    rows.shuffle(1, 1)
    assert (rows.collate([0])[0] != first[0]).all()
    rows.shuffle(1, 0)
    np.testing.assert_array_equal(rows.collate([0])[0][0], first[0])
    assert rows.subset([0]).augment_encoded is None  # what is checked on stays as it is
    alone = Examples(None, [np.zeros(3)], collate=lambda values, space, rank: np.stack(values))
    alone.augment_encoded = lambda value, random: value + random.normal(size=3)
    assert alone.collate([0])[1].all()
