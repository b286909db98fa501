"""The task of a Forecaster: the last steps of each series. Who can take part, and how forecasts are judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from elman import baselines
from elman.comparison.candidate import Candidate, networks
from elman.errors import DataError, SettingError
from elman.estimators import Forecaster
from elman.evaluation.cutoffs import forecast_cutoffs, truncate
from elman.leakage import overlap as leaks
from elman.leakage.alarm import Alarm
from elman.metrics.forecasts import mase, naive_scale
from elman.metrics.measure import Judgement, Measure
from elman.timeseries.panel import OneSeries, Panel
from elman.timeseries.read import read_panel


class ForecasterTask:
    """Series whose last ``horizon`` steps are hidden; nothing after the cut is seen by anyone.

    Parameters
    ----------
    estimator : Forecaster
        Unfitted, as the caller gave it.
    data : array, list of arrays, data frame, Arrow table or Series
        As ``fit`` takes it.
    random_state : int
        Seed of the shuffling.
    """

    kind = "forecast"
    unit = "series"
    measure = Measure(name="MASE", higher_is_better=False)

    def __init__(self, estimator: Forecaster, data: Any, random_state: int) -> None:
        self.estimator, self.seed, self.horizon = estimator, random_state, estimator.horizon
        if isinstance(self.horizon, bool) or not isinstance(self.horizon, int | np.integer) or self.horizon < 1:
            raise SettingError(f"horizon must be a whole number from 1; got {self.horizon!r}.")
        self.panel = read_panel(data)
        self.whole = self.panel.series
        short = next((one for one in self.whole if len(one.values) < self.horizon + 4), None)
        if short is not None:
            raise DataError(
                f"series {short.name!r} has {len(short.values)} points; {self.horizon + 4} are needed to hide the last {self.horizon}."
            )
        self.ends = np.array([len(one.values) - self.horizon for one in self.whole])
        self.past = replace(self.panel, series=[truncate(one, int(end)) for one, end in zip(self.whole, self.ends, strict=True)])
        season: Any = estimator.season
        first = min(season) if isinstance(season, tuple | list) else season  # the measure scales by one cycle, the shortest
        self.season = int(baselines.SeasonalNaive(season=first).fit(self.past).season_)
        if not any(naive_scale(one.values, self.season) > 0 for one in self.past.series):
            raise DataError(
                "no series varies before its last steps, so MASE, the error in units of that of the naive forecast, is not defined."
                " Leave constant series out."
            )

    @property
    def parts(self) -> Any:
        """The rows on either side are the series themselves."""
        return self

    @property
    def train_x(self) -> list[OneSeries]:
        """Every series is learned from, up to the cut."""
        return self.whole

    @property
    def test_x(self) -> list[OneSeries]:
        """And judged after it."""
        return self.whole

    def candidates(self) -> list[Candidate]:
        """Return who can do this task."""
        season = self.season

        def simple(name: str, label: str, rank: int, make: Callable[[], Any]) -> Candidate:
            return Candidate(name=name, label=label, kind="simple", rank=rank, make=make)

        results = [
            simple("naive", "the last value", 0, lambda: baselines.Naive(season=season)),
            simple("seasonal_naive", "the value one season ago", 0, lambda: baselines.SeasonalNaive(season=season)),
            simple("drift", "the last value along the mean slope", 1, lambda: baselines.Drift(season=season)),
            simple("linear", "linear map of the last steps", 3, lambda: baselines.LinearForecaster(season=season)),
        ]
        results = results if season > 1 else [one for one in results if one.name != "seasonal_naive"]
        if self.estimator.model == "autoregressive":  # value after value: only a recurrence goes on
            others = networks(self.estimator, {}, "lstm")
            return [*results, *(one for one in others if one.name not in ("cnn", "untied"))]
        single = {"model": "direct"}
        return [*results, *networks(self.estimator, single, "gru", fixed="window", fixed_label="a layer over the last segments")]

    def fit(self, estimator: Any, candidate: Candidate) -> Any:
        """Let one learn from everything before the cut."""
        estimator.fit(self._shuffled() if candidate.shuffles else self.past)
        if isinstance(estimator, baselines.SeriesBaseline):
            estimator.predict(self.horizon)  # a linear map is solved when its horizon is first asked for
        return estimator

    def _shuffled(self) -> Panel:
        """The past with its values and covariates in another order."""
        random = np.random.default_rng(self.seed)
        series = []
        for one in self.past.series:
            order = random.permutation(len(one.values))
            columns = {name: column[order] for name, column in one.columns.items()}
            series.append(replace(one, values=one.values[order], columns=columns))
        return replace(self.past, series=series)

    def judge(self, estimator: Any, candidate: Candidate) -> Judgement:  # noqa: ARG002  # one signature for all tasks
        """Compare its forecast with the true values."""
        means = self._forecasts(estimator, np.arange(len(self.whole)))
        rows = zip(means, self.whole, self.past.series, strict=True)
        errors = np.array([mase(one.values[-self.horizon :], mean, past.values, self.season) for mean, one, past in rows])
        finite = np.isfinite(errors)
        return Judgement(over=np.where(finite, errors, 0.0), under=finite.astype(float))

    def _forecasts(self, estimator: Any, rows: np.ndarray) -> np.ndarray:
        """Forecasts from the cut on, (n, horizon)."""
        return forecast_cutoffs(estimator, self.panel, rows, self.ends[rows], horizon=self.horizon, level=()).mean

    def ask(self, estimator: Any) -> Callable[[int], Any]:
        """Return how one series alone is forecast."""
        return lambda row: self._forecasts(estimator, np.array([row]))

    def lengths(self) -> np.ndarray | None:
        """Return how long each series was up to the cut."""
        return self.ends

    def content(self) -> Any:
        """Return the data that decide the results beside the settings."""
        return self.kind, [(one.name, one.values) for one in self.whole]

    def alarms(self) -> list[Alarm]:
        """Look for leaks: the same series twice."""
        seen, again = set(), []
        for one in self.whole:
            digest = leaks.key(one.values)
            again += [one.name] if digest in seen else []
            seen.add(digest)
        if not again:
            return []
        text = f"{len(again)} of {len(self.whole)} series repeat another one"
        return [Alarm(kind="duplicates", text=text, advice="They count twice; keep one of each.", evidence=tuple(map(str, again[:3])))]

    def notes(self) -> list[str]:
        """Return remarks that limit the conclusions."""
        if len(self.whole) < 5:
            return [f"Intervals draw whole series again, and there are {len(self.whole)} only: hardly any difference can show."]
        return []
