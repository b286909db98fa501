"""Measures: values by hand, and intervals that hold what they promise."""

import numpy as np
import pytest

from elman.metrics.measure import Judgement, Measure, interval

ACCURACY = Measure(name="accuracy")
BITS = Measure(name="bits", higher_is_better=False)


def judged(over, under=None):
    over = np.asarray(over, dtype=float)
    return Judgement(over=over, under=np.ones(len(over)) if under is None else np.asarray(under, dtype=float))


def test_values_are_ratios_of_sums():
    assert ACCURACY.value(judged([1, 0, 1, 1])) == 0.75
    assert BITS.value(judged([10, 2], [5, 1])) == 2.0
    assert Measure(name="R²", base=1.0, scale=-1.0).value(judged([1, 1], [2, 6])) == 0.75


@pytest.mark.parametrize(
    ("empty", "errors", "expected"),
    [("nan", 0, np.nan), ("zero", 3, 0.0), ("one", 0, 1.0), ("exact", 0, 1.0), ("exact", 2, 0.0), ("errors", 0, 1.0), ("errors", 2, -1.0)],
)
def test_a_score_without_a_divisor_follows_the_rule_of_its_measure(empty, errors, expected):
    value = Measure(name="any", base=1.0, scale=-1.0, empty=empty).value(judged([errors], [0.0]))
    np.testing.assert_equal(value, expected)


def test_gain_is_positive_for_the_better_one():
    assert ACCURACY.gain(0.9, 0.8) > 0
    assert BITS.gain(1.5, 2.0) == 0.5


def test_the_bootstrap_agrees_with_the_formula():
    random = np.random.default_rng(1)
    hits = (random.random(400) < 0.7).astype(float)
    drawn = ACCURACY.resampled({"one": judged(hits)})["one"]
    assert len(drawn) == 2000
    mean = hits.mean()
    np.testing.assert_allclose(drawn.std(), np.sqrt(mean * (1 - mean) / 400), rtol=0.06)
    np.testing.assert_allclose(interval(drawn), mean + np.array([-1.96, 1.96]) * np.sqrt(mean * (1 - mean) / 400), atol=0.005)


def test_draws_are_paired():
    """Two that are right on nearly the same rows are told apart, though their own intervals overlap by far."""
    random = np.random.default_rng(2)
    first = (random.random(500) < 0.8).astype(float)
    second = first.copy()
    second[np.flatnonzero(first)[:20]] = 0
    drawn = ACCURACY.resampled({"first": judged(first), "second": judged(second)})
    assert interval(drawn["second"])[1] > interval(drawn["first"])[0]
    low, high = interval(ACCURACY.gain(drawn["first"], drawn["second"]))
    assert 0 < low < 0.04 < high
    again = ACCURACY.resampled({"second": judged(second)})
    np.testing.assert_array_equal(again["second"], drawn["second"])


def test_intervals_hold_in_nineteen_of_twenty_cases():
    random = np.random.default_rng(3)
    holds = 0
    for seed in range(100):
        low, high = interval(ACCURACY.resampled({"a": judged((random.random(120) < 0.6).astype(float))}, seed)["a"])
        holds += low <= 0.6 <= high
    assert 88 <= holds <= 100
