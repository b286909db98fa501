"""Backtest: a forecaster walked forward through the past, beside the simple forecasts, with a verdict."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from elman.errors import SettingError
from elman.evaluation.cutoffs import Cutoffs, forecasts, known_series, past_of, plan_cuts, truth_of
from elman.evaluation.persistence import Yesterday, is_persistence
from elman.evaluation.verdict import Verdict, judge
from elman.forecasting.forecast import frame_of
from elman.metrics.forecasts import bootstrap, coverage, crps, mae, naive_scale, owa, smape
from elman.timeseries import plotting as drawing
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
    """What was forecast at places in the past, by the model and by the simple forecasts, and what came.

    Attributes
    ----------
    panel : Panel
        The series.
    cuts : Cuts
        From where was forecast.
    truth : array, (m, horizon)
        What came, NaN where unknown.
    said : dict of str to Said
        Forecasts by name; "elman" is the model.
    season : int
        Steps of the cycle that MASE and the seasonal forecasts use.
    step : int
        Steps between windows.
    seconds : dict of str to float
        Time for fitting and forecasting.
    """

    panel: Panel
    cuts: Cutoffs
    truth: np.ndarray
    said: dict[str, Prediction]
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
        found = {}
        for name, said in self.said.items():
            squares = np.nanmean((self.truth - said.mean) ** 2, axis=1, where=~np.isnan(self.truth)) if len(self.truth) else np.zeros(0)
            error = mae(self.truth, said.mean)
            found[name] = {
                "MAE": error,
                "sMAPE": smape(self.truth, said.mean),
                "MASE": error / scale,
                "RMSSE": np.sqrt(squares / square),
                "CRPS": crps(self.truth, _quantiles(said)) / scale,
            } | {f"coverage-{k}": coverage(self.truth, said.low[k], said.high[k]) for k in sorted(said.low)}
        return found

    @cached_property
    def _scales(self) -> tuple[np.ndarray, np.ndarray]:
        """Naive errors of the history before each cut, absolute and squared."""
        histories = [self.panel.series[row].values[:end] for row, end in zip(self.cuts.rows, self.cuts.ends, strict=True)]
        return tuple(np.array([naive_scale(h, self.season, power) for h in histories]) for power in (1, 2))  # type: ignore[return-value]

    @property
    def table(self) -> dict[str, list[Any]]:
        """One row a forecast, best MASE first: means over all cuts, with the 95 % interval of MASE over series."""
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
        known = np.isfinite(values)
        return float(values[known].mean()) if known.any() else np.nan

    @property
    def _groups(self) -> np.ndarray:
        """What is drawn anew for an interval: series, or of one series the moments."""
        return self.cuts.rows if len(np.unique(self.cuts.rows)) > 1 else self.moments

    @property
    def moments(self) -> np.ndarray:
        """Number of the stretch of time of each cut, (m,): windows whose horizons overlap share one."""
        return self.cuts.windows * self.step // max(self.horizon, self.step)

    @cached_property
    def verdict(self) -> Verdict:
        """Which forecast to use, by MASE, with the evidence."""
        return judge({name: errors["MASE"] for name, errors in self.errors.items()}, OURS, self.cuts.rows, self.moments)

    @cached_property
    def yesterday(self) -> Yesterday:
        """Whether the model's forecasts of one step are the last value, said again."""
        late = np.flatnonzero(self.cuts.ends >= _LAGS)
        before = [self.panel.series[r].values[e - _LAGS : e][::-1] for r, e in zip(self.cuts.rows[late], self.cuts.ends[late], strict=True)]
        lagged = np.stack(before) if before else np.zeros((0, _LAGS))
        return is_persistence(self.said[OURS].mean[late, 0], self.truth[late, 0], lagged, scale=self._scales[0][late])

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
        return frame_of(self.table, kind, self.panel.like)

    @overload
    def to_frame(self, kind: Literal["pandas"]) -> pandas.DataFrame: ...
    @overload
    def to_frame(self, kind: Literal["polars"]) -> polars.DataFrame: ...
    @overload
    def to_frame(self, kind: Literal["pyarrow"]) -> pyarrow.Table: ...
    @overload
    def to_frame(self, kind: None = None) -> Any: ...
    def to_frame(self, kind: str | None = None) -> Any:
        """Return every forecast beside what came.

        Parameters
        ----------
        kind : {"pandas", "polars", "pyarrow"}, optional
            By default the kind of the data given.

        Returns
        -------
        data frame
            Columns unique_id, ds, cutoff (the last stamp known), y, one for each forecast, elman-lo-LEVEL, elman-hi-LEVEL.
        """
        known = ~np.isnan(self.truth)
        columns: dict[str, list[Any]] = {"unique_id": [], "ds": [], "cutoff": []}
        for i, (row, end) in enumerate(zip(self.cuts.rows, self.cuts.ends, strict=True)):
            one, steps = self.panel.series[row], np.flatnonzero(known[i])
            columns["unique_id"] += [one.name] * len(steps)
            columns["ds"] += [one.stamps[end + k] for k in steps]
            columns["cutoff"] += [one.stamps[end - 1]] * len(steps)
        columns["y"] = self.truth[known].tolist()
        columns |= {name: said.mean[known].tolist() for name, said in self.said.items()}
        for level in sorted(self.said[OURS].low):
            columns[f"{OURS}-lo-{level}"] = self.said[OURS].low[level][known].tolist()
            columns[f"{OURS}-hi-{level}"] = self.said[OURS].high[level][known].tolist()
        return frame_of(columns, kind, self.panel.like)

    def __str__(self) -> str:
        """Return the table, the verdict, and a warning where the forecast says yesterday."""
        table = self.table
        shown = [column for column in table if column not in ("MASE-low", "MASE-high")]
        cells = [shown] + [[_cell(table[c][i]) for c in shown] for i in range(len(table["forecast"]))]
        widths = [max(len(row[i]) for row in cells) for i in range(len(shown))]
        lines = ["  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(r, widths, strict=True))) for r in cells]
        return "\n".join([*lines, "", str(self.verdict), *([str(self.yesterday)] if self.yesterday.found else [])])

    def plot(self, series: int = 0, *, axes: Any = None, dark: bool | None = None) -> Any:
        """Draw a series, the model's forecasts with their intervals, and the best simple forecast.

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
        at = np.flatnonzero(self.cuts.rows == series)
        if not len(at):
            raise SettingError(f"series must be the number of one that was forecast; got {series!r} of {len(self.panel.series)}.")
        one = self.panel.series[series]
        canvas = drawing.canvas(axes, "plot a backtest", dark=dark)
        first, against = max(0, int(self.cuts.ends[at].min()) - 3 * self.horizon), self.verdict.against
        canvas.history(one.stamps[first:], one.values[first:], str(one.name))
        for n, i in enumerate(at):
            end = int(self.cuts.ends[i])
            stamps = one.stamps[end : end + self.horizon]
            canvas.fan(stamps, self.said[OURS], i, named=n == 0)
            canvas.line(stamps, self.said[against].mean[i][: len(stamps)], "other", against if n == 0 else None)
        return canvas.done(str(self.verdict))


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else "-" if np.isnan(value) else f"{value:.4g}" if abs(value) < 1e5 else f"{value:.3g}"


def _quantiles(said: Prediction) -> dict[float, np.ndarray]:
    outer = {k: (1 - k / 100) / 2 for k in said.low}
    low = {outer[k]: values for k, values in said.low.items()}
    return {**low, 0.5: said.mean, **{1 - outer[k]: values for k, values in said.high.items()}}


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
    """Walk a model forward through the past: fit on what was known, forecast, move on, compare with what came.

    Everything that is fitted (the model, its scales and settings, the simple forecasts, the season) is fitted on what
    precedes the cut; series with times are cut at the same moments.

    Parameters
    ----------
    model : Forecaster or any estimator with ``fit(panel)`` and ``predict(panel)``
        Copied, never changed.
    data : as :meth:`elman.Forecaster.fit` takes
        The series.
    horizon : int, optional
        Steps to forecast; the model's own by default.
    windows : int, default 5
        How many cuts in time.
    step : int, optional
        Steps between cuts; a horizon by default, so that windows do not overlap.
    refit : bool or int, default False
        Fit anew at every window, or at every so many; False fits once, before the first.
    others : mapping of str to estimator, optional
        Simple forecasts to are beside; by default naive, seasonal naive, drift, linear and M4's Naive2.

    Returns
    -------
    Backtest
        ``table``, ``verdict``, ``yesterday``, ``to_frame()``, ``plot()``; print it.
    """
    panel = read_panel(data)
    horizon = int(horizon if horizon is not None else model.horizon)
    step = horizon if step is None else step
    cuts = plan_cuts(panel, horizon, windows, step)
    if isinstance(refit, bool):
        every = 1 if refit else windows
    elif isinstance(refit, int) and refit >= 1:
        every = refit
    else:
        raise SettingError(f"refit must be True, False or a number of windows from 1; got {refit!r}.")
    first = known_series(past_of(panel, cuts, 0), 2)
    level = tuple(getattr(model, "level", (80, 95)))
    season, simple = _simple(first, others)
    said: dict[str, list[Prediction]] = {name: [] for name in (OURS, *simple)}
    seconds = dict.fromkeys(said, 0.0)
    for start in range(0, windows, every):
        past = known_series(past_of(panel, cuts, start), 2)
        at = cuts.of(np.arange(start, min(start + every, windows)))
        for name, estimator in {OURS: model, **simple}.items():
            options = {"horizon": horizon, "level": level} if _is_simple(estimator) else {}
            begun = time.perf_counter()
            fitted = _copy(estimator).fit(past)
            said[name].append(forecasts(fitted, panel, cuts.rows[at], cuts.ends[at], **options))
            seconds[name] += time.perf_counter() - begun
            level = tuple(said[OURS][0].low)  # the others answer with the intervals that ours has
    joined = {name: Prediction.joined(parts) for name, parts in said.items()}
    return Backtest(panel=panel, cuts=cuts, truth=truth_of(panel, cuts, horizon), said=joined, season=season, step=step, seconds=seconds)


def _simple(past: Panel, others: Mapping[str, Any] | None) -> tuple[int, dict[str, Any]]:
    """The season as it was known at first, and the simple forecasts with it; Naive2 is always there, for OWA."""
    from elman.baselines import Drift, LinearForecaster, Naive, Naive2, SeasonalNaive

    season = SeasonalNaive().fit(past).season_
    named = dict(others) if others is not None else {
        "naive": Naive(season=season), "seasonal naive": SeasonalNaive(season=season),
        "drift": Drift(season=season), "linear": LinearForecaster(season=season),
    }  # fmt: skip
    if season == 1:
        named.pop("seasonal naive", None)
    return season, {**named, "naive2": Naive2(season=season)}


def _is_simple(model: Any) -> bool:
    from elman.baselines import SeriesBaseline

    return isinstance(model, SeriesBaseline)


def _copy(estimator: Any) -> Any:
    from sklearn.base import clone

    return clone(estimator)
