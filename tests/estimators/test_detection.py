"""Average precision: cases worked by hand, and a slow reading of the definition beside it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.errors import DataError
from elman.estimators.detection import mean_average_precision, overlap, precision_recall

A, B, FAR = [0, 0, 10, 10], [20, 20, 30, 30], [50, 50, 60, 60]


def found(*boxes):
    return np.array([[*box, score] for box, score in boxes], dtype=float).reshape(-1, 5)


def boxes(*rows):
    return np.array(rows, dtype=float).reshape(-1, 4)


def test_overlap_of_pairs_by_hand():
    np.testing.assert_allclose(overlap(boxes(A, B), boxes([0, 0, 10, 5], [5, 5, 15, 15], FAR)), [[0.5, 25 / 175, 0], [0, 0, 0]])
    assert overlap(boxes(), boxes(A)).shape == (0, 1)


def test_everything_found_is_one_and_nothing_found_is_zero():
    assert precision_recall([found((A, 0.9), (B, 0.8))], [boxes(A, B)]).average_precision == 1
    assert precision_recall([found()], [boxes(A, B)]).average_precision == 0
    assert np.isnan(precision_recall([found((A, 0.5))], [boxes()]).average_precision)


def test_a_curve_by_hand():
    """Right, wrong, right: precision 1, 1/2, 2/3 at recall 1/3, 1/3, 2/3 of three truths."""
    curve = precision_recall([found((A, 0.9), (FAR, 0.8)), found((B, 0.7))], [boxes(A, [70, 70, 80, 80]), boxes(B)])
    np.testing.assert_allclose(curve.precision, [1, 1 / 2, 2 / 3])
    np.testing.assert_allclose(curve.recall, [1 / 3, 1 / 3, 2 / 3])
    assert curve.score.tolist() == [0.9, 0.8, 0.7]
    assert curve.average_precision == pytest.approx(1 / 3 + 1 / 3 * 2 / 3)
    assert curve.at(0.3) == 1
    assert curve.at(0.5) == pytest.approx(2 / 3)
    assert curve.at(0.7) == 0


def test_a_truth_is_found_once():
    curve = precision_recall([found((A, 0.9), (A, 0.8))], [boxes(A)])
    np.testing.assert_allclose(curve.precision, [1, 1 / 2])


def test_what_is_small_is_neither_asked_for_nor_held_against_the_finder():
    small, tiny = [20, 20, 24, 24], [40, 40, 42, 42]
    curve = precision_recall([found((small, 0.9), (A, 0.8), (tiny, 0.7), (FAR, 0.6))], [boxes(A, small)], min_size=6)
    assert curve.truths == 1
    assert curve.score.tolist() == [0.8, 0.6]  # only a large box that finds nothing is a mistake
    assert curve.average_precision == 1
    assert precision_recall([found((small, 0.9), (A, 0.8), (tiny, 0.7), (FAR, 0.6))], [boxes(A, small)]).truths == 2


def test_a_found_box_prefers_a_truth_that_counts():
    count, small = [0, 0, 10, 10], [0, 0, 9, 9.5]
    assert precision_recall([found(([0, 0, 9.2, 9.6], 0.9))], [boxes(small, count)], min_size=9.9).average_precision == 1


def slowly(guesses, truths, iou):
    """The definition, box by box."""
    order = sorted(((box[4], picture, place) for picture, rows in enumerate(guesses) for place, box in enumerate(rows)), reverse=True)
    taken, right, curve = set(), 0, []
    total = sum(map(len, truths))
    for number, (_, picture, place) in enumerate(order, start=1):
        left = [(overlap(guesses[picture][None, place], truths[picture][None, t])[0, 0], t) for t in range(len(truths[picture]))]
        left = [(share, t) for share, t in left if share >= iou and (picture, t) not in taken]
        if left:
            taken.add((picture, max(left)[1]))
            right += 1
        curve.append((right / total, right / number))
    area, before = 0.0, 0.0
    for place, (recall, _) in enumerate(curve):
        area += (recall - before) * max(precision for _, precision in curve[place:])
        before = recall
    return area


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4), st.sampled_from([0.3, 0.5, 0.75]))
def test_it_is_what_the_definition_says(seed, pictures, iou):
    random = np.random.default_rng(seed)

    def draw(count):
        corner = random.integers(0, 6, (count, 2))
        return np.concatenate([corner, corner + random.integers(1, 6, (count, 2))], axis=1).astype(float)

    truths = [draw(random.integers(1, 5)) for _ in range(pictures)]
    guesses = [np.concatenate([made := draw(random.integers(0, 6)), random.random((len(made), 1))], axis=1) for _ in range(pictures)]
    assert precision_recall(guesses, truths, iou=iou).average_precision == pytest.approx(slowly(guesses, truths, iou))


def test_kinds_are_judged_apart_and_averaged():
    truth = [np.array([[*A, 0], [*B, 1]], dtype=float)]
    assert mean_average_precision([np.array([[*A, 0, 0.9], [*B, 1, 0.8]])], truth) == 1
    assert mean_average_precision([np.array([[*A, 1, 0.9], [*B, 1, 0.8]])], truth) == pytest.approx(0.25)
    assert mean_average_precision([np.zeros((0, 6))], truth) == 0
    assert mean_average_precision([np.zeros((0, 6))], [np.zeros((0, 5))]) == 1
    assert mean_average_precision([np.zeros((1, 6))], [np.zeros((0, 5))]) == 0


def test_the_same_pictures_on_both_sides():
    with pytest.raises(DataError, match="found and truth must be of the same pictures; got 1 and 2"):
        precision_recall([found()], [boxes(), boxes()])
