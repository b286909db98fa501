"""Frequencies and following stamps, against pandas' calendar."""

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from elman.errors import DataError
from elman.timeseries.frequency import as_stamp, infer_frequency


@pytest.mark.parametrize(
    ("frequency", "season"),
    [("h", 24), ("D", 7), ("MS", 12), ("ME", 12), ("QS", 4), ("W", 52), ("B", 5), ("15min", 96), ("YS", 1), ("10s", 360)],
)
@pytest.mark.parametrize("start", ["2019-12-02", "2020-01-31"])
def test_what_follows_is_what_pandas_says(frequency, season, start):
    stamps = [s.to_pydatetime() for s in pd.date_range(start, periods=60, freq=frequency)]
    frequency = infer_frequency(stamps[:40])
    assert frequency.following(stamps[39], 20) == stamps[40:]
    assert frequency.season == season
    assert frequency.regular


def test_dates_stay_dates_and_numbers_numbers():
    days = [date(2024, 2, 27) + timedelta(days=i) for i in range(3)]
    assert infer_frequency(days).following(days[-1], 1) == [date(2024, 3, 1)]
    assert infer_frequency([10, 12, 14]).following(14, 2) == [16, 18]


def test_a_gap_is_seen():
    assert not infer_frequency([0, 1, 2, 5, 6]).regular
    assert infer_frequency([0, 1, 2, 5, 6]).step == 1


def test_one_stamp_has_a_step():
    assert infer_frequency([7]).following(7, 2) == [8, 9]
    assert infer_frequency([date(2020, 1, 1)]).following(date(2020, 1, 1), 1) == [date(2020, 1, 2)]


@pytest.mark.parametrize("value", ["2020-01-05", np.datetime64("2020-01-05"), pd.Timestamp("2020-01-05"), datetime(2020, 1, 5)])
def test_stamps_of_every_kind(value):
    assert as_stamp(value) == datetime(2020, 1, 5)


@pytest.mark.parametrize("value", ["soon", None, float("nan"), pd.NaT, object()])
def test_what_is_no_stamp_is_refused(value):
    with pytest.raises(DataError, match="ds must be a number, a date or ISO 8601 text; got"):
        as_stamp(value)
