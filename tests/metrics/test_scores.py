"""Metrics against definitions and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, r2_score

from elman.metrics.scores import accuracy, edit_distance, error_rate, micro_f1, r_squared

symbols = st.lists(st.integers(0, 3), max_size=8)


def slow_distance(left, right):
    if not left or not right:
        return len(left) + len(right)
    if left[0] == right[0]:
        return slow_distance(left[1:], right[1:])
    return 1 + min(slow_distance(left[1:], right), slow_distance(left, right[1:]), slow_distance(left[1:], right[1:]))


@given(st.lists(st.integers(0, 2), max_size=5), st.lists(st.integers(0, 2), max_size=5))
def test_edit_distance_is_the_recursive_definition(left, right):
    assert edit_distance(left, right) == slow_distance(left, right)


@given(symbols, symbols, symbols)
def test_edit_distance_is_a_metric(a, b, c):
    assert edit_distance(a, b) == edit_distance(b, a)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)
    assert (edit_distance(a, b) == 0) == (a == b)


def test_error_rate_weighs_rows_by_length():
    assert error_rate([[1], [1, 2, 3]], [[2], [1, 2, 3]]) == pytest.approx(1 / 4)
    assert error_rate([[1]], [[]]) == 1.0
    assert error_rate([[1, 2, 3, 4]], [[1]]) == 3.0  # by the truth's length, however long the answer


def test_r_squared_is_that_of_scikit_learn_for_one_output():
    rng = np.random.default_rng(0)
    truth, guess = rng.normal(size=(30, 1)), rng.normal(size=(30, 1))
    assert r_squared(guess, truth) == pytest.approx(r2_score(truth, guess))


def test_r_squared_of_several_numbers_takes_each_from_its_own_mean():
    rng = np.random.default_rng(0)
    truth, guess = rng.normal([0.0, 100.0], [1.0, 2.0], size=(30, 2)), rng.normal([0.0, 100.0], [1.0, 2.0], size=(30, 2))
    residual, total = ((guess - truth) ** 2).sum(), ((truth - [truth[:, 0].mean(), truth[:, 1].mean()]) ** 2).sum()
    assert r_squared(guess, truth) == pytest.approx(1 - residual / total)
    assert r_squared(guess, truth) == pytest.approx(np.average(r2_score(truth, guess, multioutput="raw_values"), weights=truth.var(0)))


def test_r_squared_of_a_constant_truth():
    assert r_squared(np.ones((3, 1)), np.ones((3, 1))) == 1.0
    assert r_squared(np.zeros((3, 1)), np.ones((3, 1))) == 0.0


def test_micro_f1_is_that_of_scikit_learn():
    rng = np.random.default_rng(1)
    truth, guess = rng.random((40, 5)) > 0.6, rng.random((40, 5)) > 0.6
    assert micro_f1(guess, truth) == pytest.approx(f1_score(truth, guess, average="micro"))
    assert micro_f1(np.zeros((2, 3)), np.zeros((2, 3))) == 1.0


def test_accuracy_of_nothing_is_zero():
    assert accuracy(np.zeros(0), np.zeros(0)) == 0.0
    assert accuracy(np.array([1, 2]), np.array([1, 3])) == 0.5
