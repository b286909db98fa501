"""Rows out of whatever people hold their values in."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

from elman.errors import DataError, DataTypeError
from elman.fitting.inputs import paired_rows, rows_of


@pytest.mark.parametrize("values", [["a", "b"], ("a", "b"), np.array(["a", "b"]), pd.Series(["a", "b"]), pl.Series(["a", "b"]), iter("ab")])
def test_columns_of_every_kind_give_the_same_rows(values):
    assert rows_of(values, "X") == ["a", "b"]


def test_a_frame_of_one_column_is_the_column_and_of_two_gives_dicts():
    assert rows_of(pd.DataFrame({"a": [1, 2]}), "X") == [1, 2]
    assert rows_of(pl.DataFrame({"a": [1], "b": ["x"]}), "X") == [{"a": 1, "b": "x"}]


def test_arrays_and_tensors_give_their_first_axis():
    assert [row.shape for row in rows_of(np.zeros((3, 4, 2)), "X")] == [(4, 2)] * 3
    assert [row.shape for row in rows_of(torch.zeros(2, 5), "X")] == [(5,)] * 2


@pytest.mark.parametrize("value", ["text", b"bytes", {"a": 1}])
def test_one_value_instead_of_rows_is_refused(value):
    with pytest.raises(DataTypeError, match=r"X must hold one value a row, as a list, array or column; got one (str|bytes|dict)"):
        rows_of(value, "X")


def test_a_number_is_refused():
    with pytest.raises(DataTypeError, match=r"X must hold one value a row.*got int"):
        rows_of(3, "X")
    with pytest.raises(DataTypeError, match="must have rows along its first axis"):
        rows_of(np.array(3.0), "X")


def test_empty_and_unequal_sides_are_refused():
    with pytest.raises(DataError, match="X is empty"):
        paired_rows([], [])
    with pytest.raises(DataError, match="X and y must have the same number of rows; got 2 and 1"):
        paired_rows([1, 2], [1])
