"""Anomalies: how surprising each point of a series is to a forecaster that knows only what came before it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from elman.errors import DataError, NotFittedError, SettingError
from elman.evaluation.cutoffs import forecasts
from elman.forecasting.forecast import frame_of
from elman.timeseries import plotting as drawing
from elman.timeseries.prediction import Prediction
from elman.timeseries.read import OneSeries, Panel, read_panel

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

_LEVEL = 80
"""The interval whose half is the unit of scores."""
_TOGETHER = 4096
"""Points judged in one call of the model."""
_TAIL = 0.05
"""Share of the calibrating scores that the tail is fitted to, at most."""
_FEWEST = 100
"""Fewer calibrating scores cannot carry a threshold."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Anomalies:
    """How surprising each point is.

    Attributes
    ----------
    panel : Panel
        The series.
    all_scores : list of array, (T,) each
        Distance of each point from the median forecast of one step, in halves of the 80 % interval on its side; NaN at the
        beginning and where a value is unknown.
    all_said : list of Said
        The one-step forecasts, NaN at the beginning.
    threshold : float
        Scores above it are flagged.
    rate : float
        Share of normal points that is flagged by mistake.
    """

    panel: Panel
    all_scores: list[np.ndarray]
    all_said: list[Prediction]
    threshold: float
    rate: float

    @property
    def scores(self) -> Any:
        """Scores: an array for one series, else a list of arrays."""
        return self.all_scores[0] if len(self.all_scores) == 1 else self.all_scores

    @property
    def flags(self) -> Any:
        """Which points are anomalies: an array for one series, else a list of arrays."""
        found = [self.flags_of(series) for series in range(len(self.all_scores))]
        return found[0] if len(found) == 1 else found

    def flags_of(self, series: int) -> np.ndarray:
        """Return which points of one series are anomalies, (T,)."""
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
            By default the kind of the data given.

        Returns
        -------
        data frame
            Columns unique_id, ds, y, expected, low, high (of the 80 % interval), score, anomaly.
        """
        columns: dict[str, list[Any]] = {name: [] for name in ("unique_id", "ds", "y", "expected", "low", "high", "score", "anomaly")}
        for i, one in enumerate(self.panel.series):
            said = self.all_said[i]
            parts = (one.values, said.mean[:, 0], said.low[_LEVEL][:, 0], said.high[_LEVEL][:, 0], self.all_scores[i])
            columns["unique_id"] += [one.name] * len(one.values)
            columns["ds"] += list(one.stamps)
            for name, values in zip(("y", "expected", "low", "high", "score"), parts, strict=True):
                columns[name] += values.tolist()
            columns["anomaly"] += self.flags_of(i).tolist()
        return frame_of(columns, kind, self.panel.like)

    def __str__(self) -> str:
        """Return how many points are flagged, and how many of them are to be expected by mistake."""
        judged = sum(int(np.isfinite(s).sum()) for s in self.all_scores)
        flagged = sum(int(self.flags_of(i).sum()) for i in range(len(self.all_scores)))
        return (
            f"{flagged:,} of {judged:,} points score above {self.threshold:.3g}; about {self.rate * judged:.1f} would if all were as those"
            " learnt from."
        )

    def plot(self, series: int = 0, *, axes: Any = None, dark: bool | None = None) -> Any:
        """Draw a series with the interval expected at each point, and mark its anomalies.

        Parameters
        ----------
        series : int, default 0
            Which series.
        axes : matplotlib axes, optional
            Where to draw; a new figure by default.
        dark : bool, optional
            Light lines on a dark ground; by default as matplotlib's style is.

        Returns
        -------
        matplotlib axes
            The axes drawn on.
        """
        one, said, flags = self.panel.series[series], self.all_said[series], self.flags_of(series)
        canvas = drawing.canvas(axes, "plot anomalies", dark=dark)
        canvas.history(one.stamps, one.values, str(one.name))
        canvas.band(one.stamps, said.low[_LEVEL][:, 0], said.high[_LEVEL][:, 0], f"{_LEVEL} % expected")
        stamps = [stamp for stamp, flag in zip(one.stamps, flags, strict=True) if flag]
        canvas.marks(stamps, one.values[flags], f"{len(stamps)} anomalies")
        return canvas.done()


def anomalies(model: Any, data: Any, *, rate: float = 0.001, normal: Any = None) -> Anomalies:
    """Score every point by how far it lies from what a fitted forecaster expected one step before.

    The threshold comes from the scores of series that are taken as normal: their empirical quantile where there are enough
    of them, beyond that a generalised Pareto tail (as SPOT does; Siffer et al. 2017).

    Parameters
    ----------
    model : Forecaster or baseline
        Fitted; one with an interval of 80 % among its levels.
    data : as :meth:`elman.Forecaster.fit` takes
        The series to judge.
    rate : float, default 0.001
        Share of normal points that may be flagged by mistake.
    normal : optional
        Series to take the threshold from; those of ``fit`` by default.

    Returns
    -------
    Anomalies
        ``scores``, ``threshold``, ``flags``, ``to_frame()``, ``plot()``.

    Examples
    --------
    >>> from elman.baselines import LinearForecaster
    >>> noise = np.random.default_rng(0).normal(size=1200)
    >>> noise[1100] = 9.0
    >>> found = anomalies(LinearForecaster().fit(noise[:1000]), noise, rate=1e-5)
    >>> np.flatnonzero(found.flags).tolist()
    [1100]
    """
    if not 0 < rate < 0.5:
        raise SettingError(f"rate must be a share between 0 and 0.5; got {rate!r}.")
    if not hasattr(model, "panel_"):
        raise NotFittedError(f"This {type(model).__name__} is not fitted yet. Call fit(series) first.")
    panel = read_panel(data)
    calm = model.panel_ if normal is None else read_panel(normal)
    known = np.concatenate([scored(model, calm, row)[0] for row in range(len(calm.series))])
    threshold = threshold_of(known[np.isfinite(known)], rate)
    found = [scored(model, panel, row) for row in range(len(panel.series))]
    return Anomalies(panel=panel, all_scores=[f[0] for f in found], all_said=[f[1] for f in found], threshold=threshold, rate=rate)


def scored(model: Any, panel: Panel, row: int) -> tuple[np.ndarray, Prediction]:
    """Return the scores (T,) of one series and the one-step forecasts (T, 1) they were judged by.

    Parameters
    ----------
    model : Forecaster or baseline
        Fitted.
    panel : Panel
        The series.
    row : int
        Which of them.

    Returns
    -------
    scores, said
        NaN before there is enough history to say anything.
    """
    one = panel.series[row]
    count = len(one.values)
    first = min(count, max(3, min(_reach(model), count // 4)))  # with less before it than it reads, a model is often wrong
    ends = np.arange(first, count)
    if len(ends) == 0:
        return np.full(count, np.nan), _said_nothing(count)
    parts = [_one_step(model, panel, one, row, ends[i : i + _TOGETHER]) for i in range(0, len(ends), _TOGETHER)]
    said = Prediction.joined([_said_nothing(first), *parts])
    middle, low, high = said.mean[:, 0], said.low[_LEVEL][:, 0], said.high[_LEVEL][:, 0]
    side = np.where(one.values > middle, high - middle, middle - low)
    least = 1e-9 * np.maximum(1.0, np.abs(middle))
    return np.abs(one.values - middle) / np.maximum(side, least), said


def _one_step(model: Any, panel: Panel, one: OneSeries, row: int, ends: np.ndarray) -> Prediction:
    """What the model says of the next step after each end."""
    from elman.baselines import SeriesBaseline

    rows = np.full(len(ends), row)
    if isinstance(model, SeriesBaseline):
        said = forecasts(model, panel, rows, ends, horizon=1, level=(_LEVEL,))
    else:
        said = forecasts(model, _with_room(panel, one, row, int(model.horizon)), rows, ends)
    if _LEVEL not in said.low:
        raise SettingError(
            f"anomalies are judged by the {_LEVEL} % interval; this model has level={tuple(said.low)}. Fit it with {_LEVEL} among them."
        )
    return Prediction(mean=said.mean[:, :1], low={_LEVEL: said.low[_LEVEL][:, :1]}, high={_LEVEL: said.high[_LEVEL][:, :1]})


def _with_room(panel: Panel, one: OneSeries, row: int, horizon: int) -> Panel:
    """Let the series go on for a horizon, for models that read the calendar or covariates of it: only the next step is looked at."""
    if horizon == 1:
        return panel
    stamps = [*one.stamps, *panel.frequency.following(one.stamps[-1], horizon)]
    columns = {name: np.concatenate([column, np.repeat(column[-1:], horizon)]) for name, column in one.columns.items()}
    longer = replace(one, stamps=stamps, values=np.concatenate([one.values, np.full(horizon, np.nan)]), columns=columns)
    return replace(panel, series=[*panel.series[:row], longer, *panel.series[row + 1 :]])


def _said_nothing(count: int) -> Prediction:
    nothing = np.full((count, 1), np.nan)
    return Prediction(mean=nothing, low={_LEVEL: nothing}, high={_LEVEL: nothing})


def _reach(model: Any) -> int:
    """Steps that a forecast looks back."""
    windows = getattr(model, "windows_", None)
    if windows is not None:
        return int(windows.context) + int(windows.season)
    return int(getattr(model, "context_", 0)) + int(getattr(model, "season_", 1))


def threshold_of(scores: np.ndarray, rate: float) -> float:
    """Return the score that a share ``rate`` of normal points exceeds.

    Parameters
    ----------
    scores : array, (n,)
        Scores of normal points.
    rate : float
        The share.

    Returns
    -------
    float
        The empirical quantile where at least 20 scores lie beyond it, else the point of a generalised Pareto tail.

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
    """Return shape and scale of sorted excesses by probability-weighted moments; a shape within ±0.5, where these are steady."""
    count = len(excess)
    mean = float(excess.mean())
    weighted = float(np.mean(excess * (1 - (np.arange(1, count + 1) - 0.35) / count)))
    shape = float(np.clip(2 - mean / max(mean - 2 * weighted, 1e-12 * mean), -0.5, 0.5))
    return shape, mean * (1 - shape)
