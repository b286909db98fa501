"""Surprise: the share of larger scores so far, for points and stretches, of the past alone; and where alarms begin."""

import numpy as np
import pytest

from elman.evaluation.tail_probability import onsets, surprise


def calm(length=4000, seed=0):
    return np.abs(np.random.default_rng(seed).normal(size=length))


@pytest.mark.parametrize("window", [1, 10])
def test_it_is_a_tail_probability(window):
    result = surprise(calm(60_000), window=window)[1000:]
    for digits in (1, 2, 3):
        assert np.mean(result > digits) == pytest.approx(10.0**-digits, rel=0.4)


def test_usual_spikes_are_no_surprise():
    random = np.random.default_rng(1)
    spiky = calm() + 30 * (random.random(4000) < 0.02)
    plain = calm(seed=2)
    spiky[3900], plain[3900] = 31.0, 31.0
    assert surprise(spiky)[3900] < 3
    assert surprise(plain)[3900] > 5


def test_a_stretch_outdoes_a_point():
    scores = calm()
    scores[3000] = 4.5
    scores[3500:3520] += 1.5
    result = np.nan_to_num(surprise(scores, window=10))
    assert 3505 < int(np.argmax(result)) < 3525
    assert result[3000:3010].max() < result[3500:3520].max() / 2


def test_later_and_unknown_scores_do_not_count():
    scores = calm()
    scores[1000:1003] = np.nan
    poisoned = np.concatenate([scores[:2000], 50 * scores[2000:]])
    np.testing.assert_array_equal(surprise(poisoned)[:2000], surprise(scores)[:2000])
    assert np.isnan(surprise(scores)[1000:1003]).all()
    assert np.isfinite(surprise(scores, window=5)[999:1004]).all()
    assert np.isnan(surprise(scores)[:100]).all()


def test_scores_that_never_change_are_no_surprise():
    result = surprise(np.full(400, 2.0))
    assert (result[100:] < 0.01).all()


def test_onsets_against_brute_force():
    scores = np.random.default_rng(1).normal(size=300)
    scores[5] = np.nan
    plain = np.nan_to_num(scores, nan=-np.inf)
    expected = [s if np.isfinite(s) and s > max(plain[max(0, i - 7) : i], default=-np.inf) else 0.0 for i, s in enumerate(plain)]
    np.testing.assert_array_equal(onsets(scores, 7), expected)
