"""The simplest answers: constants, draws, usual labels, bags of steps."""

import numpy as np
import pytest

from elman import Series, Text
from elman.baselines import BagOfSteps, Constant, PriorSampling, UsualLabel
from elman.errors import NotFittedError, SettingError


def test_draws_follow_the_shares():
    luck = PriorSampling().fit(list("abcd"), ["x", "x", "x", "y"])
    drawn = luck.predict([0] * 4000)
    assert abs(np.mean(drawn == "x") - 0.75) < 0.03
    np.testing.assert_array_equal(drawn, luck.predict([0] * 4000))


def test_constants():
    assert Constant().fit([1, 2, 3], [[1, 2], [3], [1, 2]]).predict([0]) == [[1, 2]]
    assert Constant("mean").fit([0, 0], [[1.0, 2.0], [3.0, 6.0]]).predict([0]) == [[2.0, 4.0]]
    assert Constant("step").fit([[0], [0, 0]], [["a"], ["b", "b"]]).predict([[0, 0]]) == [["b", "b"]]
    assert Constant("mean_step").fit([0, 0], [[1.0, 2.0], [6.0]]).predict([[0, 0]]) == [[3.0, 3.0]]
    assert Constant().fit([0, 0, 0], [{"a"}, {"b", "c"}, {"c", "b"}]).predict([0]) == [{"b", "c"}]


def test_a_bag_knows_no_order():
    random = np.random.default_rng(0)
    rows = [random.normal(i % 2, 1, size=(20, 2)) for i in range(40)]
    model = BagOfSteps().fit(rows, [i % 2 for i in range(40)])
    turned = [row[::-1].copy() for row in rows]
    np.testing.assert_array_equal(model.predict(rows), model.predict(turned))
    assert np.mean(model.predict(rows) == [i % 2 for i in range(40)]) > 0.9
    numbers = BagOfSteps(Series()).fit(rows, [float(row.mean()) for row in rows])
    assert np.corrcoef(numbers.predict(rows), [row.mean() for row in rows])[0, 1] > 0.99
    assert model.parameters_ == 10
    assert len(model.predict([np.zeros((0, 2))])) == 1  # an empty series has sums of nothing


def test_labels_of_symbols_never_seen():
    tagger = UsualLabel().fit([list("aab"), list("b")], [list("xyx"), list("z")])
    assert tagger.predict([list("abq")]) == [["x", "x", "x"]]
    assert tagger.parameters_ == 2


def test_what_they_cannot_do():
    for model, message in ((Constant(), "Constant"), (UsualLabel(), "UsualLabel"), (BagOfSteps(), "BagOfSteps")):
        with pytest.raises(NotFittedError, match=f"This {message} is not fitted yet"):
            model.predict([[1.0]])
    with pytest.raises(SettingError, match="BagOfSteps reads sequences of numbers; Text is not one"):
        BagOfSteps(Text()).fit(["a", "b"], [0, 1])
