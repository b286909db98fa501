"""Calendar: features of the time and date of a step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from elman.timeseries.frequency import Frequency

_DAY = timedelta(days=1)
_PARTS = (
    ("minute", timedelta(minutes=30), timedelta(hours=6)),
    ("hour", timedelta(hours=12), 3 * _DAY),
    ("weekday", _DAY, 21 * _DAY),
    ("monthday", _DAY, 90 * _DAY),
    ("yearday", timedelta(days=31), 730 * _DAY),
)
"""Parts of a calendar: the longest step at which they vary, and the shortest span in which they repeat often enough."""
WIDTH = {"minute": 2, "hour": 2, "weekday": 3, "monthday": 2, "yearday": 2}
"""Features of each part."""


def parts_of(stamps: Sequence[Any], frequency: Frequency) -> tuple[str, ...]:
    """Return the parts of the calendar in which stamps differ.

    Parameters
    ----------
    stamps : sequence
        Sorted, of the longest series.
    frequency : Frequency
        Frequency of the stamps.

    Returns
    -------
    tuple of str
        Some of "minute", "hour", "weekday", "monthday", "yearday"; none for integer stamps.

    Examples
    --------
    >>> days = [date(2024, 1, 1) + timedelta(days=i) for i in range(60)]
    >>> parts_of(days, Frequency(kind="delta", step=timedelta(days=1), season=7))
    ('weekday',)
    """
    if len(stamps) < 2 or not isinstance(stamps[0], date):
        return ()
    step = timedelta(days=28) if frequency.kind == "month" else _DAY if frequency.kind == "business" else frequency.step
    span = stamps[-1] - stamps[0]
    return tuple(name for name, longest, least in _PARTS if step <= longest and span >= least)


def features(stamps: Sequence[Any], parts: tuple[str, ...]) -> np.ndarray:
    """Return calendar features of each stamp: points on circles, so that midnight is near eleven at night.

    Parameters
    ----------
    stamps : sequence of date or datetime
        T stamps, in local time.
    parts : tuple of str
        From :func:`parts_of`.

    Returns
    -------
    array
        Float32 (T, F).

    Examples
    --------
    >>> features([datetime(2024, 1, 6, 6)], ("hour", "weekday")).astype(float).round(2).tolist()
    [[1.0, 0.0, -0.97, -0.22, 1.0]]
    """
    if not parts or not len(stamps):
        return np.zeros((len(stamps), sum(WIDTH[part] for part in parts)), np.float32)
    wall = [s.replace(tzinfo=None) if isinstance(s, datetime) else s for s in stamps]
    seconds = np.array(wall, dtype="datetime64[s]")
    days = seconds.astype("datetime64[D]")
    of_day = (seconds - days).astype(np.int64)
    weekday = (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
    months = days.astype("datetime64[M]")
    of_month = (days - months).astype(np.int64) / 31
    of_year = (days - days.astype("datetime64[Y]")).astype(np.int64) / 365.25
    parts_on_circles = {
        "minute": lambda: _circle(of_day % 3600 / 3600),
        "hour": lambda: _circle(of_day / 86400),
        "weekday": lambda: np.column_stack([_circle(weekday / 7), weekday >= 5]),
        "monthday": lambda: _circle(of_month),
        "yearday": lambda: _circle(of_year),
    }
    return np.concatenate([parts_on_circles[part]() for part in parts], 1).astype(np.float32)


def _circle(share: np.ndarray) -> np.ndarray:
    angle = 2 * np.pi * share
    return np.column_stack([np.sin(angle), np.cos(angle)])
