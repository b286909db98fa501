"""Splitting: nothing on both sides, shares kept, seeds decide."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman import Audio, Symbols, Text
from elman.comparison.division import Division
from elman.comparison.shuffling import can_shuffle, shuffled, shuffled_rows
from elman.comparison.split import split
from elman.errors import DataError, SettingError


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 4)), min_size=4, max_size=60), st.floats(0.05, 0.95), st.integers(0, 5))
def test_equal_values_and_groups_stay_together(rows, test_size, seed):
    xs, groups = [str(a) for a, _ in rows], [b for _, b in rows]
    try:
        train, test = split(xs, None, groups, test_size=test_size, random_state=seed)
    except DataError:
        return  # everything hangs together
    assert sorted([*train, *test]) == list(range(len(rows)))
    assert len(train)
    assert len(test)
    for column in (xs, groups):
        assert not {column[i] for i in train} & {column[i] for i in test}


def test_categories_keep_their_shares():
    strata = ["a"] * 60 + ["b"] * 30 + ["c"] * 10
    _, test = split(list(range(100)), strata, None, test_size=0.2, random_state=1)
    assert Counter(strata[i] for i in test) == {"a": 12, "b": 6, "c": 2}
    other = split(list(range(100)), strata, None, test_size=0.2, random_state=2)[1]
    assert other.tolist() != test.tolist()


def test_what_cannot_be_divided():
    with pytest.raises(DataError, match="All 5 rows are equal or of one group"):
        split(["a"] * 5, None, None, test_size=0.2, random_state=0)
    with pytest.raises(DataError, match="groups must name the group of every row, 3; got 2"):
        split(["a", "b", "c"], None, [1, 2], test_size=0.2, random_state=0)
    for size in (0, 1, 1.5, True, "half"):
        with pytest.raises(SettingError, match="test_size must be a share between 0 and 1"):
            split(["a", "b"], None, None, test_size=size, random_state=0)


def test_parts_that_are_given():
    division = Division(test=(["c"], [0]), groups=([1, 2], [3]))
    parts = division.pairs(["a", "b"], [0, 1], None)
    assert (parts.train_x, parts.test_x, parts.test_groups) == (["a", "b"], ["c"], [3])
    with pytest.raises(SettingError, match=r"test must be a pair \(X_test, y_test\)"):
        Division(test=["c"]).pairs(["a", "b"], [0, 1], None)
    with pytest.raises(SettingError, match="groups must be a pair"):
        Division(test=(["c"], [0]), groups=[1, 2, 3]).pairs(["a", "b"], [0, 1], None)
    with pytest.raises(DataError, match="groups must name the group of every row, 2 and 1; got 1 and 1"):
        Division(test=(["c"], [0]), groups=([1], [3])).pairs(["a", "b"], [0, 1], None)
    with pytest.raises(DataError, match="compare needs at least 4 rows"):
        Division().pairs(["a", "b"], [0, 1], None)


def test_documents():
    parts = Division(test_size=0.25).documents("abcdefgh")
    assert (parts.train_x, parts.test_x) == (["abcdef"], ["gh"])
    parts = Division(test_size=0.5).documents(["a", "b", "c", "d"])
    assert sorted([*parts.train_x, *parts.test_x]) == ["a", "b", "c", "d"]
    with pytest.raises(DataError, match="The text has 1 symbols; it cannot be divided"):
        Division().documents("a")


def test_shuffling_keeps_what_there_is():
    random = np.random.default_rng(0)
    assert sorted(shuffled("one two three", Text(), random).split()) == ["one", "three", "two"]
    assert sorted(shuffled("abc d", Text("char"), random)) == sorted("abc d")
    assert sorted(shuffled("abc", Symbols(), random)) == ["a", "b", "c"]
    assert can_shuffle(Symbols())
    assert not can_shuffle(Audio())
    array = np.arange(12).reshape(6, 2)
    again = shuffled(array, None, random)
    assert sorted(again[:, 0]) == sorted(array[:, 0])
    assert (again[:, 1] == again[:, 0] + 1).all()  # whole steps move
    assert shuffled(3.5, None, random) == 3.5
    assert set(shuffled({"a": [1, 2], "b": "x"}, None, random)) == {"a", "b"}
    values = [list(range(20))] * 3
    first = shuffled_rows(values, None, 1)
    assert first == shuffled_rows(values, None, 1)
    assert first[0] != first[1]
    assert first != shuffled_rows(values, None, 2)
