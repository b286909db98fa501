from __future__ import annotations

import numpy as np
import pytest

from elman.datasets import grammars
from elman.errors import SettingError


def test_adding_marks_one_number_in_each_half():
    x, y = grammars.adding(50, (2, 31), random_state=4)
    assert y.shape == (50,)
    assert {len(one) for one in x} >= {2, 31} or len({len(one) for one in x}) > 10
    for one, total in zip(x, y, strict=True):
        marks = np.flatnonzero(one[:, 1])
        half = len(one) // 2
        assert one.dtype == np.float32
        assert len(marks) == 2
        assert marks[0] < half <= marks[1]
        assert total == pytest.approx(float(one[marks, 0].sum()), abs=1e-6)
        assert 0 <= one[:, 0].min() <= one[:, 0].max() < 1


def test_adding_has_the_stated_error_of_the_constant_answer():
    _, y = grammars.adding(20_000, (2, 4))
    assert np.mean((y - 1) ** 2) == pytest.approx(1 / 6, abs=0.005)


def test_copying_repeats_after_the_signal():
    x, y = grammars.copy_k(20, k=4, lengths=(1, 30), random_state=2)
    for source, target in zip(x, y, strict=True):
        wait = len(source) - 8
        assert 1 <= wait <= 30
        assert len(target) == len(source)
        assert source.index(9) == 4 + wait - 1
        assert source[4 : 4 + wait - 1] == [0] * (wait - 1)
        assert source[-4:] == [0] * 4
        assert target == [0] * (wait + 4) + source[:4]
        assert set(source[:4]) <= set(range(1, 9))
    assert {symbol for source in grammars.copy_k(50).x for symbol in source} == set(range(10))


@pytest.mark.parametrize("make", [grammars.adding, grammars.copy_k])
def test_seeds(make):
    first, again, other = (make(5, random_state=seed) for seed in (1, 1, 2))
    assert str(first.x) == str(again.x) != str(other.x)


def test_bad_arguments_are_refused():
    with pytest.raises(SettingError, match=r"count must be 0 or more; got -1"):
        grammars.adding(-1)
    with pytest.raises(SettingError, match=r"with 2 <= shortest <= longest; got \(1, 5\)"):
        grammars.adding(1, (1, 5))
    with pytest.raises(SettingError, match=r"with 1 <= shortest <= longest; got \(5, 4\)"):
        grammars.copy_k(1, lengths=(5, 4))
    with pytest.raises(SettingError, match=r"k must be 1 or more; got 0"):
        grammars.copy_k(1, k=0)
