"""SeriesBaseline: base of the forecasting baselines, with seasons, and intervals from past errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator

from elman.errors import NotFittedError, SettingError
from elman.forecasting.forecast import Forecast
from elman.forecasting.grouped import filled_values
from elman.timeseries.prediction import Prediction
from elman.timeseries.read import Panel, read_panel
from elman.timeseries.seasonality import detect_season, interpolate, seasonal_strength

_FEWEST = 10
"""Past errors needed for quantiles of their own; fewer have too little of a tail, and a normal distribution takes their place."""
_RECENT = 250
"""Past errors that the intervals come from: the last ones, because the size of errors changes with time."""
_LEVELS = (80, 95)


class SeriesBaseline(BaseEstimator):
    """A forecast with little or no training: ``fit(series)``, then ``predict(horizon)``.

    A subclass implements ``_point(history, horizon)``, ``_past_errors(history)`` (one step ahead) and ``_growth(horizon,
    count)`` (the width of each step's errors in units of the first one's). :func:`elman.evaluation.backtest.backtest` and
    :func:`elman.evaluation.anomalies.anomalies` take it like a Forecaster.
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
        values = filled_values(self.panel_, interpolate)
        self.season_ = infer_season(self.panel_, values) if self.season == "auto" else _checked_season(self.season)
        self._fit(values)
        return self

    @property
    def lookback_(self) -> int:
        """Steps of history that a forecast needs to be as good as usual."""
        return self.season_

    def predict(self, horizon: int, data: Any = None, *, level: tuple[int, ...] = _LEVELS) -> Forecast:
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
        self._check(horizon)
        panel = self.panel_ if data is None else read_panel(data)
        prediction = self._predict(filled_values(panel, interpolate), horizon, level)
        stamps = [panel.frequency.following(one.stamps[-1], horizon) for one in panel.series]
        return Forecast(panel=panel, stamps=stamps, prediction=prediction)

    def forecast_from(
        self,
        panel: Panel,
        series: Sequence[int] | np.ndarray,
        cutoffs: Sequence[int] | np.ndarray,
        *,
        horizon: int | None = None,
        level: Sequence[int] | None = None,
    ) -> Prediction:
        """Forecast from cutoffs in the past, each from the values before it alone, without fitting again.

        Parameters
        ----------
        panel : Panel
            From ``read_panel``.
        series : sequence of int, (m,)
            Number of a series.
        cutoffs : sequence of int, (m,)
            First step to forecast, from 1.
        horizon : int, optional
            Steps to forecast, 1 by default.
        level : sequence of int, optional
            Intervals in per cent, 80 and 95 by default.

        Returns
        -------
        Prediction
            ``mean`` (m, horizon), ``low`` and ``high`` by level.
        """
        horizon = 1 if horizon is None else horizon
        self._check(horizon)
        values = filled_values(panel, interpolate)
        histories = [values[row][:end] for row, end in zip(series, cutoffs, strict=True)]
        return self._predict(histories, horizon, _LEVELS if level is None else level)

    def _check(self, horizon: Any) -> None:
        if not hasattr(self, "panel_"):
            raise NotFittedError(f"This {type(self).__name__} is not fitted yet. Call fit(series) first.")
        if isinstance(horizon, bool) or not isinstance(horizon, int | np.integer) or horizon < 1:
            raise SettingError(f"horizon must be a whole number from 1; got {horizon!r}.")

    def _predict(self, histories: list[np.ndarray], horizon: int, level: Sequence[int]) -> Prediction:
        shares = np.sort(np.concatenate([[(1 - k / 100) / 2, (1 + k / 100) / 2] for k in level])) if level else np.zeros(0)
        points, ends = zip(*(self._predict_one(values, horizon, shares) for values in histories), strict=True)
        quantiles = np.stack(ends, axis=1)  # (shares, m, horizon)
        place = {int(k): len(level) - 1 - i for i, k in enumerate(sorted(level))}
        low, high = ({k: quantiles[i if at_start else len(shares) - 1 - i] for k, i in place.items()} for at_start in (True, False))
        return Prediction(mean=np.stack(points), low=low, high=high)

    def _predict_one(self, values: np.ndarray, horizon: int, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the point forecast (horizon,) and its quantiles (shares, horizon)."""
        point = self._point(values, horizon)
        errors = self._past_errors(values)[-_RECENT:]
        return point, point + error_quantiles(errors, shares)[:, None] * self._growth(horizon, len(values))[None, :]

    def _fit(self, values: list[np.ndarray]) -> None:
        """Hook for a subclass that has something to fit."""

    def _point(self, values: np.ndarray, horizon: int) -> np.ndarray:
        raise NotImplementedError

    def _past_errors(self, values: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def _growth(self, horizon: int, count: int) -> np.ndarray:
        raise NotImplementedError


def error_quantiles(errors: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return quantiles of past errors about zero: empirical ones, or a normal distribution's for few errors."""
    if len(errors) >= _FEWEST:
        return np.quantile(errors - np.median(errors), shares)
    from scipy.special import ndtri

    return np.asarray(ndtri(shares)) * (float(np.sqrt(np.mean(errors**2))) if len(errors) else 0.0)


def infer_season(panel: Panel, values: list[np.ndarray]) -> int:
    """Return the season of the stamps, or that of the longest series; 1 if it does not help most series."""
    season = panel.frequency.season if panel.form == "frame" else 1
    season = season if season > 1 else detect_season(max(values, key=len))
    return season if float(np.median([seasonal_strength(v, season) for v in values])) > 0 else 1


def _checked_season(season: Any) -> int:
    if isinstance(season, bool) or not isinstance(season, int | np.integer) or season < 1:
        raise SettingError(f"season must be 'auto' or a whole number from 1; got {season!r}.")
    return int(season)
