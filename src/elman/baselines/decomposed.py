"""Naive2 and Theta, the benchmarks of the M competitions, both after a seasonal test and decomposition."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.signal import lfilter

from elman.baselines._series import SeriesBaseline


class Naive2(SeriesBaseline):
    """Repeat the last deseasonalised value, and restore the season (M4's benchmark).

    A series is deseasonalised if a test finds a season: by centred moving averages, multiplicative for positive values,
    else additive.

    Parameters
    ----------
    season : int or "auto", default "auto"
        Steps of the cycle (M4: 24 for hourly series, 1 for weekly ones).

    References
    ----------
    Makridakis et al. 2020, "The M4 competition"; the organisers' ``Benchmarks and Evaluation.R``.

    Examples
    --------
    >>> wave = np.tile([1.0, 2.0, 4.0], 5)
    >>> Naive2(season=3).fit(wave).predict(3).values.round(6).tolist()
    [1.0, 2.0, 4.0]
    """

    def _point(self, values: np.ndarray, horizon: int) -> np.ndarray:
        flat, season = deseasonalise(values, self.season_)
        return season.restore(np.full(horizon, flat[-1]), len(values))

    def _past_errors(self, values: np.ndarray) -> np.ndarray:
        flat, season = deseasonalise(values, self.season_)
        return values[1:] - season.restore(flat[:-1], 1)

    def _growth(self, horizon: int, count: int) -> np.ndarray:  # noqa: ARG002  # one signature for all
        return np.sqrt(np.arange(1, horizon + 1))


class Theta(SeriesBaseline):
    """Average a straight line and exponential smoothing of the doubled distances from it, after deseasonalising as in Naive2.

    Parameters
    ----------
    season : int or "auto", default "auto"
        Steps of the cycle.

    References
    ----------
    Assimakopoulos and Nikolopoulos 2000, "The theta model"; the organisers' ``Benchmarks and Evaluation.R`` of M4.

    Examples
    --------
    >>> Theta(season=1).fit([1.0, 2.0, 3.0, 4.0]).predict(2).values.round(2).tolist()
    [4.5, 5.0]
    """

    def _point(self, values: np.ndarray, horizon: int) -> np.ndarray:
        flat, season = deseasonalise(values, self.season_)
        steps = np.arange(len(flat) + horizon)
        line = _line(flat)(steps)
        levels = smoothing_levels(2 * flat - line[: len(flat)])
        return season.restore((line[len(flat) :] + levels[-1]) / 2, len(values))

    def _past_errors(self, values: np.ndarray) -> np.ndarray:
        flat, season = deseasonalise(values, self.season_)
        line = _line(flat)(np.arange(len(flat)))
        levels = smoothing_levels(2 * flat - line)
        return values[1:] - season.restore((line[1:] + levels[1:-1]) / 2, 1)

    def _growth(self, horizon: int, count: int) -> np.ndarray:  # noqa: ARG002  # one signature for all
        return np.sqrt(np.arange(1, horizon + 1))


class _Season:
    """Seasonal factors or differences of a cycle; neutral for a cycle of 1."""

    def __init__(self, figure: np.ndarray, multiplied: bool) -> None:
        self.figure = figure
        self.multiplied = multiplied

    def restore(self, values: np.ndarray, first: int) -> np.ndarray:
        """Return deseasonalised values of the steps ``first``, ``first + 1``, … with their season."""
        at = self.figure[(first + np.arange(len(values))) % len(self.figure)]
        return values * at if self.multiplied else values + at


def deseasonalise(values: np.ndarray, season: int) -> tuple[np.ndarray, _Season]:
    """Return a series without its season, and the season, as R's ``decompose`` estimates it."""
    if not is_seasonal(values, season):
        return values, _Season(np.ones(1), True)
    multiplied = bool((values > 0).all())
    weights = np.full(season, 1.0) if season % 2 else np.concatenate([[0.5], np.ones(season - 1), [0.5]])
    trend = np.convolve(values, weights / season, mode="valid")
    edge = len(weights) // 2
    inner = values[edge : edge + len(trend)]
    detrended = inner / trend if multiplied else inner - trend
    places = (edge + np.arange(len(trend))) % season
    figure = np.bincount(places, detrended, season) / np.bincount(places, minlength=season)
    figure = figure / figure.mean() if multiplied else figure - figure.mean()
    cycle = figure[np.arange(len(values)) % season]
    return (values / cycle if multiplied else values - cycle), _Season(figure, multiplied)


def is_seasonal(values: np.ndarray, season: int) -> bool:
    """Test the autocorrelation at the season at 90 % (Bartlett's limits), as M4's organisers did."""
    count = len(values)
    if season < 2 or count < 3 * season or season > 10 * np.log10(count):  # R's acf looks no further
        return False
    centred = values - values.mean()
    variance = float(centred @ centred)
    if variance == 0:
        return False
    correlation = np.array([centred[lag:] @ centred[: count - lag] for lag in range(1, season + 1)]) / variance
    limit = 1.645 / np.sqrt(count) * np.sqrt(1 + 2 * np.sum(correlation[:-1] ** 2))
    return bool(abs(correlation[-1]) > limit)


def smoothing_levels(values: np.ndarray) -> np.ndarray:
    """Return the levels (T + 1,) of exponential smoothing with the rate and start of least squares; the first precedes all values."""

    def levels_and_loss(rate: float) -> tuple[np.ndarray, float]:
        """Levels at a rate and its best start, and their squared errors."""
        # a level is linear in the start: level_t = from_zero_t + (1 - rate)^t * start
        from_zero = np.concatenate([[0.0], lfilter([rate], [1.0, rate - 1.0], values)])
        share = (1 - rate) ** np.arange(len(values) + 1)
        residuals = values - from_zero[:-1]
        start = float(share[:-1] @ residuals / (share[:-1] @ share[:-1]))
        levels = from_zero + share * start
        return levels, float(np.sum((values - levels[:-1]) ** 2))

    best: Any = minimize_scalar(lambda rate: levels_and_loss(rate)[1], bounds=(1e-4, 0.9999), method="bounded")
    return levels_and_loss(float(best.x))[0]


def _line(values: np.ndarray) -> np.polynomial.Polynomial:
    degree = 1 if len(values) > 1 else 0
    return np.polynomial.Polynomial.fit(np.arange(len(values)), values, degree)
