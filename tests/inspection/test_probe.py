"""Units that follow a property: planted ones are found, noise is not, and what cannot be probed says why."""

import numpy as np
import pytest

from elman.errors import DataError, DataTypeError, SettingError
from elman.inspection.trace import trace
from elman.inspection.trace.probe import follow
from elman.inspection.trace.properties import PROPERTIES, values_of

TEXT = 'she said "go (now)", 12 times; then "stop (it [all])" and 345 more.\nA new "line" begins (here), 6 of it.'


def planted(name, noise=0.1):
    rng = np.random.default_rng(0)
    wanted, _ = values_of(name, TEXT)
    states = rng.normal(size=(len(TEXT), 20))
    states[:, 7] = -2 * wanted + noise * wanted.std() * rng.normal(size=len(TEXT))
    return states, wanted


@pytest.mark.parametrize("name", list(PROPERTIES))
def test_a_planted_unit_is_found_with_its_sign(name):
    states, wanted = planted(name)
    found = follow(states, wanted, name=name)
    assert found.units[0] == 7
    assert found.signs[0] == -1
    assert found.scores[0] > 0.9 > 0.5 > found.scores[1]
    assert found.score > 0.8
    assert "unit    7" in str(found)
    assert "<table>" in found._repr_html_()


def test_the_score_of_a_single_unit_is_the_held_out_r_squared():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(50, 1)), rng.normal(size=50)
    scores = []
    for held in np.array_split(np.arange(50), 5):
        learned = np.setdiff1d(np.arange(50), held)
        slope, base = np.polyfit(x[learned, 0], y[learned], 1)
        scale = max(np.mean((y[held] - y[learned].mean()) ** 2), y[learned].var())
        scores.append(1 - np.mean((y[held] - base - slope * x[held, 0]) ** 2) / scale)
    assert follow(x, y, name="noise").scores[0] == pytest.approx(np.mean(scores))


def test_noise_follows_nothing():
    rng = np.random.default_rng(2)
    found = follow(rng.normal(size=(200, 8)), rng.normal(size=200), name="noise")
    assert found.scores[0] < 0.2
    assert found.score < 0.1


def test_a_language_models_trace_is_probed(made):
    found = trace(made("language"), "abc abd (e) abc (ab) dabc (e)" * 2)
    following = found.units_following("position", top=3)
    assert len(following) == 3
    assert found.units_following("bracket_depth").name == "bracket depth"
    assert len(found.units_following(np.arange(58), quantity="cell", layer="decoder 1")) == 5


def test_what_cannot_be_probed_says_why(made):
    short = trace(made("language"), "abc")
    with pytest.raises(DataError, match=r"a probe needs at least 20 steps to learn from and to be judged on; got 3"):
        short.units_following("position")
    long = trace(made("language"), "abc abd " * 5)
    with pytest.raises(DataError, match=r"digit count is 0 at every step; nothing can follow it"):
        long.units_following("digit count")
    with pytest.raises(SettingError, match=r"property must be one of \['position', .*got 'quote dept'\. Did you mean 'quote depth'"):
        long.units_following("quote dept")
    with pytest.raises(DataError, match=r"property must have one finite number for each of the 40 steps; got shape \(3,\)"):
        long.units_following([1, 2, 3])
    with pytest.raises(DataTypeError, match=r"property must be a name or one number a step; got list"):
        long.units_following(["a", "b"])
    with pytest.raises(SettingError, match=r"top must be a whole number from 1; got 0"):
        long.units_following("position", top=0)
