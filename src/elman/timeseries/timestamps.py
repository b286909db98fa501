"""Timestamps: numbers, dates and datetimes of Python, which can be compared and subtracted, from columns of any kind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from elman.errors import DataError
from elman.io.missing import is_missing

FORMATS = ("%Y/%m/%d", "%Y-%m", "%Y%m%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%b %d %Y", "%B %d %Y", "%d %b %Y")
"""Date formats besides ISO 8601; a column is read in the first that fits all of it."""
_EITHER = ("%m/%d/%Y", "%d/%m/%Y")


def as_stamp(value: Any) -> Any:
    """Return a stamp as int, float, date or datetime; text must be ISO 8601."""
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[us]").item()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError as error:
            raise DataError(f"ds must be a number, a date or ISO 8601 text; got {value!r}.") from error
    if hasattr(value, "to_timestamp"):  # pandas.Period
        value = value.to_timestamp()
    if hasattr(value, "to_pydatetime"):
        value = value.to_pydatetime(warn=False)
    if is_missing(value) or isinstance(value, bool) or not isinstance(value, int | float | date):
        raise DataError(f"ds must be a number, a date or ISO 8601 text; got {value!r}.")
    return value


def read_stamps(values: Sequence[Any]) -> tuple[list[Any], list[str]]:
    """Return the stamps of a whole column, all of one kind and one zone.

    Parameters
    ----------
    values : sequence
        Numbers, dates, datetimes, or text in ISO 8601 or one of ``FORMATS``.

    Returns
    -------
    stamps : list
        Numbers, dates or datetimes.
    notes : list of str
        Decisions: the reading of ambiguous dates, the conversion of time zones.
    """
    if isinstance(values, np.ndarray) and values.dtype.kind == "M" and not np.isnat(values).any():
        return values.astype("datetime64[us]").tolist(), []
    notes: list[str] = []
    if any(isinstance(v, str) for v in values):
        values = _from_text(values, notes)
    stamps = []
    for row, value in enumerate(values):
        try:
            stamps.append(as_stamp(value))
        except DataError as error:
            raise error.at(row) from None
    return _one_kind(stamps, notes), notes


def _from_text(values: Sequence[Any], notes: list[str]) -> Sequence[Any]:
    """Parse text in the first format that fits the whole column; ISO 8601 is left to as_stamp, which names the row of a bad one."""
    texts = [v.strip() for v in values if isinstance(v, str)]
    if any(_fits(form, texts[:1]) for form in FORMATS):
        fitting = [form for form in FORMATS if _fits(form, texts)]
        if fitting:
            if all(form in fitting for form in _EITHER):
                notes.append(f"dates such as {texts[0]} are read as month/day/year; day/month/year fits them as well")
            return [datetime.strptime(v.strip(), fitting[0]) if isinstance(v, str) else v for v in values]
    return [v.strip() if isinstance(v, str) else v for v in values]


def _fits(form: str, texts: Sequence[str]) -> bool:
    try:
        for text in texts:
            datetime.strptime(text, form)
    except ValueError:
        return False
    return True


def _one_kind(stamps: list[Any], notes: list[str]) -> list[Any]:
    kinds = {_kind(s) for s in stamps}
    if kinds == {"dates", "datetimes"}:
        stamps = [s if isinstance(s, datetime) else datetime(s.year, s.month, s.day) for s in stamps]
        kinds = {"datetimes"}
    if len(kinds) > 1:
        row = next(i for i, s in enumerate(stamps) if _kind(s) != _kind(stamps[0]))
        raise DataError(f"ds holds {_kind(stamps[0])} and {_kind(stamps[row])}: {stamps[0]!r} and {stamps[row]!r}. Use one kind.", row=row)
    return _one_zone(stamps, notes) if kinds == {"datetimes with a time zone"} else stamps


def _kind(stamp: Any) -> str:
    if isinstance(stamp, datetime):
        return "datetimes with a time zone" if stamp.tzinfo is not None else "datetimes"
    return "dates" if isinstance(stamp, date) else "numbers"


def _one_zone(stamps: list[Any], notes: list[str]) -> list[Any]:
    """Convert stamps of several zones or offsets to UTC; a single named zone is kept, with its clock changes."""
    names = {_zone_name(s.tzinfo) for s in stamps}
    if len(names) > 1:
        notes.append(f"stamps have {len(names)} time zones or offsets ({', '.join(sorted(names)[:3])}); all are read as UTC")
        return [s.astimezone(UTC) for s in stamps]
    zone = _zone(names.pop(), stamps[0].tzinfo)
    stamps = [s.astimezone(zone) for s in stamps]
    if len({s.utcoffset() for s in stamps}) > 1:
        notes.append(f"the clocks of {_zone_name(zone)} change within the data; steps below a day are counted in real time")
    return stamps


def _zone_name(zone: tzinfo) -> str:
    return str(getattr(zone, "key", None) or getattr(zone, "zone", None) or zone)


def _zone(name: str, default: tzinfo) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):  # a fixed offset
        return default


def sort_keys(stamps: Sequence[Any]) -> np.ndarray:
    """Return numbers that order stamps: real time in microseconds for datetimes, (T,)."""
    if isinstance(stamps[0], datetime) and stamps[0].tzinfo is not None:
        stamps = [s.astimezone(UTC).replace(tzinfo=None) for s in stamps]
    if isinstance(stamps[0], date):
        return np.array(stamps, dtype="datetime64[us]").astype(np.int64)
    return np.asarray(stamps, dtype=np.int64 if all(isinstance(s, int) for s in stamps) else np.float64)


def clock_hint(stamp: Any) -> str:
    """Return a hint for a repeated hour without time zone that may be the hour after clocks were put back; else an empty text."""
    if (
        isinstance(stamp, datetime)
        and stamp.tzinfo is None
        and stamp.hour in (0, 1, 2)
        and stamp.weekday() == 6
        and stamp.month in (3, 4, 10, 11)
    ):
        return " If the clocks were put back in that hour, give the stamps with their time zone, or in UTC."
    return ""
