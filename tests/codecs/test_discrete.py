"""Category, Tags, Symbols and the vocabulary they share."""

import numpy as np
import pytest

from elman.codecs import Category, Symbols, Tags, Text
from elman.codecs.tokens.vocabulary import Vocabulary
from elman.errors import DataError, DataTypeError, SettingError


def test_the_same_objects_come_back() -> None:
    class Colour:
        pass

    red, blue = Colour(), Colour()
    codec = Category().fit([red, blue, red], role="target")
    assert codec.decode(codec.encode(blue)) is blue
    assert Symbols().fit([[red]]).decode([1])[0] is red
    assert Tags().fit([[red]]).decode([1.0])[0] is red


def test_classes_are_sorted_where_they_can_be() -> None:
    assert Category().fit(["b", "a"]).classes_ == ["a", "b"]
    assert Category().fit(["b", 1]).classes_ == ["b", 1]
    assert Tags().fit([["b"], ["a"]]).classes_ == ["a", "b"]


def test_numpy_scalars_become_python_objects() -> None:
    codec = Category().fit(np.array([3, 1]), role="target")
    assert [type(c) for c in codec.classes_] == [int, int]
    assert codec.encode(np.int64(3)) == codec.encode(3) == 1


def test_index_0_of_a_source_is_unknown() -> None:
    codec = Category().fit(["a", float("nan")])
    assert codec.space.n == 2
    assert codec.encode("z") == codec.encode(float("nan")) == 0
    assert codec.decode(0) is None
    assert Category().fit(["a"], role="target").encode("a") == 0


def test_an_unseen_category_in_a_target_is_refused_with_the_nearest() -> None:
    codec = Category().fit(["positive", "negative"], role="target")
    with pytest.raises(DataError, match=r"row 1: category 'positiv' was never seen in fit; .* Did you mean 'positive'\? Add it"):
        codec.encode_all(["positive", "positiv"])
    with pytest.raises(DataError, match=r"expected one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …\."):
        Category().fit(range(20), role="target").encode(99)
    with pytest.raises(DataError, match="row 1: expected a category in a target; got NaN"):
        Category().fit(["a", float("nan")], role="target")
    with pytest.raises(DataError, match="expected a category in a target; got NaN"):
        codec.encode(float("nan"))


def test_unhashable_values_are_refused() -> None:
    with pytest.raises(DataTypeError, match=r"row 0: expected a category that is hashable .*; got list"):
        Category().fit([["a"]])
    with pytest.raises(DataTypeError, match="row 0: expected a symbol that is hashable"):
        Symbols().fit([[{}]])


@pytest.mark.parametrize("symbol", [(1, 2), b"x", 2j, float("inf")])
def test_only_plain_symbols_can_be_saved(symbol: object) -> None:
    with pytest.raises(DataError, match=r"Category: .* Map it to text before fit"):
        Category().fit([symbol]).config()


def test_a_column_without_any_category_still_fits_as_a_source() -> None:
    assert Category().fit([float("nan")]).space.n == 1


@pytest.mark.parametrize("index", [2, -1])
def test_an_index_outside_is_refused(index: int) -> None:
    with pytest.raises(DataError, match=rf"expected an index in 0\.\.1 to decode; got {index}"):
        Category().fit([1, 2], role="target").decode(index)
    with pytest.raises(DataError, match="Category: expected one whole number to decode"):
        Category().fit([1]).decode([0.5])


def test_text_is_split_into_tags_only_with_a_separator() -> None:
    codec = Tags(separator="|").fit(["a | b", "", "c"])
    assert codec.classes_ == ["a", "b", "c"]
    assert codec.encode("c|a").tolist() == [1, 0, 1]
    with pytest.raises(DataTypeError, match=r"row 0: expected a list of tags; got str 'a'.*set separator"):
        Tags().fit(["a"])
    with pytest.raises(SettingError, match="separator must be None or text"):
        Tags(separator="").fit(["a"])


def test_tags_are_decoded_from_probabilities() -> None:
    codec = Tags(threshold=0.3).fit([["x", "y"]])
    assert codec.decode(np.array([0.31, 0.3])) == ["x"]
    with pytest.raises(DataError, match=r"Tags: expected an array \(2,\) to decode; got shape \(3,\)"):
        codec.decode([1, 0, 1])
    with pytest.raises(SettingError, match=r"threshold must be a finite number in 0\.0\.\.1\.0"):
        Tags(threshold=2).fit([["x"]])


def test_unknown_tags_of_a_target_and_rows_without_any_are_refused() -> None:
    with pytest.raises(DataError, match=r"tag 'dramma' was never seen in fit\. Did you mean 'drama'\?"):
        Tags().fit([["drama"]], role="target").encode(["dramma"])
    with pytest.raises(DataError, match="expected at least one tag in all rows"):
        Tags().fit([[], []])
    with pytest.raises(DataError, match="row 0: expected tags; got NaN"):
        Tags().fit([[float("nan")]])


def test_symbols_never_seen_are_index_0() -> None:
    codec = Symbols().fit([["N", "V", "N"]])
    assert codec.encode(["V", "X", float("nan")]).tolist() == [2, 0, 0]
    assert codec.decode([0, 1]) == [None, "N"]
    assert Symbols(max_vocabulary=1).fit([["N", "V", "N"]]).space.n == 2
    assert Symbols(min_count=2).fit([["N", "V", "N"]]).space.n == 2
    with pytest.raises(DataError, match="row 0: expected symbols in a target; got NaN"):
        Symbols().fit([[float("nan")]], role="target")
    with pytest.raises(DataTypeError, match="row 0: expected a sequence of symbols; got int"):
        Symbols().fit([3])


def test_states_are_read_strictly() -> None:
    for kind in (Category, Tags):
        config = kind().fit([["a"]] if kind is Tags else ["a"], role="target").config()
        with pytest.raises(DataError, match="expected at least one"):
            kind.from_config({**config, "state": {"classes": []}})
    with pytest.raises(DataError, match="a symbol is listed twice"):
        Vocabulary.from_state(["a", "a"], "x")
    with pytest.raises(DataError, match="x: expected a list of at most 10000000 symbols; got dict"):
        Vocabulary.from_state({}, "x")
    with pytest.raises(DataError, match=r"Category: unknown key 'rol'; .* Did you mean 'role'\?"):
        Category.from_config({"rol": 1})
    with pytest.raises(DataError, match=r"Category: the keys \['settings', 'state'\] are missing"):
        Category.from_config({"role": "source"})
    with pytest.raises(DataError, match="Category: expected a mapping"):
        Category.from_config(3)  # type: ignore[arg-type]
    config = Text().fit(["a"]).config()
    with pytest.raises(DataError, match="Text: level must be one of"):
        Text.from_config({**config, "settings": {**config["settings"], "level": "x"}})
