"""Naive forecasts: the last value, the value one season ago, the drift line."""

from __future__ import annotations

import numpy as np

from elman.baselines._series import SeriesBaseline


class Naive(SeriesBaseline):
    """Repeat the last value.

    Intervals grow with the square root of the step, as a random walk's do (Hyndman and Athanasopoulos, "Forecasting:
    principles and practice", 3rd ed., table 5.2), from quantiles of past one-step errors.

    Parameters
    ----------
    season : int or "auto", default "auto"
        Not used by this forecast; for measures that scale by a season.

    Examples
    --------
    >>> Naive().fit([3.0, 1.0, 4.0]).predict(2).values.tolist()
    [4.0, 4.0]
    """

    def _point(self, values: np.ndarray, horizon: int) -> np.ndarray:
        return np.full(horizon, values[-1])

    def _past_errors(self, values: np.ndarray) -> np.ndarray:
        return np.diff(values)

    def _growth(self, horizon: int, count: int) -> np.ndarray:  # noqa: ARG002  # one signature for all
        return np.sqrt(np.arange(1, horizon + 1))


class SeasonalNaive(SeriesBaseline):
    """Repeat the last season; the last value where the season is 1 or longer than the history.

    Parameters
    ----------
    season : int or "auto", default "auto"
        Steps of the cycle; "auto" infers it from the stamps or from the longest series.

    Examples
    --------
    >>> SeasonalNaive(season=3).fit([0.0, 1.0, 2.0, 3.0, 4.0, 5.0]).predict(4).values.tolist()
    [3.0, 4.0, 5.0, 3.0]
    """

    def _point(self, values: np.ndarray, horizon: int) -> np.ndarray:
        season = self._lag(len(values))
        return values[len(values) - season :][np.arange(horizon) % season]

    def _past_errors(self, values: np.ndarray) -> np.ndarray:
        season = self._lag(len(values) - 1)
        return values[season:] - values[:-season]

    def _growth(self, horizon: int, count: int) -> np.ndarray:
        return np.sqrt(np.arange(horizon) // self._lag(count) + 1)

    def _lag(self, count: int) -> int:
        return self.season_ if self.season_ <= count else 1


class Drift(SeriesBaseline):
    """Extrapolate the line from the first to the last value.

    Parameters
    ----------
    season : int or "auto", default "auto"
        Not used by this forecast; for measures that scale by a season.

    Examples
    --------
    >>> Drift().fit([1.0, 0.0, 3.0]).predict(2).values.tolist()
    [4.0, 5.0]
    """

    def _point(self, values: np.ndarray, horizon: int) -> np.ndarray:
        slope = (values[-1] - values[0]) / (len(values) - 1) if len(values) > 1 else 0.0
        return values[-1] + slope * np.arange(1, horizon + 1)

    def _past_errors(self, values: np.ndarray) -> np.ndarray:
        steps = np.diff(values)
        return steps - steps.mean() if len(steps) else steps

    def _growth(self, horizon: int, count: int) -> np.ndarray:
        steps = np.arange(1, horizon + 1)
        return np.sqrt(steps * (1 + steps / max(1, count - 1)))
