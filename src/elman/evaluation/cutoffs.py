"""Cutoffs: positions in the past of series, the values before and after them, and the forecasts of a model from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from elman.errors import DataError, SettingError
from elman.fitting.fitted import FittedForecaster
from elman.timeseries.prediction import Prediction
from elman.timeseries.read import OneSeries, Panel
from elman.timeseries.timestamps import sort_keys

_POINTS = 4_000_000
"""Points of history copied at once for a model that can only forecast from the ends of series."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cutoffs:
    """Cutoffs of a backtest, window by window.

    Notes
    -----
    Shapes:

        series, positions, windows  (m,)  number of the series, first step to forecast, number of the window
    """

    series: np.ndarray
    positions: np.ndarray
    windows: np.ndarray

    def of(self, windows: np.ndarray) -> np.ndarray:
        """Return the indices of the cutoffs of some windows."""
        return np.flatnonzero(np.isin(self.windows, windows))


def plan_cutoffs(panel: Panel, horizon: int, windows: int, step: int) -> Cutoffs:
    """Return the cutoffs of some windows, ``step`` steps apart, the last a horizon before the end.

    Series with times are cut at the same moments, so that no series leaks the future of another; series without times at
    the same distance from their ends. A series that is too short for a window is left out of it.
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
    positions = np.stack([_positions(one, longest, back) for one in panel.series], axis=1)  # (windows, n)
    lengths = np.array([len(one.values) for one in panel.series])
    window, series = np.nonzero((positions >= 2) & (positions < lengths))
    return Cutoffs(series=series, positions=positions[window, series], windows=window)


def _positions(one: OneSeries, longest: OneSeries, back: np.ndarray) -> np.ndarray:
    if not isinstance(longest.stamps[0], date):
        return len(one.values) - back
    moments = sort_keys([longest.stamps[i] for i in len(longest.stamps) - back - 1])  # the last stamps of the past
    return np.searchsorted(sort_keys(one.stamps), moments, side="right")


def past_panel(panel: Panel, cutoffs: Cutoffs, window: int) -> Panel:
    """Return every series of a window before its cutoff."""
    at = cutoffs.of(np.array([window]))
    pairs = zip(cutoffs.series[at], cutoffs.positions[at], strict=True)
    return replace(panel, series=[truncate(panel.series[row], int(end)) for row, end in pairs])


def truncate(one: OneSeries, end: int) -> OneSeries:
    """Return the first ``end`` points of a series."""
    columns = {name: column[:end] for name, column in one.columns.items()}
    return replace(one, stamps=one.stamps[:end], values=one.values[:end], columns=columns)


def true_values(panel: Panel, cutoffs: Cutoffs, horizon: int) -> np.ndarray:
    """Return the values after each cutoff, (m, horizon), NaN where unknown or beyond the end."""
    truth = np.full((len(cutoffs.series), horizon), np.nan)
    for i, (row, end) in enumerate(zip(cutoffs.series, cutoffs.positions, strict=True)):
        values = panel.series[row].values[end : end + horizon]
        truth[i, : len(values)] = values
    return truth


def forecast_cutoffs(
    model: Any, panel: Panel, series: np.ndarray, cutoffs: np.ndarray, *, horizon: int | None = None, level: Sequence[int] | None = None
) -> Prediction:
    """Forecast from the values before each cutoff alone.

    Parameters
    ----------
    model : FittedForecaster, or any fitted estimator with ``predict(panel)``
        Model; one that only predicts from the ends of series gets copies that end at the cutoffs.
    panel : Panel
        The series.
    series : array of int, (m,)
        Number of a series.
    cutoffs : array of int, (m,)
        First step to forecast.
    horizon : int, optional
        Steps to forecast; all of the model's by default.
    level : sequence of int, optional
        Intervals in per cent; the model's own by default.

    Returns
    -------
    Prediction
        Forecasts, without samples.
    """
    if not isinstance(model, FittedForecaster):
        return _predict_ends(model, panel, series, cutoffs)
    panel, series = _fill_gaps_at_cutoffs(panel, series, cutoffs)
    prediction = model.forecast_from(panel, series, cutoffs, horizon=horizon, level=level)
    return Prediction(mean=prediction.mean, low=prediction.low, high=prediction.high)


def _fill_gaps_at_cutoffs(panel: Panel, series: np.ndarray, cutoffs: np.ndarray) -> tuple[Panel, np.ndarray]:
    """Fill gaps that contain a cutoff by the last value before it: interpolation would leak the value after it."""
    ones, series = list(panel.series), series.copy()
    for i, (row, end) in enumerate(zip(series, cutoffs, strict=True)):
        one = panel.series[row]
        if np.isnan(one.values[end - 1]):
            observed = np.flatnonzero(~np.isnan(one.values[:end]))
            values = one.values.copy()
            values[observed[-1] + 1 if len(observed) else 0 : end] = values[observed[-1]] if len(observed) else 0.0
            series[i] = len(ones)
            ones.append(replace(one, values=values))
    return (replace(panel, series=ones), series) if len(ones) > len(panel.series) else (panel, series)


def _predict_ends(model: Any, panel: Panel, series: np.ndarray, cutoffs: np.ndarray) -> Prediction:
    """Predict from the ends of truncated copies, as many at once as memory allows."""
    parts, begin = [], 0
    total = np.cumsum(cutoffs)
    while begin < len(series):
        before = total[begin - 1] if begin else 0
        stop = max(begin + 1, int(np.searchsorted(total, before + _POINTS)))
        pairs = zip(series[begin:stop], cutoffs[begin:stop], strict=True)
        parts.append(model.predict(replace(panel, series=[truncate(panel.series[row], int(end)) for row, end in pairs])))
        begin = stop
    return Prediction.concatenate(parts)


def usable_series(panel: Panel, least: int) -> Panel:
    """Return the series of at least ``least`` points, one of them known; all series if there is none."""
    usable = [one for one in panel.series if len(one.values) >= least and not np.isnan(one.values).all()]
    return replace(panel, series=usable or panel.series)
