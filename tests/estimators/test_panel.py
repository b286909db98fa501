"""Panels out of arrays, lists, long frames and columns with stamps."""

from datetime import datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from elman.errors import DataError, DataTypeError
from elman.estimators._panel import read_panel

LONG = {"unique_id": ["b", "a", "b", "a"], "ds": [2, 1, 1, 2], "y": [20.0, 1.0, 10.0, 2.0]}


def test_one_array_and_several():
    assert read_panel([1, 2, 3]).form == "array"
    panel = read_panel([np.arange(3), [4.0, 5.0]])
    assert panel.form == "list"
    assert [s.values.tolist() for s in panel.series] == [[0, 1, 2], [4, 5]]


@pytest.mark.parametrize("frame", [pd.DataFrame(LONG), pl.DataFrame(LONG), pl.LazyFrame(LONG), pa.table(LONG)])
def test_long_frames_are_grouped_and_sorted(frame):
    panel = read_panel(frame)
    assert [(s.name, s.stamps, s.values.tolist()) for s in panel.series] == [("b", [1, 2], [10, 20]), ("a", [1, 2], [1, 2])]


def test_a_pandas_series_brings_its_index():
    panel = read_panel(pd.Series([1.0, 2.0], index=pd.date_range("2020-01-01", periods=2)))
    assert panel.series[0].stamps == [datetime(2020, 1, 1), datetime(2020, 1, 2)]


def test_missing_values_stay_nan():
    assert np.isnan(read_panel([1.0, None, 3.0]).series[0].values[1])


def test_uneven_stamps_are_noted():
    panel = read_panel(pd.DataFrame({"ds": [1, 2, 3, 7], "y": [1.0, 2, 3, 4]}))
    assert "not evenly spaced" in panel.notes[0]


@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [
        ("prices", DataTypeError, "Forecaster needs numbers.*got text"),
        (pd.DataFrame({"ds": [1], "value": [1.0]}), DataError, "A frame needs a column 'y'; it has"),
        (pd.DataFrame({"ds": [1], "y": ["x"]}), DataTypeError, "y must be numbers"),
        (pd.DataFrame({"ds": [1, 1], "y": [1.0, 2.0]}), DataError, "series 'series' has two values at 1"),
        (pd.DataFrame({"ds": [], "y": []}), DataError, "The frame has no rows"),
        (np.zeros((4, 2)), DataError, r"A series must be \(T,\) numbers; got shape \(4, 2\)"),
        ([], DataError, "A series is empty"),
        ([[1.0], []], DataError, "row 1: A series is empty"),
        ([1.0, float("inf")], DataError, "infinite value at 1"),
        (["a", "b"], DataTypeError, "the series must be numbers"),
    ],
)
def test_bad_data(data, kind, message):
    with pytest.raises(kind, match=message):
        read_panel(data)
