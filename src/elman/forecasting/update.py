"""Update: new points appended to a panel, and the tail of a panel, on which many forecasts depend alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from elman.errors import DataError
from elman.timeseries.frequency import Frequency
from elman.timeseries.read import OneSeries, Panel, read_panel


def read_new(data: Any, panel: Panel) -> Panel:
    """Read new points in the form of the data of ``fit``."""
    if panel.form != "list":
        return read_panel(data)
    if not isinstance(data, list | tuple) or len(data) != len(panel.series):
        raise DataError(f"fit had {len(panel.series)} arrays; give a list of as many, an empty one where a series has no new points.")
    news = [(one.name, values) for one, values in zip(panel.series, data, strict=True) if len(values)]
    if not news:
        return replace(panel, series=[])
    new = read_panel([values for _, values in news])
    return replace(new, series=[replace(one, name=name) for one, (name, _) in zip(new.series, news, strict=True)])


def append(panel: Panel, new: Panel) -> tuple[Panel, dict[int, int]]:
    """Append new points to the series of a panel.

    Parameters
    ----------
    panel : Panel
        Series so far.
    new : Panel
        Points that follow; series are matched by name, arrays by place.

    Returns
    -------
    Panel, dict
        The longer panel, and the number of new points by row, for rows that have any.

    Raises
    ------
    DataError
        If a series is unknown, or its points do not follow its end step by step.
    """
    rows = {one.name: row for row, one in enumerate(panel.series)}
    series, counts = list(panel.series), {}
    for one in new.series:
        if one.name not in rows:
            raise DataError(f"series {one.name!r} was not seen in fit; known are {list(rows)[:5]}. Call predict(data) for other series.")
        row = rows[one.name]
        old = panel.series[row]
        stamps = panel.frequency.following(old.stamps[-1], len(one.stamps))
        if panel.form == "frame":
            wrong = next((at for at, (stamp, expected) in enumerate(zip(one.stamps, stamps, strict=True)) if stamp != expected), None)
            if wrong is not None:
                raise DataError(
                    f"series {one.name!r} goes on at {stamps[wrong]}; got {one.stamps[wrong]} in row {wrong}."
                    " Give every step in order, NaN where the value is not known."
                )
        series[row] = _append(old, one, stamps)
        counts[row] = len(one.stamps)
    return replace(panel, series=series), counts


def _append(old: OneSeries, new: OneSeries, stamps: list[Any]) -> OneSeries:
    missing = [name for name in old.columns if name not in new.columns]
    if missing:
        raise DataError(f"series {old.name!r}: the new points lack the columns {missing}, which were there in fit.")
    columns = {name: np.concatenate([np.asarray(values), np.asarray(new.columns[name])]) for name, values in old.columns.items()}
    return replace(old, stamps=[*old.stamps, *stamps], values=np.concatenate([old.values, new.values]), columns=columns)


def extend(panel: Panel, index: np.ndarray, ends: np.ndarray) -> Panel:
    """Continue series up to some ends, with unknown values and the last row of each column."""
    needed = np.zeros(len(panel.series), dtype=np.int64)
    np.maximum.at(needed, index, ends)
    missing = needed - [len(one.values) for one in panel.series]
    if not (missing > 0).any():
        return panel
    pairs = zip(panel.series, missing.tolist(), strict=True)
    return replace(panel, series=[_extend(one, panel.frequency, steps) if steps > 0 else one for one, steps in pairs])


def _extend(one: OneSeries, frequency: Frequency, steps: int) -> OneSeries:
    stamps = [*one.stamps, *frequency.following(one.stamps[-1], steps)]
    columns = {name: np.concatenate([column, np.repeat(column[-1:], steps)]) for name, column in one.columns.items()}
    return replace(one, stamps=stamps, values=np.concatenate([one.values, np.full(steps, np.nan)]), columns=columns)


def tail(panel: Panel, steps: int) -> Panel:
    """Return a panel with the last ``steps`` points of each series at most."""
    if all(len(one.stamps) <= steps for one in panel.series):
        return panel
    return replace(panel, series=[_tail(one, steps) for one in panel.series])


def _tail(one: OneSeries, steps: int) -> OneSeries:
    if np.isnan(one.values[-steps:]).any():  # a gap at the edge is filled from the values before it
        return one
    columns = {name: values[-steps:] for name, values in one.columns.items()}
    return replace(one, stamps=one.stamps[-steps:], values=one.values[-steps:], columns=columns)
