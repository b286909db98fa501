"""Leak alarms of series: each goes off for its leak, and for nothing else."""

import numpy as np
import pytest
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

from elman.errors import ShapeError
from elman.leakage.series import overlapping_windows, scaler_on_test, shuffled_split


def test_a_shuffled_split_is_seen_and_a_cut_is_not():
    times = np.arange("2024-01-01", "2024-04-10", dtype="datetime64[D]")
    train, test = train_test_split(times, random_state=0)
    leak = shuffled_split(train, test)
    assert leak.share > 0.9
    assert "never shuffle series" in str(leak)
    assert shuffled_split(*train_test_split(times, shuffle=False)) is None
    assert shuffled_split([], times) is None


def test_overlap_against_brute_force():
    random = np.random.default_rng(0)
    starts = random.integers(0, 200, 60)
    train = np.stack([starts, starts + random.integers(1, 12, 60)], axis=1)
    asked = random.integers(0, 220, 80)
    test = np.stack([asked, asked + random.integers(1, 4, 80)], axis=1)
    whose, own = random.integers(0, 4, 60), random.integers(0, 4, 80)
    touched = [any(a < d and c < b for (a, b), w in zip(train, whose, strict=True) if w == o) for (c, d), o in zip(test, own, strict=True)]
    leak = overlapping_windows(train, test, train_series=whose, test_series=own)
    assert leak.share == pytest.approx(np.mean(touched))
    assert f"steps {test[np.argmax(touched)][0]} to" in leak.text


def test_windows_cut_apart_do_not_overlap():
    assert overlapping_windows([[0, 10], [3, 13]], [[13, 14], [20, 21]]) is None
    assert overlapping_windows([[0, 10]], [[5, 6]], train_series=["a"], test_series=["b"]) is None
    with pytest.raises(ShapeError, match=r"test must be \(n, 2\): first step and end of each window; got shape \(3,\)"):
        overlapping_windows([[0, 1]], [1, 2, 3])


@pytest.mark.parametrize("scaler", [StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler])
def test_a_scaler_that_saw_the_test_rows(scaler):
    rows = np.random.default_rng(0).normal(size=(100, 3)).cumsum(axis=0)
    rows[85] = 40.0
    leak = scaler_on_test(scaler().fit(rows), rows[:80], rows[80:])
    assert leak.share > 0
    assert scaler.__name__ in str(leak)
    assert scaler_on_test(scaler().fit(rows[:80]), rows[:80], rows[80:]) is None
    assert scaler_on_test(object(), rows[:80], rows[80:]) is None
