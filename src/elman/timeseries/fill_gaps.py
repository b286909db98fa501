"""Rows of a table as a series: sorted, one value per stamp, on an even grid if the stamps lie on one. Every change is noted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from elman.errors import DataError
from elman.timeseries.frequency import Frequency
from elman.timeseries.panel import OneSeries
from elman.timeseries.report import Findings
from elman.timeseries.timestamps import clock_hint, sort_keys

_SPARSE = 4
"""Places of a grid per row, at most: a sparser grid is mostly gaps, and its rows are taken in order instead."""

AGGREGATES: dict[str, Callable[[np.ndarray], Any]] = {
    "mean": np.nanmean,
    "sum": np.nansum,
    "median": np.nanmedian,
    "first": lambda v: v[0],
    "last": lambda v: v[-1],
}
"""Ways to aggregate rows that share a stamp."""


def sort_rows(one: OneSeries, rows: np.ndarray, duplicates: str, findings: Findings) -> OneSeries:
    """Sort a series by time and aggregate the rows of each stamp.

    Parameters
    ----------
    one : OneSeries
        Rows in the caller's order.
    rows : array of int
        The caller's row numbers, (T,), for messages.
    duplicates : str
        "error", or a key of ``AGGREGATES``.
    findings : Findings
        Collects the changes.

    Returns
    -------
    OneSeries
        With increasing stamps.
    """
    keys = sort_keys(one.stamps)
    if (keys[1:] > keys[:-1]).all():
        return one
    order = np.argsort(keys, kind="stable")
    findings.add("sorted", one.name, int((order[1:] < order[:-1]).any()))
    one, rows, keys = select(one, order), rows[order], keys[order]
    begins = np.flatnonzero(np.concatenate([[True], keys[1:] > keys[:-1]]))
    if len(begins) == len(keys):
        return one
    values = np.array([_aggregate(one, rows, span, duplicates) for span in np.split(np.arange(len(keys)), begins[1:])])
    findings.add("repeated" if duplicates == "error" else "joined", one.name, len(keys) - len(begins))
    last = begins if duplicates != "last" else np.concatenate([begins[1:], [len(keys)]]) - 1
    return replace(select(one, last), values=values)


def _aggregate(one: OneSeries, rows: np.ndarray, span: np.ndarray, duplicates: str) -> float:
    """Return one value for the rows of a stamp; different values are an error by default."""
    values = one.values[span]
    observed = values[~np.isnan(values)]
    if duplicates in ("first", "last"):
        return float(AGGREGATES[duplicates](values))
    if duplicates != "error":
        return float(AGGREGATES[duplicates](observed)) if len(observed) else np.nan
    other = next((i for i in range(len(span)) if observed.size and not np.isnan(values[i]) and values[i] != observed[0]), None)
    if other is not None:
        stamp = one.stamps[span[0]]
        raise DataError(
            f"series {one.name!r} has two values at {stamp}: {observed[0]:g} and {values[other]:g}."
            f" Name the column of series with group=, or aggregate them: read_panel(data, duplicates='mean')." + clock_hint(stamp),
            row=int(rows[span[other]]),
        )
    return float(observed[0]) if len(observed) else np.nan


def insert_gaps(one: OneSeries, frequency: Frequency, findings: Findings) -> OneSeries:
    """Insert missing stamps with unknown values, so that all steps are equal."""
    if len(one.stamps) < 2:
        return one
    if frequency.kind == "business":
        days = np.array([_day(s) for s in one.stamps], dtype="datetime64[D]")
        if np.is_busday(days).all():
            off = np.setdiff1d(_weekdays(days[0], days[-1]), days)
            findings.add("days off", one.name, len(off), off[0] if len(off) else None)
        else:
            findings.add("uneven", one.name, 1)
        return one
    places = frequency.places(one.stamps)
    if places is None or places[-1] + 1 > _SPARSE * len(places):
        findings.add("uneven", one.name, 1)
        return one
    missing = int(places[-1]) + 1 - len(places)
    if missing == 0:
        return one
    stamps: list[Any] = [one.stamps[0], *frequency.following(one.stamps[0], int(places[-1]))]
    first = stamps[int(np.setdiff1d(np.arange(len(stamps)), places)[0])]
    findings.add("gaps", one.name, missing, first)
    for place, stamp in zip(places, one.stamps, strict=True):
        stamps[place] = stamp
    columns = {name: _spread(column, places, len(stamps)) for name, column in one.columns.items()}
    return replace(one, stamps=stamps, values=_spread(one.values, places, len(stamps)), columns=columns)


def trim(one: OneSeries, findings: Findings, *, end: bool) -> OneSeries:
    """Drop unknown values before the first known one and, if ``end``, after the last: the series did not exist then."""
    observed = np.flatnonzero(~np.isnan(one.values))
    if len(observed) == 0:
        return one
    begin, stop = int(observed[0]), int(observed[-1]) + 1 if end else len(one.values)
    findings.add("later", one.name, begin)
    findings.add("earlier", one.name, len(one.values) - stop)
    return one if (begin, stop) == (0, len(one.values)) else select(one, np.arange(begin, stop))


def select(one: OneSeries, rows: np.ndarray) -> OneSeries:
    """Return some rows of a series, in the order of their numbers."""
    columns = {name: column[rows] for name, column in one.columns.items()}
    return replace(one, stamps=[one.stamps[i] for i in rows], values=one.values[rows], columns=columns)


def _spread(column: np.ndarray, places: np.ndarray, length: int) -> np.ndarray:
    wide = np.full(length, np.nan if column.dtype.kind == "f" else None, dtype=column.dtype if column.dtype.kind == "f" else object)
    wide[places] = column
    return wide


def _weekdays(first: np.datetime64, last: np.datetime64) -> np.ndarray:
    days = np.arange(first, last + np.timedelta64(1, "D"))
    return days[np.is_busday(days)]


def _day(stamp: Any) -> Any:
    return stamp.date() if isinstance(stamp, datetime) else stamp


def first_unknown(one: OneSeries) -> Any:
    """Return the stamp of the first unknown value."""
    return one.stamps[int(np.argmax(np.isnan(one.values)))]


def same_step(one: OneSeries, own: Frequency, shared: Frequency) -> bool:
    """Return whether a series fits the frequency of others: it has the same step, or a multiple because of gaps."""
    if own.kind == shared.kind and own.step == shared.step:
        return True
    places = None if _mixed(own, shared) else shared.places(one.stamps)
    return not own.regular or (places is not None and (len(places) < 3 or places[-1] + 1 <= _SPARSE * len(places)))


def _mixed(own: Frequency, shared: Frequency) -> bool:
    return isinstance(own.step, timedelta) != isinstance(shared.step, timedelta) and "month" not in (own.kind, shared.kind)
