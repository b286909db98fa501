"""The task of a Forecaster: the last steps of each series. Who can take part, and how forecasts are judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from elman import baselines
from elman.contest import leaks
from elman.contest.alarms import Alarm
from elman.contest.contestant import Contestant, networks
from elman.contest.measure import Judgement, Measure
from elman.errors import DataError, SettingError
from elman.estimators import Forecaster
from elman.estimators._panel import OneSeries, read_panel
from elman.estimators.series_metrics import mase


class Forecasting:
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
        if isinstance(self.horizon, bool) or not isinstance(self.horizon, int) or self.horizon < 1:
            raise SettingError(f"horizon must be a whole number from 1; got {self.horizon!r}.")
        self.whole = read_panel(data).series
        short = next((one for one in self.whole if len(one.values) < self.horizon + 4), None)
        if short is not None:
            raise DataError(
                f"series {short.name!r} has {len(short.values)} points; {self.horizon + 4} are needed to hide the last {self.horizon}."
            )
        self.history = _without_end(data, self.whole, self.horizon)
        self.past = [one.values[: -self.horizon] for one in self.whole]
        season: Any = estimator.season
        first = min(season) if isinstance(season, tuple | list) else season  # the measure scales by one cycle, the shortest
        self.season = int(baselines.SeasonalNaive(season=first).fit(self.history).season_)

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

    def roster(self) -> list[Contestant]:
        """Return who can do this task."""
        season = self.season

        def simple(name: str, label: str, rank: int, make: Callable[[], Any]) -> Contestant:
            return Contestant(name=name, label=label, kind="simple", rank=rank, make=make)

        found = [
            simple("naive", "the last value", 0, lambda: baselines.Naive(season=season)),
            simple("seasonal_naive", "the value one season ago", 0, lambda: baselines.SeasonalNaive(season=season)),
            simple("drift", "the last value along the mean slope", 1, lambda: baselines.Drift(season=season)),
            simple("linear", "linear map of the last steps", 3, lambda: baselines.LinearForecaster(season=season)),
        ]
        found = found if season > 1 else [one for one in found if one.name != "seasonal_naive"]
        if self.estimator.model == "autoregressive":  # value after value: only a recurrence goes on
            others = networks(self.estimator, {}, "lstm")
            return [*found, *(one for one in others if one.name not in ("cnn", "untied"))]
        single = {"model": "direct"}
        return [*found, *networks(self.estimator, single, "gru", fixed="window", fixed_label="a layer over the last segments")]

    def fit(self, estimator: Any, contestant: Contestant) -> Any:
        """Let one learn from everything before the cut."""
        random = np.random.default_rng(self.seed)
        history = [past[random.permutation(len(past))] for past in self.past] if contestant.shuffles else self.history
        estimator.fit(history)
        if not isinstance(estimator, Forecaster):
            estimator.predict(self.horizon)  # a linear map is solved when its horizon is first asked for
        return estimator

    def judge(self, estimator: Any, contestant: Contestant) -> Judgement:  # noqa: ARG002  # one signature for all tasks
        """Compare its forecast with what came."""
        forecast = estimator.predict() if isinstance(estimator, Forecaster) else estimator.predict(self.horizon)
        means = {one.name: mean for one, mean in zip(forecast.panel.series, forecast.mean, strict=True)}
        rows = zip(self._names(forecast), self.whole, self.past, strict=True)
        errors = np.array([mase(one.values[-self.horizon :], means[name], past, self.season) for name, one, past in rows])
        known = np.isfinite(errors)
        return Judgement(over=np.where(known, errors, 0.0), under=known.astype(float))

    def _names(self, forecast: Any) -> list[Any]:
        """What the forecast calls the series: a frame may name them in another order, arrays have their places."""
        own = [one.name for one in forecast.panel.series]
        names = [one.name for one in self.whole]
        return names if set(names) == set(own) else own

    def ask(self, estimator: Any) -> Callable[[int], Any]:
        """Return how one series alone is forecast."""
        if isinstance(estimator, Forecaster):
            return lambda row: estimator.predict(self.past[row])
        return lambda row: estimator.predict(self.horizon, self.past[row])

    def lengths(self) -> np.ndarray | None:
        """Return how long each series was up to the cut."""
        return np.array([len(past) for past in self.past])

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
        """Say what limits what can be concluded."""
        if len(self.whole) < 5:
            return [f"Intervals draw whole series again, and there are {len(self.whole)} only: hardly any difference can show."]
        return []


def _without_end(data: Any, series: list[OneSeries], horizon: int) -> Any:
    """The data as it was given, without the last steps of each series."""
    import narwhals as nw

    frame: Any = nw.from_native(data, pass_through=True)
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    if not isinstance(frame, nw.DataFrame) or "ds" not in frame.columns:
        if hasattr(data, "iloc"):
            return data.iloc[:-horizon]
        return [one.values[:-horizon] for one in series]
    names = frame["unique_id"].to_list() if "unique_id" in frame.columns else [series[0].name] * len(frame)
    stamps, counts = frame["ds"].to_list(), {one.name: len(one.values) - horizon for one in series}
    order = sorted(range(len(stamps)), key=lambda row: stamps[row])
    kept, seen = [], dict.fromkeys(counts, 0)
    for row in order:
        seen[names[row]] += 1
        if seen[names[row]] <= counts[names[row]]:
            kept.append(row)
    return frame[sorted(kept)].to_native()
