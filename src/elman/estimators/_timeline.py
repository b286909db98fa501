"""Timelines: how far apart the stamps of a series are, what comes next, and how long a season is."""

from __future__ import annotations

import calendar
import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from elman.errors import DataError

_WEEK = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Frequency:
    """The step of a timeline: a number (integer stamps), a time difference, months, or business days.

    ``season`` is the number of steps of the usual cycle (1 when there is none): 24 for hours, 12 for months, and so on.
    """

    kind: str
    step: Any
    season: int = 1
    regular: bool = True

    def following(self, last: Any, count: int) -> list[Any]:
        """Return the next ``count`` stamps after ``last``, of the same type."""
        if self.kind == "month":
            return [_add_months(last, self.step * (i + 1)) for i in range(count)]
        if self.kind == "business":
            return _business_days(last, count)
        return [last + self.step * (i + 1) for i in range(count)]


def infer_frequency(stamps: Sequence[Any]) -> Frequency:
    """Return the frequency of sorted stamps: integers, dates or datetimes.

    Parameters
    ----------
    stamps : sequence
        Sorted, without duplicates.

    Returns
    -------
    Frequency
        ``regular`` is False when some gaps differ from the usual one.
    """
    if len(stamps) < 2:
        return Frequency(kind="delta", step=1 if not isinstance(stamps[0], date) else timedelta(days=1))
    if isinstance(stamps[0], date):
        return _of_dates(stamps)
    gaps = Counter(b - a for a, b in itertools.pairwise(stamps))
    return Frequency(kind="delta", step=gaps.most_common(1)[0][0], regular=len(gaps) == 1)


def _of_dates(stamps: Sequence[Any]) -> Frequency:
    months = Counter(_months(b) - _months(a) for a, b in itertools.pairwise(stamps))
    gaps = Counter(b - a for a, b in itertools.pairwise(stamps))
    usual = gaps.most_common(1)[0][0]
    if usual >= timedelta(days=28) and min(months) > 0:
        step = months.most_common(1)[0][0]
        return Frequency(kind="month", step=step, season=max(1, 12 // step), regular=len(months) == 1)
    if usual == timedelta(days=1) and len(stamps) > 10 and not any(s.weekday() >= 5 for s in stamps):
        return Frequency(kind="business", step=usual, season=5, regular=set(gaps) <= {usual, timedelta(days=3)})
    return Frequency(kind="delta", step=usual, season=_season_of(usual), regular=len(gaps) == 1)


def _season_of(step: timedelta) -> int:
    """Steps in the natural cycle of a fixed time difference: an hour, a day, a week or a year."""
    for cycle, longest in (
        (timedelta(minutes=1), timedelta(seconds=1)),
        (timedelta(hours=1), timedelta(minutes=1)),
        (timedelta(days=1), timedelta(hours=12)),
    ):
        if step <= longest and cycle % step == timedelta(0):
            return cycle // step
    if step == timedelta(days=1):
        return 7
    return 52 if step == _WEEK else 1


def _months(stamp: Any) -> int:
    return stamp.year * 12 + stamp.month


def _add_months(stamp: Any, months: int) -> Any:
    year, month = divmod(_months(stamp) - 1 + months, 12)
    longest = calendar.monthrange(year, month + 1)[1]
    at_end = stamp.day == calendar.monthrange(stamp.year, stamp.month)[1]
    return stamp.replace(year=year, month=month + 1, day=longest if at_end else min(stamp.day, longest))


def _business_days(last: Any, count: int) -> list[Any]:
    found: list[Any] = []
    day = last
    while len(found) < count:
        day = day + timedelta(days=1)
        if day.weekday() < 5:
            found.append(day)
    return found


def as_stamp(value: Any) -> Any:
    """Return a stamp as int, float, date or datetime; text must be ISO 8601.

    Parameters
    ----------
    value : Any
        One stamp of a data frame, array or file.

    Returns
    -------
    int, float, date or datetime
        Comparable and subtractable.
    """
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[us]").item()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError as error:
            raise DataError(f"ds must be a number, a date or ISO 8601 text; got {value!r}.") from error
    if hasattr(value, "to_pydatetime"):
        value = value.to_pydatetime(warn=False)
    if value is None or value != value or not isinstance(value, int | float | date):  # NaN and NaT differ from themselves
        raise DataError(f"ds must be a number, a date or ISO 8601 text; got {value!r}.")
    return value
