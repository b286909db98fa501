"""Backtest: a forecaster evaluated at cutoffs in the past, beside naive forecasts, with a verdict."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from sklearn.base import clone

from elman.errors import SettingError
from elman.evaluation.cutoffs import Cutoffs, forecast_cutoffs, past_panel, plan_cutoffs, true_values, usable_series
from elman.evaluation.persistence import Persistence, is_persistence
from elman.evaluation.verdict import Verdict, judge
from elman.forecasting.forecast import to_frame
from elman.metrics.forecasts import bootstrap, coverage, crps, mae, naive_scale, owa, smape
from elman.timeseries import plotting
from elman.timeseries.prediction import Prediction
from elman.timeseries.read import Panel, read_panel

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

_LAGS = 3
OURS = "elman"


@dataclass(frozen=True, kw_only=True, eq=False)
class Backtest:
    """Forecasts of a model and of naive forecasts from cutoffs in the past, with the true values.

    Attributes
    ----------
    panel : Panel
        The series.
    cutoffs : Cutoffs
        Series and positions of the m forecasts.
    truth : array, (m, horizon)
        True values, NaN where unknown.
    predictions : dict of str to Prediction
        Forecasts by name; "elman" is the model.
    season : int
        Steps of the cycle, for MASE and the seasonal forecasts.
    step : int
        Steps between windows.
    seconds : dict of str to float
        Time for fitting and forecasting.
    """

    panel: Panel
    cutoffs: Cutoffs
    truth: np.ndarray
    predictions: dict[str, Prediction]
    season: int
    step: int
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def horizon(self) -> int:
        """Steps of a forecast."""
        return self.truth.shape[1]

    @cached_property
    def errors(self) -> dict[str, dict[str, np.ndarray]]:
        """Errors (m,) of every forecast by measure: MAE, sMAPE, MASE, RMSSE, CRPS (scaled as MASE), coverage-LEVEL."""
        scale, square = self._scales
        errors = {}
        for name, prediction in self.predictions.items():
            squares = (
                np.nanmean((self.truth - prediction.mean) ** 2, axis=1, where=~np.isnan(self.truth)) if len(self.truth) else np.zeros(0)
            )
            error = mae(self.truth, prediction.mean)
            errors[name] = {
                "MAE": error,
                "sMAPE": smape(self.truth, prediction.mean),
                "MASE": error / scale,
                "RMSSE": np.sqrt(squares / square),
                "CRPS": crps(self.truth, _quantiles(prediction)) / scale,
            } | {f"coverage-{k}": coverage(self.truth, prediction.low[k], prediction.high[k]) for k in sorted(prediction.low)}
        return errors

    @property
    def _pairs(self) -> list[tuple[int, int]]:
        return list(zip(self.cutoffs.series.tolist(), self.cutoffs.positions.tolist(), strict=True))

    @cached_property
    def _scales(self) -> tuple[np.ndarray, np.ndarray]:
        """Naive errors of the history before each cutoff, absolute and squared."""
        histories = [self.panel.series[row].values[:end] for row, end in self._pairs]
        return tuple(np.array([naive_scale(h, self.season, power) for h in histories]) for power in (1, 2))  # type: ignore[return-value]

    @property
    def table(self) -> dict[str, list[Any]]:
        """One row per forecast, best MASE first: means over all cutoffs, with the 95 % interval of MASE over series."""
        rows = []
        yardstick = {measure: self._mean("naive2", measure) for measure in ("sMAPE", "MASE")}
        for name, errors in self.errors.items():
            means = {measure: self._mean(name, measure) for measure in errors}
            interval = bootstrap(errors["MASE"], groups=self._groups)
            row = {"forecast": name, "MASE": means["MASE"], "MASE-low": interval.low, "MASE-high": interval.high}
            row |= {"sMAPE": means["sMAPE"], "OWA": owa(means["sMAPE"], means["MASE"], yardstick["sMAPE"], yardstick["MASE"])}
            row |= {measure: mean for measure, mean in means.items() if measure not in row}
            rows.append(row | {"seconds": self.seconds.get(name, np.nan)})
        rows.sort(key=lambda row: (np.isnan(row["MASE"]), row["MASE"]))
        return {column: [row[column] for row in rows] for column in rows[0]}

    def _mean(self, name: str, measure: str) -> float:
        values = self.errors[name][measure]
        values = values[np.isfinite(values)]
        return float(values.mean()) if len(values) else np.nan

    @property
    def _groups(self) -> np.ndarray:
        """Groups of the bootstrap: series, or the moments of a single series."""
        return self.cutoffs.series if len(np.unique(self.cutoffs.series)) > 1 else self.moments

    @property
    def moments(self) -> np.ndarray:
        """Number of the period of each cutoff, (m,): windows with overlapping horizons share one."""
        return self.cutoffs.windows * self.step // max(self.horizon, self.step)

    @cached_property
    def verdict(self) -> Verdict:
        """Which forecast to use, by MASE, with the evidence."""
        return judge({name: errors["MASE"] for name, errors in self.errors.items()}, OURS, self.cutoffs.series, self.moments)

    @cached_property
    def persistence(self) -> Persistence:
        """Whether the model's forecasts of one step repeat the last value."""
        series, positions = self.cutoffs.series, self.cutoffs.positions
        late = np.flatnonzero(positions >= _LAGS)
        pairs = zip(series[late], positions[late], strict=True)
        before = [self.panel.series[row].values[end - _LAGS : end][::-1] for row, end in pairs]
        lagged = np.stack(before) if before else np.zeros((0, _LAGS))
        return is_persistence(self.predictions[OURS].mean[late, 0], self.truth[late, 0], lagged, scale=self._scales[0][late])

    def scores(self, kind: str | None = None) -> Any:
        """Return ``table`` as a data frame.

        Parameters
        ----------
        kind : {"pandas", "polars", "pyarrow"}, optional
            By default the kind of the data given.

        Returns
        -------
        data frame
            Columns forecast, MASE, MASE-low, MASE-high, sMAPE, OWA, MAE, RMSSE, CRPS, coverage-LEVEL, seconds.
        """
        return to_frame(self.table, kind, self.panel.like)

    @overload
    def to_frame(self, kind: Literal["pandas"]) -> pandas.DataFrame: ...
    @overload
    def to_frame(self, kind: Literal["polars"]) -> polars.DataFrame: ...
    @overload
    def to_frame(self, kind: Literal["pyarrow"]) -> pyarrow.Table: ...
    @overload
    def to_frame(self, kind: None = None) -> Any: ...
    def to_frame(self, kind: str | None = None) -> Any:
        """Return every forecast beside the true values.

        Parameters
        ----------
        kind : {"pandas", "polars", "pyarrow"}, optional
            By default the kind of the data given.

        Returns
        -------
        data frame
            Columns unique_id, ds, cutoff (the last stamp before the forecast), y, one for each forecast, elman-lo-LEVEL, elman-hi-LEVEL.
        """
        observed = ~np.isnan(self.truth)
        columns: dict[str, list[Any]] = {"unique_id": [], "ds": [], "cutoff": []}
        for i, (row, end) in enumerate(self._pairs):
            one, steps = self.panel.series[row], np.flatnonzero(observed[i])
            columns["unique_id"] += [one.name] * len(steps)
            columns["ds"] += [one.stamps[end + k] for k in steps]
            columns["cutoff"] += [one.stamps[end - 1]] * len(steps)
        columns["y"] = self.truth[observed].tolist()
        columns |= {name: prediction.mean[observed].tolist() for name, prediction in self.predictions.items()}
        for level in sorted(self.predictions[OURS].low):
            columns[f"{OURS}-lo-{level}"] = self.predictions[OURS].low[level][observed].tolist()
            columns[f"{OURS}-hi-{level}"] = self.predictions[OURS].high[level][observed].tolist()
        return to_frame(columns, kind, self.panel.like)

    def __str__(self) -> str:
        """Return the table, the verdict, and a warning of persistence."""
        table = self.table
        shown = [column for column in table if column not in ("MASE-low", "MASE-high")]
        cells = [shown] + [[_cell(table[c][i]) for c in shown] for i in range(len(table["forecast"]))]
        widths = [max(len(row[i]) for row in cells) for i in range(len(shown))]
        lines = ["  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(r, widths, strict=True))) for r in cells]
        return "\n".join([*lines, "", str(self.verdict), *([str(self.persistence)] if self.persistence.detected else [])])

    def plot(self, series: int = 0, *, axes: Any = None, dark: bool | None = None) -> Any:
        """Plot a series, the model's forecasts with their intervals, and the best naive forecast.

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
        at = np.flatnonzero(self.cutoffs.series == series)
        if not len(at):
            raise SettingError(f"series must be the number of one that was forecast; got {series!r} of {len(self.panel.series)}.")
        one = self.panel.series[series]
        canvas = plotting.canvas(axes, "plot a backtest", dark=dark)
        first, against = max(0, int(self.cutoffs.positions[at].min()) - 3 * self.horizon), self.verdict.against
        canvas.history(one.stamps[first:], one.values[first:], str(one.name))
        for n, i in enumerate(at):
            end = int(self.cutoffs.positions[i])
            stamps = one.stamps[end : end + self.horizon]
            canvas.fan(stamps, self.predictions[OURS], i, named=n == 0)
            canvas.line(stamps, self.predictions[against].mean[i][: len(stamps)], "other", against if n == 0 else None)
        return canvas.done(str(self.verdict))


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else "-" if np.isnan(value) else f"{value:.4g}" if abs(value) < 1e5 else f"{value:.3g}"


def _quantiles(prediction: Prediction) -> dict[float, np.ndarray]:
    outer = {k: (1 - k / 100) / 2 for k in prediction.low}
    low = {outer[k]: values for k, values in prediction.low.items()}
    return {**low, 0.5: prediction.mean, **{1 - outer[k]: values for k, values in prediction.high.items()}}


def backtest(
    model: Any,
    data: Any,
    *,
    horizon: int | None = None,
    windows: int = 5,
    step: int | None = None,
    refit: bool | int = False,
    others: Mapping[str, Any] | None = None,
) -> Backtest:
    """Evaluate a model at cutoffs in the past: fit on the values before a cutoff, forecast, compare with the values after it.

    Everything that is fitted (the model, its scales and settings, the naive forecasts, the season) is fitted on values
    before the cutoff; series with times are cut at the same moments.

    Parameters
    ----------
    model : Forecaster, series baseline, or any estimator with ``fit(panel)`` and ``predict(panel)``
        Copied, never changed.
    data : as :meth:`elman.Forecaster.fit` takes
        The series.
    horizon : int, optional
        Steps to forecast; the model's own by default. Baselines have none.
    windows : int, default 5
        Number of cutoffs in time.
    step : int, optional
        Steps between cutoffs; a horizon by default, so that windows do not overlap.
    refit : bool or int, default False
        Fit again at every window, or at every so many; False fits once, before the first.
    others : mapping of str to estimator, optional
        Baselines to compare with; by default naive, seasonal naive, drift, linear and M4's Naive2.

    Returns
    -------
    Backtest
        ``table``, ``verdict``, ``persistence``, ``to_frame()``, ``plot()``; printable.

    Examples
    --------
    >>> from elman.baselines import Theta
    >>> result = backtest(Theta(season=1), np.arange(40.0), horizon=3, windows=2)
    >>> list(result.predictions)
    ['elman', 'naive', 'drift', 'linear', 'naive2']
    """
    panel = read_panel(data)
    horizon = _horizon(model, horizon)
    step = horizon if step is None else step
    cutoffs = plan_cutoffs(panel, horizon, windows, step)
    every = _windows_per_fit(refit, windows)
    season, baselines = _baselines(usable_series(past_panel(panel, cutoffs, 0), 2), others)
    parts: dict[str, list[Prediction]] = {name: [] for name in (OURS, *baselines)}
    seconds = dict.fromkeys(parts, 0.0)
    level: Sequence[int] | None = None
    for start in range(0, windows, every):
        past = usable_series(past_panel(panel, cutoffs, start), 2)
        at = cutoffs.of(np.arange(start, min(start + every, windows)))
        for name, estimator in {OURS: model, **baselines}.items():
            begin = time.perf_counter()
            copy: Any = clone(estimator)
            fitted = copy.fit(past)
            prediction = forecast_cutoffs(fitted, panel, cutoffs.series[at], cutoffs.positions[at], horizon=horizon, level=level)
            seconds[name] += time.perf_counter() - begin
            parts[name].append(prediction)
            level = tuple(parts[OURS][0].low)  # the model comes first, and the baselines get its intervals
    predictions = {name: Prediction.concatenate(part) for name, part in parts.items()}
    truth = true_values(panel, cutoffs, horizon)
    return Backtest(panel=panel, cutoffs=cutoffs, truth=truth, predictions=predictions, season=season, step=step, seconds=seconds)


def _horizon(model: Any, horizon: int | None) -> int:
    if horizon is None:
        horizon = getattr(model, "horizon", None)
    if isinstance(horizon, bool) or not isinstance(horizon, int | np.integer) or horizon < 1:
        raise SettingError(f"horizon must be a whole number from 1; got {horizon!r}. Pass it: backtest(model, data, horizon=…).")
    return int(horizon)


def _windows_per_fit(refit: bool | int, windows: int) -> int:
    if isinstance(refit, bool):
        return 1 if refit else windows
    if isinstance(refit, int) and refit >= 1:
        return refit
    raise SettingError(f"refit must be True, False or a number of windows from 1; got {refit!r}.")


def _baselines(past: Panel, others: Mapping[str, Any] | None) -> tuple[int, dict[str, Any]]:
    """Return the season of the past, and the baselines with it; Naive2 is always among them, for OWA."""
    from elman.baselines import Drift, LinearForecaster, Naive, Naive2, SeasonalNaive

    season = SeasonalNaive().fit(past).season_
    baselines = dict(others) if others is not None else {
        "naive": Naive(season=season), "seasonal naive": SeasonalNaive(season=season),
        "drift": Drift(season=season), "linear": LinearForecaster(season=season),
    }  # fmt: skip
    if season == 1:
        baselines.pop("seasonal naive", None)
    return season, {**baselines, "naive2": Naive2(season=season)}
