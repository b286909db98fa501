"""A leaderboard's value is the estimator's own score, on random truth and where there is nothing to divide by."""

import numpy as np
import pytest

from elman import Boxes, Category, Forecaster, Model, Network, Number, Series, Symbols, Tags, Text, Training, Vector, compare
from elman.baselines import Constant
from elman.errors import DataError, SettingError
from elman.metrics.by_target import scoring_of

RNG = np.random.default_rng(3)
SERIES = [RNG.normal(size=(int(n), 2)) for n in RNG.integers(3, 7, 48)]
LETTERS = [[str(s) for s in RNG.choice(list("abc"), int(n))] for n in RNG.integers(1, 6, 48)]
QUICK = Training(max_epochs=1, verbose=0)


def board(source, target, x, y, test, align="auto"):
    model = Model(source, target, align=align, network=Network(hidden_size=4, members=1), training=QUICK)
    return compare(model, x, y, test=test, candidates=["default", "frequency"], on_leak="ignore", verbose=0)


def same(result, x, y):
    assert result["default"].value == pytest.approx(result.estimators["default"].score(x, y), abs=1e-6)


NUMBERS = [float(v) for v in RNG.normal(5, 2, 48)]
VECTORS = [np.array([v, 1000 * RNG.normal()]) for v in NUMBERS]
TAGS = [[t for t in "ab" if RNG.random() < 0.5] for _ in range(48)]
CASES = {
    "category": (Series(), Category(), SERIES, ["u" if v > 5 else "d" for v in NUMBERS], "auto"),
    "number": (Series(), Number(), SERIES, NUMBERS, "auto"),
    "number on a log scale": (Series(), Number(scale="log"), SERIES, [abs(v) + 1 for v in NUMBERS], "auto"),
    "numbers of other units": (Series(), Vector(), SERIES, VECTORS, "auto"),
    "tags": (Series(), Tags(), SERIES, TAGS, "auto"),
    "symbols": (Symbols(), Symbols(), LETTERS, [row[::-1][:2] for row in LETTERS], "attention"),
    "steps": (Symbols(), Symbols(), LETTERS, [[s.upper() for s in row] for row in LETTERS], "step"),
    "steps of numbers": (Series(), Series(), SERIES, [x * [1, 100] for x in SERIES], "step"),
    "texts": (Text("char"), Text("char"), ["".join(row) for row in LETTERS], ["".join(row[:2]) for row in LETTERS], "attention"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_value_of_a_candidate_is_its_score(name):
    source, target, x, y, align = CASES[name]
    same(board(source, target, x[:32], y[:32], (x[32:], y[32:]), align), x[32:], y[32:])


def test_a_constant_truth_calls_no_one_perfect():
    result = board(Series(), Number(), SERIES[:32], NUMBERS[:32], (SERIES[32:], [5.1] * 16))
    same(result, SERIES[32:], [5.1] * 16)
    assert result["default"].value == result["frequency"].value == 0.0


def test_an_answer_to_an_empty_truth_is_an_error():
    answers = [row[:1] for row in LETTERS]
    result = board(Symbols(), Symbols(), LETTERS[:32], answers[:32], (LETTERS[32:], [[]] * 16), "attention")
    same(result, LETTERS[32:], [[]] * 16)
    assert result["frequency"].value == 1 - 16.0  # one symbol too many in each of 16 rows


def test_no_tag_anywhere_is_answered_perfectly_by_none():
    tags = [[] if i % 4 else ["a"] for i in range(48)]
    result = board(Series(), Tags(), SERIES[:32], tags[:32], (SERIES[32:36], [[]] * 4))
    same(result, SERIES[32:36], [[]] * 4)
    assert result["frequency"].value == 1.0


def test_one_class_in_the_test_part_is_judged_as_by_score():
    result = board(Series(), Category(), SERIES[:32], ["u", "d"] * 16, (SERIES[32:], ["u"] * 16))
    same(result, SERIES[32:], ["u"] * 16)


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_missing_truth_is_refused_by_both(missing):
    model = Model(Series(), Number(), network=Network(hidden_size=4), training=QUICK).fit(SERIES[:32], NUMBERS[:32])
    with pytest.raises(DataError):
        model.score(SERIES[32:], [missing] * 16)
    with pytest.raises(DataError):
        board(Series(), Number(), SERIES[:32], NUMBERS[:32], (SERIES[32:], [missing] * 16))


def test_random_answers_of_a_baseline_have_the_score_of_the_metric():
    target = Number().fit(NUMBERS)
    scoring, random = scoring_of(target, False), np.random.default_rng(0)
    truth, answers = target.encode_all(NUMBERS), target.encode_all([float(v) for v in random.normal(5, 2, 48)])
    mean = np.mean([float(np.ravel(t)[0]) for t in truth])
    residual = sum((float(np.ravel(a)[0]) - float(np.ravel(t)[0])) ** 2 for a, t in zip(answers, truth, strict=True))
    total = sum((float(np.ravel(t)[0]) - mean) ** 2 for t in truth)
    assert scoring.score(answers, truth) == pytest.approx(1 - residual / total)
    assert isinstance(Constant("mean").fit(SERIES, NUMBERS).predict(SERIES[:2])[0], float | np.floating)


def test_boxes_are_refused_with_the_way_to_judge_them():
    boxes = [[(0.1, 0.1, 0.5, 0.5)]] * 12
    with pytest.raises(SettingError, match=r"AP@0\.5 is no sum over rows; it cannot judge a target of Boxes"):
        board(Series(), Boxes(unit="relative"), SERIES[:8], boxes[:8], (SERIES[8:12], boxes[8:]))


def test_series_that_never_vary_have_no_mase():
    forecaster = Forecaster(3, training=QUICK, network=Network(hidden_size=4))
    with pytest.raises(DataError, match="no series varies before its last steps, so MASE"):
        compare(forecaster, [np.full(40, 2.0), np.full(40, 3.0)], candidates=["naive", "drift"], verbose=0)
