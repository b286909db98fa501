import numpy as np
import pytest

from elman.errors import SettingError
from elman.ngrams import Frequency


def test_probabilities_are_smoothed_shares():
    model = Frequency(end=True).fit([[2, 2, 0], [2]], 3)
    np.testing.assert_allclose(model.next(), np.array([2, 1, 4, 3]) / 10)
    np.testing.assert_allclose(np.exp(model.log_prob([1, 2, 3], context=[0, 0])), [0.1, 0.4, 0.3])
    assert model.most_frequent_ == 2


def test_without_smoothing_what_was_never_seen_is_impossible():
    model = Frequency(smoothing=0).fit([[0, 0, 1, 1]], 3)
    assert model.log_prob([2]).tolist() == [-np.inf]
    assert model.next().tolist() == [0.5, 0.5, 0]
    assert model.most_frequent_ == 0  # the lowest of several


def test_without_data_every_symbol_is_alike():
    model = Frequency(smoothing=0).fit([[]], 4)
    assert model.next().tolist() == [0.25] * 4
    np.testing.assert_allclose(model.log_prob([3]), np.log(0.25))


def test_prior_sampling_follows_the_shares():
    model = Frequency(smoothing=0).fit([[0] * 30 + [1] * 70], 2)
    drawn = model.sample(2000, random_state=0)
    assert abs(drawn.mean() - 0.7) < 0.03


@pytest.mark.parametrize("smoothing", [-1, "much", True, float("inf"), float("nan")])
def test_impossible_smoothing_is_refused(smoothing):
    with pytest.raises(SettingError, match="smoothing must be a number of at least 0"):
        Frequency(smoothing=smoothing)
