import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.training.batches import plan_epoch, plan_in_order

lengths_of = st.lists(st.integers(0, 300), min_size=0, max_size=120).map(np.array)


@given(lengths_of, st.integers(1, 40), st.integers(1, 2000), st.integers(0, 3))
@settings(max_examples=120, deadline=None)
def test_every_row_once_within_the_limits(lengths, batch_size, batch_tokens, epoch):
    lengths = lengths.astype(np.int64)
    plan = plan_epoch(lengths, batch_size=batch_size, batch_tokens=batch_tokens, seed=1, epoch=epoch)
    assert sorted(int(row) for rows in plan for row in rows) == list(range(len(lengths)))
    for rows in plan:
        assert 1 <= len(rows) <= batch_size
        assert len(rows) == 1 or np.maximum(lengths[rows], 1).sum() <= batch_tokens


def test_the_same_seed_and_epoch_give_the_same_plan_and_others_do_not():
    lengths = np.random.default_rng(0).integers(1, 50, 100)
    limits = {"batch_size": 8, "batch_tokens": 1000}
    plans = [[rows.tolist() for rows in plan_epoch(lengths, seed=s, epoch=e, **limits)] for s, e in ((3, 1), (3, 1), (3, 2), (4, 1))]
    assert plans[0] == plans[1]
    assert plans[0] != plans[2]
    assert plans[0] != plans[3]


def test_rows_of_like_length_meet_but_not_always_the_same():
    lengths = np.repeat([4, 64], 200)
    plan = plan_epoch(lengths, batch_size=20, batch_tokens=10**6, seed=0, epoch=0)
    assert all(len(set(lengths[rows])) == 1 for rows in plan)
    assert [int(lengths[rows[0]]) for rows in plan] != sorted(int(lengths[rows[0]]) for rows in plan)
    other = plan_epoch(lengths, batch_size=20, batch_tokens=10**6, seed=0, epoch=1)
    assert {frozenset(rows.tolist()) for rows in plan}.isdisjoint({frozenset(rows.tolist()) for rows in other})


def test_batches_are_even():
    plan = plan_epoch(np.full(33, 5), batch_size=16, batch_tokens=10**6, seed=0, epoch=0)
    assert sorted(len(rows) for rows in plan) == [11, 11, 11]
    plan = plan_epoch(np.full(101, 10), batch_size=1000, batch_tokens=250, seed=0, epoch=0)
    assert min(len(rows) for rows in plan) >= 20


def test_evaluation_goes_from_short_to_long():
    plan = plan_in_order(np.array([5, 1, 3, 2]), batch_size=2, batch_tokens=100)
    assert [rows.tolist() for rows in plan] == [[1, 3], [2, 0]]
