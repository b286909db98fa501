"""Base of the forecasting baselines: reading series, seasons, and intervals from their own past errors."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator

from elman.errors import DataError, NotFittedError, SettingError
from elman.forecasting.forecast import Forecast
from elman.timeseries.prediction import Prediction
from elman.timeseries.read import Panel, read_panel
from elman.timeseries.seasonality import detect_season, filled, seasonal_strength

_FEW = 10
"""With fewer past errors than these the tails are unknown; a normal distribution of their size is in."""
_RECENT = 250
"""Past errors that the intervals come from: the last ones, because the size of errors changes with time."""


class SeriesBaseline(BaseEstimator):
    """A forecast that needs no training, or hardly any: ``fit(series)``, then ``predict(horizon)``.

    A baseline writes ``_point(history, horizon)``, ``_past_errors(history)`` (one step ahead) and ``_growth(horizon,
    count)`` (how much wider than one step each step's errors are).
    """

    def __init__(self, season: int | str = "auto") -> None:
        self.season = season

    def fit(self, data: Any, y: None = None) -> Self:  # noqa: ARG002  # scikit-learn passes y
        """Read one or several series.

        Parameters
        ----------
        data : array, list of arrays, data frame, Arrow table or Series
            As :class:`elman.Forecaster` takes them.
        y : None
            Ignored; here for scikit-learn.

        Returns
        -------
        SeriesBaseline
            The estimator itself.
        """
        self.panel_ = read_panel(data)
        values = known_values(self.panel_)
        self.season_ = season_of(self.panel_, values) if self.season == "auto" else _checked_season(self.season)
        self._learn(values)
        return self

    def predict(self, horizon: int, data: Any = None, *, level: tuple[int, ...] = (80, 95)) -> Forecast:
        """Forecast the steps after the end of the series of ``fit``, or of others.

        Parameters
        ----------
        horizon : int
            Steps to forecast.
        data : optional
            Series as in ``fit``; the forecast goes on from their ends.
        level : sequence of int, default (80, 95)
            Intervals in per cent.

        Returns
        -------
        Forecast
            ``values``, ``low``, ``high``, ``to_frame()``, ``plot()``.
        """
        if not hasattr(self, "panel_"):
            raise NotFittedError(f"This {type(self).__name__} is not fitted yet. Call fit(series) first.")
        if isinstance(horizon, bool) or not isinstance(horizon, int) or horizon < 1:
            raise SettingError(f"horizon must be a whole number from 1; got {horizon!r}.")
        panel = self.panel_ if data is None else read_panel(data)
        said = self._outlook(known_values(panel), horizon, level)
        stamps = [panel.frequency.following(one.stamps[-1], horizon) for one in panel.series]
        return Forecast(panel=panel, mean=said.mean, stamps=stamps, low=said.low, high=said.high)

    def forecast_from(self, panel: Panel, rows: Any, ends: Any, *, horizon: int, level: tuple[int, ...] = (80, 95)) -> Prediction:
        """Forecast from many cutoffs of series, each from the values before it alone, without learning anew.

        Parameters
        ----------
        panel : Panel
            From ``read_panel``.
        rows : sequence of int, (m,)
            Series.
        ends : sequence of int, (m,)
            The step from which on nothing is known, from 1.
        horizon : int
            Steps to forecast.
        level : sequence of int, default (80, 95)
            Intervals in per cent.

        Returns
        -------
        Prediction
            ``mean`` (m, horizon), ``low`` and ``high`` by level.
        """
        values = known_values(panel)
        return self._outlook([values[row][:end] for row, end in zip(rows, ends, strict=True)], horizon, level)

    def _outlook(self, histories: list[np.ndarray], horizon: int, level: tuple[int, ...]) -> Prediction:
        shares = np.sort(np.concatenate([[(1 - k / 100) / 2, (1 + k / 100) / 2] for k in level])) if level else np.zeros(0)
        points, ends = zip(*(self._one(values, horizon, shares) for values in histories), strict=True)
        spread = np.stack(ends, axis=1)  # (shares, m, horizon)
        place = {int(k): len(level) - 1 - i for i, k in enumerate(sorted(level))}
        low, high = ({k: spread[i if at_start else len(shares) - 1 - i] for k, i in place.items()} for at_start in (True, False))
        return Prediction(mean=np.stack(points), low=low, high=high)

    def _one(self, values: np.ndarray, horizon: int, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        point = self._point(values, horizon)
        return point, point + self._spread(values, horizon, shares)

    def _spread(self, values: np.ndarray, horizon: int, shares: np.ndarray) -> np.ndarray:
        """Ends of the intervals around the forecast, (shares, horizon)."""
        errors = self._past_errors(values)[-_RECENT:]
        return error_quantiles(errors, shares)[:, None] * self._growth(horizon, len(values))[None, :]

    def _learn(self, values: list[np.ndarray]) -> None:
        """Nothing to learn; a baseline that learns overrides this."""

    def _point(self, values: np.ndarray, horizon: int) -> np.ndarray:
        raise NotImplementedError

    def _past_errors(self, values: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def _growth(self, horizon: int, count: int) -> np.ndarray:
        raise NotImplementedError


def error_quantiles(errors: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return quantiles of past errors about zero: their own, and a normal distribution's where they are few."""
    if len(errors) >= _FEW:
        return np.quantile(errors - np.median(errors), shares)
    from scipy.special import ndtri

    return np.asarray(ndtri(shares)) * (float(np.sqrt(np.mean(errors**2))) if len(errors) else 0.0)


def known_values(panel: Panel) -> list[np.ndarray]:
    """Return the values of every series, gaps closed by straight lines; a series that is all NaN is refused by name."""
    values = []
    for one in panel.series:
        try:
            values.append(filled(one.values))
        except DataError as error:
            raise DataError(f"series {one.name!r}: {error.detail}") from error
    return values


def season_of(panel: Panel, values: list[np.ndarray]) -> int:
    """Return the season of the stamps, or one found in the longest series; 1 where it is of no help to most series."""
    season = panel.frequency.season if panel.form == "frame" else 1
    season = season if season > 1 else detect_season(max(values, key=len))
    return season if float(np.median([seasonal_strength(v, season) for v in values])) > 0 else 1


def _checked_season(season: Any) -> int:
    if isinstance(season, bool) or not isinstance(season, int) or season < 1:
        raise SettingError(f"season must be 'auto' or a whole number from 1; got {season!r}.")
    return season
