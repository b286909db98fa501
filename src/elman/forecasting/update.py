"""Growing: new points put behind the ends of series, and the end of a panel, which is all that many forecasts look at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from elman.errors import DataError
from elman.timeseries.read import OneSeries, Panel, read_panel


def read_new(data: Any, panel: Panel) -> Panel:
    """Return new points as a panel, in the form of the one they are for.

    Parameters
    ----------
    data : array, list of arrays or data frame
        New points; of several arrays some may be empty.
    panel : Panel
        What was known.

    Returns
    -------
    Panel
        Series with new points.
    """
    if panel.form != "list":
        return read_panel(data)
    if not isinstance(data, list | tuple) or len(data) != len(panel.series):
        raise DataError(f"fit had {len(panel.series)} arrays; give a list of as many, an empty one where a series has no new points.")
    news = [(one.name, values) for one, values in zip(panel.series, data, strict=True) if len(values)]
    if not news:
        return replace(panel, series=[])
    read = read_panel([values for _, values in news])
    return replace(read, series=[replace(one, name=name) for one, (name, _) in zip(read.series, news, strict=True)])


def grown(panel: Panel, new: Panel) -> tuple[Panel, dict[int, int]]:
    """Return the panel with new points behind the ends of its series, and how many each got, by row.

    Parameters
    ----------
    panel : Panel
        What was known.
    new : Panel
        Points that follow; series are told apart by name, those of arrays by place.

    Returns
    -------
    Panel, dict
        The longer panel; rows without new points are left out of the counts.

    Raises
    ------
    DataError
        If a series is unknown, or its points do not follow its end step by step.
    """
    places = {one.name: row for row, one in enumerate(panel.series)}
    longer, counts = list(panel.series), {}
    for one in new.series:
        if one.name not in places:
            raise DataError(f"series {one.name!r} was not seen in fit; known are {list(places)[:5]}. Call predict(data) for other series.")
        row = places[one.name]
        known = panel.series[row]
        stamps = panel.frequency.following(known.stamps[-1], len(one.stamps))
        if panel.form == "frame":
            wrong = next((at for at, (have, want) in enumerate(zip(one.stamps, stamps, strict=True)) if have != want), None)
            if wrong is not None:
                raise DataError(
                    f"series {one.name!r} goes on at {stamps[wrong]}; got {one.stamps[wrong]} in row {wrong}."
                    " Give every step in order, NaN where the value is not known."
                )
        longer[row] = _joined(known, one, stamps)
        counts[row] = len(one.stamps)
    return replace(panel, series=longer), counts


def _joined(known: OneSeries, new: OneSeries, stamps: list[Any]) -> OneSeries:
    missing = [name for name in known.columns if name not in new.columns]
    if missing:
        raise DataError(f"series {known.name!r}: the new points lack the columns {missing}, which were there in fit.")
    columns = {name: np.concatenate([np.asarray(values), np.asarray(new.columns[name])]) for name, values in known.columns.items()}
    return replace(known, stamps=[*known.stamps, *stamps], values=np.concatenate([known.values, new.values]), columns=columns)


def tail(panel: Panel, steps: int) -> Panel:
    """Return the last ``steps`` points of each series.

    Parameters
    ----------
    panel : Panel
        Series.
    steps : int
        Points kept at most.

    Returns
    -------
    Panel
        Shorter ones; the panel itself where nothing is cut.
    """
    if all(len(one.stamps) <= steps for one in panel.series):
        return panel
    return replace(panel, series=[_cut(one, steps) for one in panel.series])


def _cut(one: OneSeries, steps: int) -> OneSeries:
    if np.isnan(one.values[-steps:]).any():  # a gap at the edge is filled from what precedes it
        return one
    columns = {name: values[-steps:] for name, values in one.columns.items()}
    return replace(one, stamps=one.stamps[-steps:], values=one.values[-steps:], columns=columns)
