"""NAB's scoring on cases small enough to be worked out by hand, and its detectors on changes that are there to be seen."""

import numpy as np
import pytest
from benchmarks.quality.nab_detectors import changepoint, windowed_gaussian, windowed_percentile
from benchmarks.quality.nab_scoring import at_threshold, best, mark, normalised, probation, sigmoid

TIMES = np.arange("2024-01-01", "2024-01-11", dtype="datetime64[h]")  # 240 hours, probation 36
SPAN = (TIMES[100], TIMES[109])


def scores(*at):
    found = np.zeros(len(TIMES))
    found[list(at)] = 1.0
    return found


def test_probation_is_fifteen_per_cent_and_at_most_750_rows():
    assert (probation(100), probation(4032), probation(22_695)) == (15, 604, 750)


def test_the_sigmoid_at_known_places():
    np.testing.assert_allclose(sigmoid(np.array([-1.0, -0.5, 0.0, 1.0, 3.0])), [0.98661, 0.84828, 0.0, -0.98661, -1.0], atol=1e-5)


@pytest.mark.parametrize(
    ("hits", "expected"),
    [
        ([100], 100.0),  # the first point of the window
        ([], 0.0),  # silence
        ([100, 105, 109], 100.0),  # only the earliest counts
        ([104], 50 * (1 + np.tanh(1.5) / np.tanh(2.5))),  # 6 of 10 points before the end
        ([100, 50], 100 - 50 * 0.11),  # a false alarm before any window
        ([100, 112], 100 - 50 * 0.11 * (1 - 2 / (1 + np.exp(5 / 3)))),  # 3 behind a window of 10
        ([100, 10], 100.0),  # in the probationary period nothing counts
    ],
)
def test_cases_by_hand(hits, expected):
    marked = [mark(TIMES, [SPAN])]
    (total, found, alarms) = at_threshold(marked, [scores(*hits)], 0.5)[0]
    assert normalised(total, 1) == pytest.approx(expected, abs=1e-6)
    assert found == (any(100 <= h <= 109 for h in hits))
    assert alarms == sum(h in (50, 112) for h in hits)
    if hits:
        assert best(marked, [scores(*hits)])[0] == pytest.approx(expected, abs=1e-6)


def test_the_best_threshold_serves_all_series():
    marked = [mark(TIMES, [SPAN]), mark(TIMES, [(TIMES[200], TIMES[205])])]
    first, second = np.zeros(240), np.zeros(240)
    first[100], first[60], second[200] = 0.9, 0.7, 0.6
    score, threshold = best(marked, [first, second])
    assert threshold == 0.6  # a window is worth more than the alarm at 60 costs
    assert score == pytest.approx(100 * (2 - 0.11 + 2) / 4)
    brute = max(sum(row[0] for row in at_threshold(marked, [first, second], t)) for t in (0.9, 0.7, 0.6, 2.0))
    assert score == pytest.approx(normalised(brute, 2))


def test_silence_is_best_where_every_word_is_wrong():
    assert best([mark(TIMES, [SPAN])], [np.ones(240)]) == (0.0, np.inf)  # one threshold flags all points, 194 of them by mistake
    wrong = np.zeros(240)
    wrong[50] = 1.0
    assert best([mark(TIMES, [SPAN])], [np.where(wrong > 0, 1.0, np.nan)]) == (0.0, np.inf)


@pytest.mark.parametrize("detector", [windowed_percentile, windowed_gaussian])
def test_detectors_see_a_spike(detector):
    values = np.random.default_rng(0).normal(size=1500)
    values[1200] = 9.0
    assert int(np.argmax(detector(values))) == 1200


def test_the_changepoint_is_where_the_mean_changes():
    random = np.random.default_rng(0)
    values = np.concatenate([random.normal(size=300), random.normal(6, 1, size=200)])
    found = changepoint(values)
    assert 300 <= int(np.argmax(found)) <= 303
    assert found[280:300].max() < 0.5


def test_detectors_do_not_look_ahead():
    values = np.random.default_rng(0).normal(size=400)
    poisoned = np.concatenate([values[:300], 50 * values[300:]])
    for detector in (windowed_percentile, windowed_gaussian, changepoint):
        np.testing.assert_array_equal(detector(poisoned)[:300], detector(values)[:300])
