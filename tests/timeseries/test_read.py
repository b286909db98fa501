"""Panels out of arrays, lists, long and wide frames and columns with stamps; irregular data are repaired with a note, or refused."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from elman.errors import DataError, DataTypeError, SettingError
from elman.estimators import read_panel
from elman.timeseries.saved_panel import panel_config, panel_from_config

LONG = {"unique_id": ["b", "a", "b", "a"], "ds": [2, 1, 1, 2], "y": [20.0, 1.0, 10.0, 2.0]}
BERLIN = ZoneInfo("Europe/Berlin")


def days(count, start="2024-01-01", freq="D"):
    return pd.date_range(start, periods=count, freq=freq)


def test_one_array_and_several():
    assert read_panel([1, 2, 3]).form == "array"
    panel = read_panel([np.arange(3), [4.0, 5.0]])
    assert panel.form == "list"
    assert [s.values.tolist() for s in panel.series] == [[0, 1, 2], [4, 5]]
    assert read_panel(panel) is panel
    assert read_panel(pl.Series([1, 2])).series[0].values.tolist() == [1, 2]


@pytest.mark.parametrize("frame", [pd.DataFrame(LONG), pl.DataFrame(LONG), pl.LazyFrame(LONG), pa.table(LONG), LONG])
def test_long_frames_are_grouped_and_sorted(frame):
    panel = read_panel(frame)
    assert [(s.name, s.stamps, s.values.tolist()) for s in panel.series] == [("b", [1, 2], [10, 20]), ("a", [1, 2], [1, 2])]
    assert panel.notes == ["series 'b': rows were not in order of time and have been sorted"]


def test_a_pandas_series_brings_its_index():
    panel = read_panel(pd.Series([1.0, 2.0], index=days(2), name="price"))
    assert panel.series[0].stamps == [datetime(2024, 1, 1), datetime(2024, 1, 2)]
    quarters = read_panel(pd.Series([1.0, 2.0], index=pd.period_range("2020Q1", periods=2, freq="Q")))
    assert quarters.series[0].stamps == [datetime(2020, 1, 1), datetime(2020, 4, 1)]
    assert str(quarters.frequency) == "1 quarter"


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [None, 5, 6]}, index=days(3)),
        pd.DataFrame({"ds": days(3), "a": [1.0, 2.0, 3.0], "b": [None, 5, 6]}),
        pl.DataFrame({"when": days(3).to_list(), "a": [1.0, 2.0, 3.0], "b": [None, 5, 6]}),
        pa.table({"ds": ["2024-01-01", "2024-01-02", "2024-01-03"], "a": [1, 2, 3], "b": [None, 5, 6]}),
    ],
    ids=["index", "pandas", "polars", "arrow"],
)
def test_wide_frames_hold_a_series_a_column(frame):
    panel = read_panel(frame)
    assert [(s.name, s.stamps[0].day, s.values.tolist()) for s in panel.series] == [("a", 1, [1, 2, 3]), ("b", 2, [5, 6])]
    assert "the columns 'a', 'b' are read as one series each" in panel.notes
    assert "series 'b': 1 unknown values before the first known one are left out" in panel.notes


def test_columns_may_have_other_names():
    frame = pd.DataFrame({"symbol": ["a", "b"], "date": days(2), "close": [1.0, 2.0], "volume": [7, 8]})
    panel = read_panel(frame, time="date", value="close", group="symbol")
    assert [(s.name, s.values.tolist(), s.columns["volume"].tolist()) for s in panel.series] == [("a", [1], [7]), ("b", [2], [8])]
    assert read_panel(frame, value="close", group="symbol").notes[0] == "the column 'date' is taken as the stamps"


def test_further_columns_stay_aligned():
    frame = pl.DataFrame(
        {"ds": [4, 1, 2], "y": [4.0, 1.0, 2.0], "number": [40, None, 20], "kind": ["d", "a", None], "flag": [True, False, True]}
    )
    (one,) = read_panel(frame).series
    assert one.stamps == [1, 2, 3, 4]
    np.testing.assert_array_equal(one.values, [1, 2, np.nan, 4])
    np.testing.assert_array_equal(one.columns["number"], [np.nan, 20, np.nan, 40])
    assert one.columns["kind"].tolist() == ["a", None, None, "d"]
    assert one.columns["flag"].tolist() == [False, True, None, True]


def test_frames_of_the_future_have_no_values():
    (one,) = read_panel({"ds": [1, 2], "x": [5, 6]}, needs_value=False).series
    assert np.isnan(one.values).all()
    assert one.columns["x"].tolist() == [5, 6]


# gaps, repeated stamps, spacing ---------------------------------------------------------------------------------------


def test_missing_values_stay_nan_and_are_noted():
    assert np.isnan(read_panel([1.0, None, 3.0]).series[0].values[1])
    panel = read_panel(pd.DataFrame({"ds": days(4), "y": [1.0, np.nan, 3.0, 4.0]}))
    assert panel.notes == [
        "series 'series': 1 values are unknown (first 2024-01-02 00:00:00); straight lines between neighbours replace them"
    ]


def test_missing_stamps_come_in():
    stamps = days(10).delete([3, 4])
    panel = read_panel(pd.DataFrame({"ds": stamps, "y": np.arange(8.0)}))
    assert panel.series[0].stamps == days(10).to_pydatetime().tolist()
    np.testing.assert_array_equal(panel.series[0].values, [0, 1, 2, np.nan, np.nan, 3, 4, 5, 6, 7])
    assert panel.notes[0].startswith("series 'series': 2 stamps are missing (first 2024-01-04 00:00:00)")
    assert panel.report.unknown == 2


@pytest.mark.parametrize("freq", ["MS", "ME", "QS", "YS", "W", "15min"])
def test_missing_stamps_of_every_frequency(freq):
    stamps = days(12, "2020-01-31", freq)
    panel = read_panel(pd.DataFrame({"ds": stamps.delete([5]), "y": np.arange(11.0)}))
    assert panel.series[0].stamps == stamps.to_pydatetime().tolist()
    assert np.isnan(panel.series[0].values[5])


def test_a_weekday_without_a_row_is_a_day_off():
    stamps = days(30, freq="B").delete([9, 20])
    panel = read_panel(pd.DataFrame({"ds": stamps, "y": np.arange(28.0)}))
    assert len(panel.series[0].values) == 28
    assert panel.notes == ["series 'series': 2 weekdays have no row (first 2024-01-12); they are taken as days off"]
    assert panel.frequency.following(stamps[-1], 1)[0].weekday() < 5


def test_uneven_stamps_are_taken_in_order():
    moments = [datetime(2024, 1, 1) + timedelta(minutes=m) for m in (0, 10, 21, 30, 40)]
    panel = read_panel(pd.DataFrame({"ds": moments, "y": np.arange(5.0)}))
    assert panel.series[0].values.tolist() == [0, 1, 2, 3, 4]
    assert "not evenly spaced" in panel.notes[0]
    assert "not evenly spaced" in read_panel({"ds": [1, 2, 3, 700], "y": [1.0, 2, 3, 4]}).notes[0]  # a grid would be made up


def test_a_stamp_twice_with_one_value_is_one_row():
    panel = read_panel({"ds": [1, 2, 2, 3, 3], "y": [1.0, 2.0, 2.0, None, 3.0]})
    assert panel.series[0].values.tolist() == [1, 2, 3]
    assert panel.notes == ["series 'series': 2 rows repeat a stamp and its value; one of each is kept"]


def test_a_stamp_with_two_values_is_refused_by_series_and_row():
    with pytest.raises(DataError, match=r"row 3: series 'b' has two values at 1: 10 and 11.*duplicates='mean'") as error:
        read_panel({"unique_id": ["a", "b", "b", "b"], "ds": [1, 2, 1, 1], "y": [1.0, 2.0, 10.0, 11.0]})
    assert error.value.row == 3


@pytest.mark.parametrize(("how", "value"), [("mean", 3.0), ("sum", 6.0), ("median", 3.0), ("first", 4.0), ("last", 2.0)])
def test_rows_of_one_stamp_are_joined_as_asked(how, value):
    panel = read_panel({"ds": [1, 2, 2], "y": [0.0, 4.0, 2.0], "x": ["p", "q", "r"]}, duplicates=how)
    assert panel.series[0].values.tolist() == [0, value]
    assert panel.series[0].columns["x"].tolist() == ["p", "r" if how == "last" else "q"]
    assert panel.notes == ["series 'series': 1 rows share a stamp with another; one value of each stamp is used"]


def test_many_series_with_gaps_are_one_note():
    ids, ds = np.repeat(["a", "b", "c"], 4), [1, 2, 3, 5] * 3
    panel = read_panel({"unique_id": ids.tolist(), "ds": ds, "y": np.arange(12.0)})
    assert panel.notes[0] == "3 series, the first 'a': 3 stamps are missing (first 4); their values count as unknown"


# zones ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", [pd.DataFrame, pl.DataFrame, lambda d: pa.Table.from_pandas(pd.DataFrame(d))], ids=["pandas", "polars", "arrow"]
)
def test_hours_are_counted_when_clocks_change(kind):
    stamps = pd.date_range("2024-10-26", periods=72, freq="h", tz="Europe/Berlin")
    panel = read_panel(kind({"ds": stamps, "y": np.arange(72.0)}))
    assert len(panel.series[0].values) == 72
    assert panel.notes == ["the clocks of Europe/Berlin change within the data; steps below a day are counted in real time"]
    assert panel.frequency.following(panel.series[0].stamps[25], 3) == [s.to_pydatetime() for s in stamps[26:29]]
    assert [s.hour for s in panel.series[0].stamps[25:29]] == [1, 2, 2, 3]
    gap = read_panel(kind({"ds": stamps.delete([26]), "y": np.arange(71.0)}))
    assert gap.series[0].stamps[26] == stamps[26].to_pydatetime()
    assert np.isnan(gap.series[0].values[26])


def test_days_are_counted_on_the_calendar():
    stamps = pd.date_range("2024-03-28", periods=7, freq="D", tz="Europe/Berlin")
    panel = read_panel(pd.DataFrame({"ds": stamps, "y": np.arange(7.0)}))
    assert str(panel.frequency) == "1 day"
    following = panel.frequency.following(panel.series[0].stamps[1], 3)
    assert [(s.day, s.hour) for s in following] == [(30, 0), (31, 0), (1, 0)]


def test_offsets_are_brought_together():
    panel = read_panel({"ds": ["2024-10-27T02:30+02:00", "2024-10-27T02:30+01:00"], "y": [1.0, 2.0]})
    assert [s.astimezone(UTC).hour for s in panel.series[0].stamps] == [0, 1]
    assert panel.notes == ["stamps have 2 time zones or offsets (UTC+01:00, UTC+02:00); all are read as UTC"]


def test_a_doubled_hour_is_explained():
    stamps = [datetime(2024, 10, 27, h) for h in (0, 1, 2, 2, 3)]
    with pytest.raises(DataError, match="has two values at 2024-10-27 02:00:00: 2 and 3.*If the clocks were put back in that hour"):
        read_panel({"ds": stamps, "y": [0.0, 1.0, 2.0, 3.0, 4.0]})


def test_a_panel_comes_back_from_its_file():
    stamps = pd.date_range("2024-10-26", periods=30, freq="h", tz="Europe/Berlin")
    panel = read_panel(pd.DataFrame({"ds": stamps, "y": np.arange(30.0), "x": np.arange(30.0), "kind": ["u", None] * 15, "z": "z"}))
    again = panel_from_config(panel_config(panel, 28, columns=("x", "kind")))
    one, other = panel.series[0], again.series[0]
    assert other.stamps == one.stamps[2:]
    assert other.stamps[0].tzinfo.key == "Europe/Berlin"
    assert set(other.columns) == {"x", "kind"}
    assert other.columns["x"].tolist() == one.columns["x"][2:].tolist()
    assert other.columns["kind"].tolist() == one.columns["kind"][2:].tolist()


# text -----------------------------------------------------------------------------------------------------------------


def test_dates_in_other_ways_and_what_may_be_read_in_two():
    panel = read_panel({"ds": ["13/01/2024", "14/01/2024"], "y": [1.0, 2.0]})
    assert panel.series[0].stamps[0] == datetime(2024, 1, 13)
    assert panel.notes == []
    panel = read_panel({"ds": ["02/01/2024", "03/01/2024"], "y": [1.0, 2.0]})
    assert panel.series[0].stamps[0] == datetime(2024, 2, 1)
    assert panel.notes == ["dates such as 02/01/2024 are read as month/day/year; day/month/year fits them as well"]
    assert read_panel({"ds": ["2024-01", "2024-02"], "y": [1.0, 2.0]}).frequency.kind == "month"


def test_the_report_reads_well():
    text = str(read_panel({"unique_id": list("aab"), "ds": [date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 1)], "y": [1, 2, 3]}).report)
    assert text == "2 series of 1 to 2 points; step 1 day, usual cycle 7 steps"


@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [
        ("prices", DataTypeError, "Forecaster needs numbers.*got text"),
        (pd.DataFrame({"unique_id": [1], "ds": [1], "value": [1.0]}), DataError, r"needs a column 'y'; it has.*value='…'"),
        (pd.DataFrame({"ds": [1], "name": ["a"], "value": [1.0]}), DataError, "'name' holds no numbers.*read_panel\\(data, group='name'"),
        (pd.DataFrame({"y": [1.0]}), DataError, r"A frame needs a column 'ds'; it has \['y'\].*time='…'"),
        (pd.DataFrame({"ds": [1]}), DataError, "A frame needs a column 'y'; it has"),
        (pd.DataFrame({"ds": [1, 2], "y": [3, "x"]}), DataTypeError, "row 1: series 'series': y must be numbers; got 'x'"),
        (pl.DataFrame({"ds": [1, 2], "y": ["1.5", "2"]}), DataTypeError, "row 0: series 'series': y must be numbers; got '1.5'"),
        (pd.DataFrame({"ds": [1, 1], "y": [1.0, 2.0]}), DataError, "series 'series' has two values at 1"),
        (pd.DataFrame({"ds": [], "y": []}), DataError, "The frame has no rows"),
        (pd.DataFrame({"ds": [1, None], "y": [1.0, 2.0]}), DataError, "row 1: ds must be a number, a date or ISO 8601 text; got nan"),
        ({"ds": ["2024-01-01", "soon"], "y": [1, 2]}, DataError, "row 1: ds must be a number, a date or ISO 8601 text; got 'soon'"),
        ({"ds": [1, date(2024, 1, 1)], "y": [1, 2]}, DataError, "row 1: ds holds numbers and dates"),
        ({"ds": [datetime(2024, 1, 1), datetime(2024, 1, 1, tzinfo=UTC)], "y": [1, 2]}, DataError, "ds holds datetimes and datetimes with"),
        (np.zeros((4, 2)), DataError, r"A series must be \(T,\) numbers; got shape \(4, 2\)"),
        ([], DataError, "A series is empty"),
        ([[1.0], []], DataError, "row 1: A series is empty"),
        ([1.0, float("inf")], DataError, "infinite value at 1"),
        ({"unique_id": ["a"], "ds": [1], "y": [float("inf")]}, DataError, "series 'a': y has an infinite value at 0"),
        (["a", "b"], DataTypeError, "the series must be numbers; got 'a'"),
        ([1.0, object()], DataTypeError, "row 1: the series must be numbers; got <object"),
        ([[1.0, [2.0]], [1.0]], DataTypeError, "series 0 must be numbers; got list that does not convert"),
    ],
)  # fmt: skip
def test_bad_data(data, kind, message):
    with pytest.raises(kind, match=message):
        read_panel(data)


def test_bad_names_and_steps():
    with pytest.raises(DataError, match=r"The frame has no column 'closing'; it has \['close'\]. Did you mean 'close'\?"):
        read_panel(pd.DataFrame({"close": [1.0]}), value="closing")
    with pytest.raises(SettingError, match="duplicates must be 'error', 'mean', 'sum', 'median', 'first', 'last'; got 'max'"):
        read_panel([1.0], duplicates="max")
    weeks = {"unique_id": ["a"] * 9 + ["b"] * 5, "ds": [*days(9), *days(5, freq="10h")], "y": np.arange(14.0)}
    with pytest.raises(DataError, match="series 'b' has a step of 10 hours, series 'a' of 1 day. Forecast them apart"):
        read_panel(pd.DataFrame(weeks))


def test_what_a_file_cannot_hold():
    panel = read_panel({"ds": [1, 2], "y": [1.0, 2.0], "x": [date(2024, 1, 1), None]})
    with pytest.raises(DataError, match="column 'x' holds datetime.date.*only text, numbers and booleans can be saved"):
        panel_config(panel, 2, columns=("x",))
    assert "columns" not in panel_config(panel, 2)["series"][0]
    with pytest.raises(DataError, match=r"series \('a', 1\) has a name of type tuple"):
        panel_config(read_panel({"unique_id": [("a", 1)], "ds": [1], "y": [1.0]}), 1)


def test_series_of_two_axes_and_stamps_of_two_kinds_are_refused():
    with pytest.raises(DataError, match=r"A series must be \(T,\) numbers; got shape \(2, 1\). Pass several series as a list of arrays"):
        read_panel(np.ones((2, 1)))
    with pytest.raises(DataError, match="ds holds dates and numbers: .* Use one kind"):
        read_panel({"ds": [date(2024, 1, 1), 3], "y": [1.0, 2.0]})
