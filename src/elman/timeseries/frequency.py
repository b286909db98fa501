"""Frequency: the step between the stamps of a series, the stamps after its end, and its usual season."""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np

from elman.timeseries.timestamps import as_stamp as as_stamp

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Frequency:
    """The step of a timeline: a number (integer stamps), a time difference, months, or business days.

    ``season`` is the number of steps of the usual cycle (1 for none): 24 for hours, 12 for months, and so on.
    """

    kind: str
    step: Any
    season: int = 1
    regular: bool = True

    def following(self, last: Any, count: int) -> list[Any]:
        """Return the next ``count`` stamps after ``last``, of the same type.

        Steps below a day are counted in real time, so that an hour follows an hour when the clocks change; days and
        months are counted on the calendar of the stamps' time zone.
        """
        if self.kind == "month":
            return [_add_months(last, self.step * (i + 1)) for i in range(count)]
        if self.kind == "business":
            return _business_days(last, count)
        if self.kind == "delta" and isinstance(last, datetime) and last.tzinfo is not None and self.step < _DAY:
            begin = last.astimezone(UTC)
            return [(begin + self.step * (i + 1)).astimezone(last.tzinfo) for i in range(count)]
        return [last + self.step * (i + 1) for i in range(count)]

    def places(self, stamps: Sequence[Any]) -> np.ndarray | None:
        """Return the steps from the first to each sorted stamp, (T,); None if some lie between two steps.

        Business days are counted by rows: a weekday without a row is a day off, not a gap.
        """
        if self.kind == "business":
            return np.arange(len(stamps))
        if self.kind == "month":
            months = np.array([_months(s) for s in stamps])
            steps = (months - months[0]) / self.step
        else:
            steps = _since_first(stamps, self.step)
        places = np.rint(steps).astype(np.int64)
        exact = np.abs(steps - places).max() < 1e-6 and (np.diff(places) > 0).all()
        return places if exact else None

    def __str__(self) -> str:
        """Return the step in words."""
        if self.kind == "business":
            return "business days"
        if self.kind == "month":
            return {1: "1 month", 3: "1 quarter", 12: "1 year"}.get(self.step, f"{self.step} months")
        if not isinstance(self.step, timedelta):
            return str(self.step)
        for name, unit in (("week", _WEEK), ("day", _DAY), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
            if self.step % unit == timedelta(0) and self.step >= unit:
                return f"{self.step // unit} {name}" + ("s" if self.step > unit else "")
        return f"{self.step.total_seconds():g} seconds"


def infer_frequency(stamps: Sequence[Any]) -> Frequency:
    """Return the frequency of sorted stamps: integers, dates or datetimes.

    Parameters
    ----------
    stamps : sequence
        Sorted, without duplicates.

    Returns
    -------
    Frequency
        ``regular`` is False if some gaps differ from the usual one.
    """
    if len(stamps) < 2:
        return Frequency(kind="delta", step=1 if not isinstance(stamps[0], date) else _DAY)
    if isinstance(stamps[0], date):
        return _of_dates(stamps)
    gaps = Counter(b - a for a, b in pairwise(stamps))
    return Frequency(kind="delta", step=gaps.most_common(1)[0][0], regular=len(gaps) == 1)


def _of_dates(stamps: Sequence[Any]) -> Frequency:
    months = Counter(_months(b) - _months(a) for a, b in pairwise(stamps))
    wall = Counter(_on_the_wall(b) - _on_the_wall(a) for a, b in pairwise(stamps))
    usual = wall.most_common(1)[0][0]
    if usual >= timedelta(days=28) and min(months) > 0:
        step = months.most_common(1)[0][0]
        return Frequency(kind="month", step=step, season=max(1, 12 // step), regular=len(months) == 1)
    if usual == _DAY and len(stamps) > 10 and not any(s.weekday() >= 5 for s in stamps):
        return Frequency(kind="business", step=usual, season=5, regular=set(wall) <= {usual, timedelta(days=3)})
    if usual >= _DAY:
        return Frequency(kind="delta", step=usual, season=_season_of(usual), regular=len(wall) == 1)
    gaps = Counter(_in_real_time(b) - _in_real_time(a) for a, b in pairwise(stamps))
    usual = gaps.most_common(1)[0][0]
    return Frequency(kind="delta", step=usual, season=_season_of(usual), regular=len(gaps) == 1)


def _since_first(stamps: Sequence[Any], step: Any) -> np.ndarray:
    if not isinstance(step, timedelta):
        return (np.asarray(stamps, dtype=np.float64) - float(stamps[0])) / float(step)
    clock = _in_real_time if step < _DAY else _on_the_wall
    times = np.array([clock(s) for s in stamps], dtype="datetime64[us]").astype(np.int64)
    return (times - times[0]) / (step / timedelta(microseconds=1))


def _on_the_wall(stamp: Any) -> Any:
    return stamp.replace(tzinfo=None) if isinstance(stamp, datetime) else stamp


def _in_real_time(stamp: Any) -> Any:
    return stamp.astimezone(UTC).replace(tzinfo=None) if isinstance(stamp, datetime) and stamp.tzinfo is not None else stamp


def _season_of(step: timedelta) -> int:
    """Steps in the natural cycle of a fixed time difference: an hour, a day, a week or a year."""
    for cycle, longest in (
        (timedelta(minutes=1), timedelta(seconds=1)),
        (timedelta(hours=1), timedelta(minutes=1)),
        (_DAY, timedelta(hours=12)),
    ):
        if step <= longest and cycle % step == timedelta(0):
            return cycle // step
    if step == _DAY:
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
    days: list[Any] = []
    day = last
    while len(days) < count:
        day = day + _DAY
        if day.weekday() < 5:
            days.append(day)
    return days
