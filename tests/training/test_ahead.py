"""Batches made ahead by threads."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from elman.training.prefetch import ahead

PLAN = [np.array([i]) for i in range(30)]


@pytest.mark.parametrize("readers", [1, 2, 5])
def test_batches_come_in_the_order_of_the_plan(readers):
    def make(rows):
        time.sleep(0.002 * (int(rows[0]) % 3 == 0))  # some take longer
        return int(rows[0])

    assert list(ahead(make, PLAN, readers)) == list(range(30))
    assert list(ahead(make, [], readers)) == []


def test_reading_stays_a_few_batches_ahead():
    begun = []
    batches = ahead(lambda rows: begun.append(int(rows[0])), PLAN, 2)
    next(batches)
    time.sleep(0.05)
    assert len(begun) <= 5
    batches.close()


def test_an_error_comes_where_its_turn_is_and_threads_end():
    def make(rows):
        if rows[0] == 3:
            raise ValueError("row 3")
        return int(rows[0])

    batches = ahead(make, PLAN, 2)
    assert [next(batches) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="row 3"):
        next(batches)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("elman-reader")]


def test_who_stops_early_leaves_nobody_reading():
    batches = ahead(lambda rows: int(rows[0]), PLAN, 3)
    next(batches)
    batches.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("elman-reader")]
