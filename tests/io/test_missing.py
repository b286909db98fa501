"""What is missing is missing everywhere: in codecs, panels, tables and estimators, whoever made it."""

import datetime
from decimal import Decimal

import numpy as np
import pytest

from elman import Category, Forecaster, Image, Model, Network, Number, Series, Symbols, Training, Vector
from elman.errors import DataError
from elman.forecasting.covariates import Column
from elman.io import tables
from elman.io.missing import is_missing, unmasked
from elman.timeseries.read import read_panel

pd = pytest.importorskip("pandas")
NONES = [None, float("nan"), np.float32("nan"), np.float64("nan"), np.ma.masked, Decimal("NaN"), Decimal("sNaN"), pd.NA, pd.NaT]


@pytest.mark.parametrize("value", [*NONES, np.datetime64("NaT"), np.timedelta64("NaT")], ids=repr)
def test_missing_values(value):
    assert is_missing(value)


@pytest.mark.parametrize(
    "value", [0, 0.0, "", "nan", False, [], [None], np.array(np.nan), np.zeros(2), Decimal(0), datetime.date(2020, 1, 1)]
)
def test_values_that_are_there(value):
    assert not is_missing(value)


def test_unmasked_arrays_keep_their_type_where_nothing_is_masked():
    whole = np.ma.masked_array([1, 2], mask=[False, False])
    assert unmasked(whole).dtype == whole.dtype
    assert not isinstance(unmasked(whole), np.ma.MaskedArray)
    np.testing.assert_equal(unmasked(np.ma.masked_array([1, 2], mask=[0, 1])), [1.0, np.nan])
    assert unmasked(np.ma.masked_array(["a", "b"], mask=[0, 1])).tolist() == ["a", None]
    assert unmasked([1]) == [1]


@pytest.mark.parametrize("missing", NONES, ids=repr)
def test_a_series_codec_marks_whatever_is_missing(missing):
    codec = Series().fit([[1.0], [np.nan], [3.0]])
    expected = codec.encode([1.0, np.nan, 3.0])
    np.testing.assert_array_equal(codec.encode([1.0, missing, 3.0]), expected)


def test_masked_arrays_are_read_by_their_mask():
    masked = np.ma.masked_array([[1.0], [999.0], [3.0]], mask=[[0], [1], [0]])
    codec = Series().fit([[1.0], [np.nan], [3.0]])
    np.testing.assert_array_equal(codec.encode(masked), codec.encode([[1.0], [np.nan], [3.0]]))
    with pytest.raises(DataError, match="expected numbers in a target; got NaN"):
        Number().fit([1.0, np.ma.masked], role="target")
    with pytest.raises(DataError, match="NaN"):
        Vector().fit([np.ma.masked_array([1.0, 5.0], mask=[0, 1])], role="target")


def test_a_masked_value_is_no_symbol_and_no_category():
    symbols = Symbols().fit([["a", "b"]])
    assert symbols.encode(np.ma.masked_array(["a", "b"], mask=[0, 1])).tolist() == symbols.encode(["a", float("nan")]).tolist()
    category = Category().fit(["a", "b", float("nan")])
    for missing in (np.ma.masked, pd.NA, pd.NaT, float("nan")):
        assert int(category.encode(missing)) == 0
    assert Category().fit(["a", pd.NA, "b"]).classes_ == Category().fit(["a", float("nan"), "b"]).classes_


def test_a_picture_with_masked_pixels_is_refused():
    masked = np.ma.masked_array(np.full((8, 8), 0.5), mask=np.eye(8, dtype=bool))
    with pytest.raises(DataError):
        Image(size=(8, 8)).fit([masked, masked]).encode(masked)


def test_rows_of_a_masked_table_train_as_with_nan():
    values = np.random.default_rng(0).normal(size=(20, 4, 1))
    mask = np.zeros(values.shape, dtype=bool)
    mask[::3, 1] = True
    missing, labels = np.where(mask, np.nan, values), ["a", "b"] * 10
    probabilities = [
        Model(Series(), Category(), network=Network(hidden_size=4), training=Training(max_epochs=2, verbose=0))
        .fit(x, labels)
        .predict_proba(x)
        for x in (np.ma.masked_array(np.where(mask, 999.0, values), mask=mask), missing)
    ]
    np.testing.assert_array_equal(*probabilities)


@pytest.mark.parametrize("missing", NONES, ids=repr)
def test_a_panel_counts_whatever_is_missing(missing):
    panel = read_panel([[1.0, missing, 3.0]])
    np.testing.assert_equal(panel.series[0].values, [1.0, np.nan, 3.0])


@pytest.mark.parametrize("form", ["array", "list", "columns", "wide"])
def test_a_forecaster_never_sees_a_masked_value(form):
    values = np.sin(np.arange(60.0) / 3)
    mask = np.arange(60) % 7 == 6
    mask[-1] = True
    masked, missing = np.ma.masked_array(np.where(mask, 50.0, values), mask=mask), np.where(mask, np.nan, values)

    def data(column):
        forms = {"array": column, "list": [column, column], "columns": {"ds": np.arange(60), "y": column}}
        return forms.get(form, {"ds": np.arange(60), "a": column, "b": column})

    forecasts = [
        Forecaster(2, network=Network(hidden_size=4), training=Training(max_epochs=1, verbose=0)).fit(data(column)).predict().values
        for column in (masked, missing)
    ]
    np.testing.assert_array_equal(*forecasts)


@pytest.mark.parametrize("missing", NONES, ids=repr)
def test_tables_and_covariates_know_the_same_missing_values(missing):
    assert tables.from_frame({"a": [1, missing]}).columns["a"] == [1, None]
    column = Column.learn("price", "past", [1.0, missing, 3.0])
    assert column.center == 2.0
    assert Column.learn("kind", "past", ["x", missing, "y"]).levels == ("x", "y")


@pytest.mark.parametrize("missing", [None, pd.NaT, np.datetime64("NaT"), float("nan"), np.ma.masked], ids=repr)
def test_a_missing_stamp_is_refused(missing):
    with pytest.raises(DataError, match="ds must be a number, a date or ISO 8601 text"):
        read_panel({"ds": [1, missing, 3], "y": [1.0, 2.0, 3.0]})
