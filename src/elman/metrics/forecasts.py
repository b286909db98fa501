"""Errors of forecasts per series, as in the M competitions and GluonTS, and bootstrap intervals of their means.

Truth and forecasts are (…, horizon); steps with a truth of NaN are ignored. An undefined error (a constant history has no
scale) is NaN, never 0 or infinite.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np


def mae(truth: Any, forecast: Any) -> np.ndarray:
    """Return the mean absolute error over the steps.

    Parameters
    ----------
    truth : array, shape (…, horizon)
        True values.
    forecast : array, shape (…, horizon)
        Forecasts.

    Returns
    -------
    ndarray, shape (…)
        One error per row.

    Examples
    --------
    >>> float(mae([1.0, 2.0, 3.0], [1.0, 3.0, 5.0]))
    1.0
    """
    return _mean(np.abs(_array(truth) - _array(forecast)))


def mse(truth: Any, forecast: Any) -> np.ndarray:
    """Return the mean squared error over the steps, (…)."""
    return _mean((_array(truth) - _array(forecast)) ** 2)


def smape(truth: Any, forecast: Any) -> np.ndarray:
    """Return M4's symmetric percentage error over the steps, 0 to 200; a step that is 0 and was forecast as 0 has none.

    Parameters
    ----------
    truth : array, shape (…, horizon)
        True values.
    forecast : array, shape (…, horizon)
        Forecasts.

    Returns
    -------
    ndarray, shape (…)
        Mean of 200 |y - f| / (|y| + |f|).

    References
    ----------
    Makridakis et al. 2020, "The M4 competition", section 2.2.

    Examples
    --------
    >>> float(smape([100.0], [300.0]))
    100.0
    """
    y, f = _array(truth), _array(forecast)
    total = np.abs(y) + np.abs(f)
    return _mean(200.0 * np.abs(y - f) / np.where(total == 0, 1.0, total))


def naive_scale(history: Any, season: int = 1, power: int = 1) -> float:
    """Return the mean in-sample error of the (seasonal) naive forecast, the scale of MASE and RMSSE.

    Parameters
    ----------
    history : array, shape (T,)
        Values before the forecast.
    season : int, default 1
        Lag of the seasonal naive forecast; 1 where the history is not longer, or repeats itself without any error.
    power : {1, 2}, default 1
        Absolute or squared errors.

    Returns
    -------
    float
        NaN if the history is too short or constant.
    """
    values = _array(history)
    for lag in (season, 1):
        errors = np.abs(values[lag:] - values[:-lag]) ** power
        scale = float(_mean(errors)) if len(errors) else np.nan
        if scale > 0:
            return scale
    return np.nan


def mase(truth: Any, forecast: Any, history: Any, season: int = 1) -> float:
    """Return the mean absolute scaled error of one series: 1 is as good as seasonal naive was, one step ahead, in the history.

    Parameters
    ----------
    truth : array, shape (horizon,)
        True values.
    forecast : array, shape (horizon,)
        Forecasts.
    history : array, shape (T,)
        Values before the forecast.
    season : int, default 1
        Steps of the cycle (M4: 24 for hourly series, 1 for weekly ones).

    Returns
    -------
    float
        NaN if the history has no scale.

    References
    ----------
    Hyndman and Koehler 2006, "Another look at measures of forecast accuracy".

    Examples
    --------
    >>> history = np.array([3.0, 1.0, 4.0, 1.0, 5.0])
    >>> mase(history[1:], history[:-1], history)
    1.0
    """
    return float(mae(truth, forecast)) / naive_scale(history, season)


def rmsse(truth: Any, forecast: Any, history: Any, season: int = 1) -> float:
    """Return the root mean squared scaled error of one series (M5's measure); arguments as in :func:`mase`."""
    return float(np.sqrt(mse(truth, forecast) / naive_scale(history, season, power=2)))


def owa(smape: float, mase: float, naive2_smape: float, naive2_mase: float) -> float:
    """Return M4's overall weighted average: the mean of both errors, each divided by Naive2's.

    Parameters
    ----------
    smape : float
        Mean over all series.
    mase : float
        Mean over all series.
    naive2_smape : float
        The same of :class:`elman.baselines.Naive2`.
    naive2_mase : float
        The same of :class:`elman.baselines.Naive2`.

    Returns
    -------
    float
        Below 1 is better than Naive2; NaN if Naive2 makes no errors.

    Examples
    --------
    >>> round(owa(9.328, 0.893, 18.383, 2.395), 3)  # ES-RNN on the hourly series of M4
    0.44
    """
    if not (naive2_smape > 0 and naive2_mase > 0):
        return float("nan")
    return 0.5 * (smape / naive2_smape + mase / naive2_mase)


def pinball(truth: Any, forecast: Any, quantile: float) -> np.ndarray:
    """Return the quantile loss over the steps.

    Parameters
    ----------
    truth : array, shape (…, horizon)
        True values.
    forecast : array, shape (…, horizon)
        The quantile forecast.
    quantile : float
        Its share, between 0 and 1.

    Returns
    -------
    ndarray, shape (…)
        One loss per row.

    References
    ----------
    Koenker and Bassett 1978, "Regression quantiles".

    Examples
    --------
    >>> float(pinball([10.0], [6.0], 0.9)), round(float(pinball([6.0], [10.0], 0.9)), 12)
    (3.6, 0.4)
    """
    error = _array(truth) - _array(forecast)
    return _mean(np.maximum(quantile * error, (quantile - 1) * error))


def crps(truth: Any, quantiles: Mapping[float, Any]) -> np.ndarray:
    """Return the continuous ranked probability score, estimated by quantiles: twice their mean pinball loss.

    Parameters
    ----------
    truth : array, shape (…, horizon)
        True values.
    quantiles : mapping of float to array
        Forecasts (…, horizon) by share.

    Returns
    -------
    ndarray, shape (…)
        In the unit of the series; for the median alone it is the absolute error.

    References
    ----------
    Gneiting and Raftery 2007, "Strictly proper scoring rules", section 4.2; Laio and Tamea 2007.

    Examples
    --------
    >>> float(crps([3.0], {0.5: [1.0]}))
    2.0
    """
    return 2.0 * np.mean([pinball(truth, forecast, share) for share, forecast in quantiles.items()], axis=0)


def weighted_quantile_loss(truth: Any, quantiles: Mapping[float, Any]) -> float:
    """Return the mean of twice the summed pinball loss over the summed absolute truth, all series together (GluonTS)."""
    y = _array(truth)
    finite = np.isfinite(y)
    losses = [np.sum(pinball(y[..., None], _array(forecast)[..., None], share)[finite]) for share, forecast in quantiles.items()]
    total = float(np.abs(y[finite]).sum())
    return 2.0 * float(np.mean(losses)) / total if total else np.nan


def coverage(truth: Any, low: Any, high: Any) -> np.ndarray:
    """Return the share of steps inside the interval, ends included."""
    y = _array(truth)
    inside = ((y >= _array(low)) & (y <= _array(high))).astype(np.float64)
    return _mean(np.where(np.isnan(y), np.nan, inside))


class Interval(NamedTuple):
    """A mean and its confidence interval."""

    mean: float
    low: float
    high: float


def bootstrap(
    values: Any, *, groups: Any = None, confidence: float = 0.95, draws: int = 2000, random_state: int | np.random.Generator = 0
) -> Interval:
    """Return the mean of values and its percentile bootstrap interval over series.

    Parameters
    ----------
    values : array, shape (n,)
        One error, or one difference of two errors, per series (or window of a series); NaN is ignored.
    groups : array, shape (n,), optional
        Group of each value: whole groups are drawn, for windows that share events.
    confidence : float, default 0.95
        Share of resampled means inside the interval.
    draws : int, default 2000
        Resamples.
    random_state : int or Generator, default 0
        Seed.

    Returns
    -------
    Interval
        ``mean``, ``low``, ``high``; NaN ends for fewer than two groups.

    References
    ----------
    Efron and Tibshirani 1993, "An introduction to the bootstrap", chapter 13.

    Examples
    --------
    >>> mean, low, high = bootstrap(np.arange(100.0))
    >>> mean, bool(low < 49.5 < high), bool(high - low < 15)
    (49.5, True, True)
    """
    values = _array(values)
    finite = np.isfinite(values)
    if not finite.any():
        return Interval(np.nan, np.nan, np.nan)
    names = np.arange(len(values)) if groups is None else np.asarray(groups)
    _, index = np.unique(names[finite], return_inverse=True)
    sums, counts = np.bincount(index, values[finite]), np.bincount(index)
    mean = float(sums.sum() / counts.sum())
    if len(sums) < 2:
        return Interval(mean, np.nan, np.nan)
    random = np.random.default_rng(random_state)
    weights = random.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=draws)
    means = (weights @ sums) / (weights @ counts)
    outer = (1 - confidence) / 2
    low, high = np.quantile(means, [outer, 1 - outer])
    return Interval(mean, float(low), float(high))


def _array(values: Any) -> np.ndarray:
    return np.asarray(values, dtype=np.float64)


def _mean(values: np.ndarray) -> np.ndarray:
    """Return the mean over the last axis without NaN; NaN if all are NaN."""
    finite = ~np.isnan(values)
    count = finite.sum(-1)
    total = np.where(finite, values, 0.0).sum(-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
