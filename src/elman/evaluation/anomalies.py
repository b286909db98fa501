"""Anomalies: scores of points by their distance from one-step forecasts, and the threshold above which they are flagged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from elman.errors import DataError, NotFittedError, SettingError
from elman.evaluation.cutoffs import forecast_cutoffs
from elman.fitting.fitted import FittedForecaster
from elman.forecasting.forecast import to_frame
from elman.timeseries import plotting
from elman.timeseries.prediction import Prediction
from elman.timeseries.read import Panel, read_panel

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

_LEVEL = 80
"""The interval whose half is the unit of scores."""
_BATCH = 4096
"""Points forecast in one call of the model."""
_TAIL = 0.05
"""Share of the calibration scores that the tail is fitted to, at most."""
_FEWEST = 100
"""Calibration scores needed for a threshold."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Anomalies:
    """Anomaly scores of every point, and the flagged points.

    Attributes
    ----------
    panel : Panel
        The series.
    all_scores : list of array, (T,) each
        Distance of each point from the median forecast of one step, in halves of the 80 % interval on its side; NaN at the
        beginning and where a value is unknown.
    all_predictions : list of Prediction
        One-step forecasts of each series, NaN at the beginning.
    threshold : float
        Score above which a point is flagged.
    rate : float
        Share of normal points that are flagged by mistake.
    """

    panel: Panel
    all_scores: list[np.ndarray]
    all_predictions: list[Prediction]
    threshold: float
    rate: float

    @property
    def scores(self) -> Any:
        """Scores: an array for one series, else a list of arrays."""
        return self.all_scores[0] if len(self.all_scores) == 1 else self.all_scores

    @property
    def flags(self) -> Any:
        """Flags of anomalies: an array for one series, else a list of arrays."""
        flags = [self.flags_of(series) for series in range(len(self.all_scores))]
        return flags[0] if len(flags) == 1 else flags

    def flags_of(self, series: int) -> np.ndarray:
        """Return the flags of one series, (T,)."""
        return np.nan_to_num(self.all_scores[series], nan=-np.inf) > self.threshold

    @overload
    def to_frame(self, kind: Literal["pandas"]) -> pandas.DataFrame: ...
    @overload
    def to_frame(self, kind: Literal["polars"]) -> polars.DataFrame: ...
    @overload
    def to_frame(self, kind: Literal["pyarrow"]) -> pyarrow.Table: ...
    @overload
    def to_frame(self, kind: None = None) -> Any: ...
    def to_frame(self, kind: str | None = None) -> Any:
        """Return every point with its score.

        Parameters
        ----------
        kind : {"pandas", "polars", "pyarrow"}, optional
            By default the kind of the data.

        Returns
        -------
        data frame
            Columns unique_id, ds, y, expected, low, high (of the 80 % interval), score, anomaly.
        """
        columns: dict[str, list[Any]] = {name: [] for name in ("unique_id", "ds", "y", "expected", "low", "high", "score", "anomaly")}
        for i, one in enumerate(self.panel.series):
            prediction = self.all_predictions[i]
            low, high = prediction.low[_LEVEL][:, 0], prediction.high[_LEVEL][:, 0]
            parts = (one.values, prediction.mean[:, 0], low, high, self.all_scores[i])
            columns["unique_id"] += [one.name] * len(one.values)
            columns["ds"] += list(one.stamps)
            for name, values in zip(("y", "expected", "low", "high", "score"), parts, strict=True):
                columns[name] += values.tolist()
            columns["anomaly"] += self.flags_of(i).tolist()
        return to_frame(columns, kind, self.panel.like)

    def __str__(self) -> str:
        """Return the number of flagged points, and the number of false alarms to be expected."""
        count = sum(int(np.isfinite(s).sum()) for s in self.all_scores)
        flagged = sum(int(self.flags_of(i).sum()) for i in range(len(self.all_scores)))
        return f"{flagged:,} of {count:,} points score above {self.threshold:.3g}; about {self.rate * count:.1f} would if all were normal."

    def plot(self, series: int = 0, *, axes: Any = None, dark: bool | None = None) -> Any:
        """Plot a series with the interval expected at each point, and mark its anomalies.

        Parameters
        ----------
        series : int, default 0
            Number of the series.
        axes : matplotlib axes, optional
            Axes to draw on; a new figure by default.
        dark : bool, optional
            Light lines on a dark ground; by default as in matplotlib's style.

        Returns
        -------
        matplotlib axes
            The axes.
        """
        one, prediction, flags = self.panel.series[series], self.all_predictions[series], self.flags_of(series)
        canvas = plotting.canvas(axes, "plot anomalies", dark=dark)
        canvas.history(one.stamps, one.values, str(one.name))
        canvas.band(one.stamps, prediction.low[_LEVEL][:, 0], prediction.high[_LEVEL][:, 0], f"{_LEVEL} % expected")
        stamps = [stamp for stamp, flag in zip(one.stamps, flags, strict=True) if flag]
        canvas.marks(stamps, one.values[flags], f"{len(stamps)} anomalies")
        return canvas.done()


def anomalies(model: Any, data: Any, *, rate: float = 0.001, normal: Any = None) -> Anomalies:
    """Score every point by its distance from a one-step forecast, which depends on the values before it alone.

    The threshold is a quantile of the scores of normal series: the empirical one where there are enough scores beyond it,
    else that of a generalised Pareto tail (as in SPOT; Siffer et al. 2017).

    Parameters
    ----------
    model : Forecaster or series baseline
        Fitted, with an interval of 80 % among its levels.
    data : as :meth:`elman.Forecaster.fit` takes
        Series to score.
    rate : float, default 0.001
        Share of normal points that may be flagged by mistake.
    normal : optional
        Normal series for the threshold; those of ``fit`` by default.

    Returns
    -------
    Anomalies
        ``scores``, ``threshold``, ``flags``, ``to_frame()``, ``plot()``.

    Examples
    --------
    >>> from elman.baselines import LinearForecaster
    >>> noise = np.random.default_rng(0).normal(size=1200)
    >>> noise[1100] = 9.0
    >>> result = anomalies(LinearForecaster().fit(noise[:1000]), noise, rate=1e-5)
    >>> np.flatnonzero(result.flags).tolist()
    [1100]
    """
    if not 0 < rate < 0.5:
        raise SettingError(f"rate must be a share between 0 and 0.5; got {rate!r}.")
    if not isinstance(model, FittedForecaster):
        raise NotFittedError(f"This {type(model).__name__} is not fitted yet. Call fit(series) first.")
    panel = read_panel(data)
    calm = model.panel_ if normal is None else read_panel(normal)
    calibration = np.concatenate([score_series(model, calm, row)[0] for row in range(len(calm.series))])
    threshold = threshold_of(calibration[np.isfinite(calibration)], rate)
    scores, predictions = zip(*(score_series(model, panel, row) for row in range(len(panel.series))), strict=True)
    return Anomalies(panel=panel, all_scores=list(scores), all_predictions=list(predictions), threshold=threshold, rate=rate)


def score_series(model: FittedForecaster, panel: Panel, series: int) -> tuple[np.ndarray, Prediction]:
    """Score the points of one series.

    Parameters
    ----------
    model : FittedForecaster
        Model with an interval of 80 %.
    panel : Panel
        The series.
    series : int
        Number of one of them.

    Returns
    -------
    array, Prediction
        Scores (T,), and the one-step forecasts (T, 1) behind them; NaN before there is enough history.
    """
    values = panel.series[series].values
    count = len(values)
    first = min(count, max(3, min(model.lookback_, count // 4)))  # forecasts from less history are often wrong
    cutoffs = np.arange(first, count)
    if len(cutoffs) == 0:
        return np.full(count, np.nan), _empty(count)
    parts = [_one_step(model, panel, series, cutoffs[i : i + _BATCH]) for i in range(0, len(cutoffs), _BATCH)]
    prediction = Prediction.concatenate([_empty(first), *parts])
    middle, low, high = prediction.mean[:, 0], prediction.low[_LEVEL][:, 0], prediction.high[_LEVEL][:, 0]
    side = np.where(values > middle, high - middle, middle - low)
    least = 1e-9 * np.maximum(1.0, np.abs(middle))
    return np.abs(values - middle) / np.maximum(side, least), prediction


def _one_step(model: FittedForecaster, panel: Panel, series: int, cutoffs: np.ndarray) -> Prediction:
    """Forecast the step after each cutoff of a series."""
    prediction = forecast_cutoffs(model, panel, np.full(len(cutoffs), series), cutoffs, horizon=1)
    if _LEVEL not in prediction.low:
        raise SettingError(
            f"anomalies are judged by the {_LEVEL} % interval; this model has level={tuple(prediction.low)}."
            f" Fit it with {_LEVEL} among them."
        )
    return prediction.with_levels((_LEVEL,))


def _empty(count: int) -> Prediction:
    nan = np.full((count, 1), np.nan)
    return Prediction(mean=nan, low={_LEVEL: nan}, high={_LEVEL: nan})


def threshold_of(scores: np.ndarray, rate: float) -> float:
    """Return the score exceeded by a share ``rate`` of normal points.

    Parameters
    ----------
    scores : array, (n,)
        Scores of normal points.
    rate : float
        The share.

    Returns
    -------
    float
        The empirical quantile if at least 20 scores are beyond it, else that of a generalised Pareto tail.

    References
    ----------
    Siffer et al. 2017, "Anomaly detection in streams with extreme value theory", eq. 1; Hosking and Wallis 1987 for the fit.

    Examples
    --------
    >>> normal = np.abs(np.random.default_rng(0).normal(size=100_000))
    >>> round(threshold_of(normal, 0.05), 1), bool(abs(threshold_of(normal, 1e-5) - 4.42) < 0.4)
    (2.0, True)
    """
    if len(scores) < _FEWEST:
        raise DataError(f"A threshold needs {_FEWEST} scores of normal points; there are {len(scores)}. Give longer series: normal=….")
    if rate * len(scores) >= 20:
        return float(np.quantile(scores, 1 - rate))
    share = max(_TAIL, 20 / len(scores))
    begin = float(np.quantile(scores, 1 - share))
    excess = np.sort(scores[scores > begin] - begin)
    if len(excess) < 2 or excess[-1] <= 0:
        return float(scores.max())
    shape, scale = pareto_tail(excess)
    odds = rate * len(scores) / len(excess)
    return begin + (scale * (odds**-shape - 1) / shape if abs(shape) > 1e-6 else -scale * np.log(odds))


def pareto_tail(excess: np.ndarray) -> tuple[float, float]:
    """Return shape and scale of sorted excesses by probability-weighted moments; the shape is bounded by ±0.5, where these are stable."""
    count = len(excess)
    mean = float(excess.mean())
    weighted = float(np.mean(excess * (1 - (np.arange(1, count + 1) - 0.35) / count)))
    shape = float(np.clip(2 - mean / max(mean - 2 * weighted, 1e-12 * mean), -0.5, 0.5))
    return shape, mean * (1 - shape)
