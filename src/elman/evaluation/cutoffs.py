"""Walking forward: where to cut series, what was known at each cut, and what a model says from there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from elman.errors import DataError, SettingError
from elman.timeseries.prediction import Prediction
from elman.timeseries.read import OneSeries, Panel
from elman.timeseries.timestamps import sort_keys

_POINTS = 4_000_000
"""Points of history that are cut out at once for a model that cannot forecast from places in the past."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cutoffs:
    """Places in the past to forecast from, window by window.

    Notes
    -----
    Shapes:

        rows, ends, windows  (m,)  series, first step not known any more, number of the window
    """

    rows: np.ndarray
    ends: np.ndarray
    windows: np.ndarray

    def of(self, windows: np.ndarray) -> np.ndarray:
        """Return which cuts belong to some windows, as indices."""
        return np.flatnonzero(np.isin(self.windows, windows))


def plan_cuts(panel: Panel, horizon: int, windows: int, step: int) -> Cutoffs:
    """Return the cuts of some windows, ``step`` steps apart, the last a horizon before the end.

    Series with times are cut at the same moments, those without at the same distance from their own ends, so that no
    series tells another's model what came later. Series too short for a window are left out of it.

    Parameters
    ----------
    panel : Panel
        The series.
    horizon : int
        Steps to forecast.
    windows : int
        How many cuts in time.
    step : int
        Steps between them.

    Returns
    -------
    Cuts
        Ordered by window, then by series.
    """
    for name, value in (("windows", windows), ("step", step)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise SettingError(f"{name} must be a whole number from 1; got {value!r}.")
    longest = max(panel.series, key=lambda s: len(s.values))
    back = horizon + step * np.arange(windows)[::-1]
    least = horizon + 2
    left = len(longest.values) - int(back[0])
    if left < least:
        raise DataError(
            f"{windows} windows of {horizon} steps, {step} apart, leave {max(0, left)} points of the longest "
            f"series ({longest.name!r}, {len(longest.values)} points) to learn from; {least} are needed."
            " Use fewer windows or a shorter horizon."
        )
    ends = np.stack([_ends_of(one, longest, back) for one in panel.series], axis=1)  # (windows, n)
    lengths = np.array([len(one.values) for one in panel.series])
    usable = (ends >= 2) & (ends < lengths)
    at, rows = np.nonzero(usable)
    return Cutoffs(rows=rows, ends=ends[at, rows], windows=at)


def _ends_of(one: OneSeries, longest: OneSeries, back: np.ndarray) -> np.ndarray:
    if not isinstance(longest.stamps[0], date):
        return len(one.values) - back
    moments = sort_keys([longest.stamps[i] for i in len(longest.stamps) - back - 1])  # the last stamps that are known
    return np.searchsorted(sort_keys(one.stamps), moments, side="right")


def past_of(panel: Panel, cuts: Cutoffs, window: int) -> Panel:
    """Return what was known at a window: every series before its cut, and nothing after."""
    at = cuts.of(np.array([window]))
    return replace(panel, series=[until(panel.series[row], int(end)) for row, end in zip(cuts.rows[at], cuts.ends[at], strict=True)])


def until(one: OneSeries, end: int) -> OneSeries:
    """Return the first ``end`` points of a series."""
    columns = {name: column[:end] for name, column in one.columns.items()}
    return replace(one, stamps=one.stamps[:end], values=one.values[:end], columns=columns)


def truth_of(panel: Panel, cuts: Cutoffs, horizon: int) -> np.ndarray:
    """Return what came after each cut, (m, horizon), NaN where unknown or not yet."""
    found = np.full((len(cuts.rows), horizon), np.nan)
    for i, (row, end) in enumerate(zip(cuts.rows, cuts.ends, strict=True)):
        came = panel.series[row].values[end : end + horizon]
        found[i, : len(came)] = came
    return found


def forecasts(model: Any, panel: Panel, rows: np.ndarray, ends: np.ndarray, **options: Any) -> Prediction:
    """Return what a fitted model says from places in the past, of what precedes them alone.

    Parameters
    ----------
    model : Forecaster, baseline, or anything with ``predict(panel)``
        Fitted.
    panel : Panel
        The series.
    rows : array of int, (m,)
        Series.
    ends : array of int, (m,)
        The step from which on nothing is known.
    **options : Any
        Passed on (a baseline's horizon and level).

    Returns
    -------
    Said
        The forecasts.
    """
    if not hasattr(model, "forecast_from"):
        return _by_predict(model, panel, rows, ends)
    panel, rows = _without_looks_ahead(panel, rows, ends)
    said = model.forecast_from(panel, rows, ends, **options)
    return Prediction(mean=said.mean, low=said.low, high=said.high)


def _without_looks_ahead(panel: Panel, rows: np.ndarray, ends: np.ndarray) -> tuple[Panel, np.ndarray]:
    """Close gaps that a cut falls into by the last value known there: a straight line across would lead to what came later."""
    series, rows = list(panel.series), rows.copy()
    for i, (row, end) in enumerate(zip(rows, ends, strict=True)):
        one = panel.series[row]
        if np.isnan(one.values[end - 1]):
            known = np.flatnonzero(~np.isnan(one.values[:end]))
            values = one.values.copy()
            values[known[-1] + 1 if len(known) else 0 : end] = values[known[-1]] if len(known) else 0.0
            rows[i] = len(series)
            series.append(replace(one, values=values))
    return (replace(panel, series=series), rows) if len(series) > len(panel.series) else (panel, rows)


def _by_predict(model: Any, panel: Panel, rows: np.ndarray, ends: np.ndarray) -> Prediction:
    parts, begin = [], 0
    total = np.cumsum(ends)
    while begin < len(rows):
        before = total[begin - 1] if begin else 0
        stop = max(begin + 1, int(np.searchsorted(total, before + _POINTS)))
        cut = [until(panel.series[row], int(end)) for row, end in zip(rows[begin:stop], ends[begin:stop], strict=True)]
        parts.append(model.predict(replace(panel, series=cut)))
        begin = stop
    return Prediction.joined(parts)


def known_series(panel: Panel, least: int) -> Panel:
    """Return the series that have a known value among at least ``least`` points: what a model can learn from."""
    kept = [one for one in panel.series if len(one.values) >= least and not np.isnan(one.values).all()]
    return replace(panel, series=kept or panel.series)
