"""Sustained surprise: a stretch a little off outdoes a single odd point, on the scale of probabilities, of the past alone."""

import numpy as np
import pytest

from elman.estimators.surprise import onsets, sustained


def calm(length=4000, seed=0):
    return np.abs(np.random.default_rng(seed).normal(size=length))


def test_it_is_a_tail_probability():
    found = sustained(calm(40_000), window=1)[1000:]
    assert np.mean(found > 1) == pytest.approx(0.1, abs=0.05)
    several = sustained(calm(40_000), window=30)[1000:]  # means of logarithms are nearly normal
    assert np.mean(several > 2) == pytest.approx(0.01, abs=0.008)


def test_a_stretch_outdoes_a_point():
    scores = calm()
    scores[3000] = 4.5
    scores[3500:3520] += 1.5
    found = np.nan_to_num(sustained(scores))
    assert 3505 < int(np.argmax(found)) < 3525
    assert found[3000:3010].max() < found[3500:3520].max() / 2


def test_nothing_later_counts_and_the_unknown_not_at_all():
    scores = calm()
    scores[1000:1003] = np.nan
    poisoned = np.concatenate([scores[:2000], 50 * scores[2000:]])
    np.testing.assert_array_equal(sustained(poisoned)[:2000], sustained(scores)[:2000])
    assert np.isfinite(sustained(scores)[999:1004]).all()
    assert np.isnan(sustained(scores)[:49]).all()


def test_onsets_against_brute_force():
    scores = np.random.default_rng(1).normal(size=300)
    scores[5] = np.nan
    plain = np.nan_to_num(scores, nan=-np.inf)
    expected = [s if np.isfinite(s) and s > max(plain[max(0, i - 7) : i], default=-np.inf) else 0.0 for i, s in enumerate(plain)]
    np.testing.assert_array_equal(onsets(scores, 7), expected)
