"""AutoregressiveEngine: forecasts by sample paths, from a network trained with teacher forcing on whole series."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from elman.codecs.space import Continuous
from elman.errors import DataError, SettingError
from elman.fitting.learning import Learned, learn
from elman.forecasting.autoregressive.chunks import Chunks, collate
from elman.forecasting.autoregressive.inputs import StepInputs
from elman.forecasting.autoregressive.sampling import ForecastState, NewPoints, advance, encode_history, sample_paths, uniforms
from elman.forecasting.box_cox import Power
from elman.forecasting.covariates import Covariates, future_covariates_at
from elman.forecasting.engine import LEVEL, FitRequest, ForecastRequest
from elman.forecasting.grouped import GroupedSeries
from elman.forecasting.naive_reference import WindowPlan
from elman.forecasting.schedule import validation_share, with_epochs
from elman.forecasting.seasons import choose_seasons
from elman.forecasting.update import tail
from elman.io.schema import anything, check, whole
from elman.metrics.by_target import Scoring
from elman.network import Plan, Sizes, plan
from elman.network.ensemble import members_of
from elman.network.planning.infer import counted
from elman.network.planning.side import Side
from elman.timeseries.prediction import Prediction
from elman.timeseries.read import Panel

_SAMPLES = 200
"""Paths that quantiles are estimated from."""
_BATCH = 20_000
"""Paths drawn at once."""
_TARGET = Side("many", Continuous(1))
_SIZES = {"cell": "lstm", "hidden_size": 64, "dropout": 0.1}
_WINDOWS_PER_CHUNK = 8
"""Windows of a direct model that count as much as a chunk, for the number of epochs: every step of a chunk has a loss."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AutoregressiveEngine:
    """Forecasts value after value, as quantiles of sample paths.

    Attributes
    ----------
    inputs : StepInputs
        Features of a step.
    covariates : Covariates
        Encoders of the covariates.
    levels : tuple of int
        Intervals in per cent.
    random_state : int
        Seed of the paths.
    """

    kind: ClassVar[str] = "autoregressive"
    inputs: StepInputs
    covariates: Covariates
    levels: tuple[int, ...]
    random_state: int

    @property
    def reach(self) -> int:
        """Steps of history that a forecast depends on: all."""
        return 10**9

    @property
    def windows(self) -> WindowPlan:
        """Context, horizon and season of the naive reference."""
        return WindowPlan(context=self.inputs.span, horizon=self.inputs.horizon, season=min(self.inputs.seasons, default=1))

    def group(self, panel: Panel) -> GroupedSeries:
        """Concatenate the series of a panel, with their covariates encoded."""
        series = GroupedSeries.from_panel(panel, **self.covariates.encode(panel))
        for row, one in enumerate(panel.series):
            self.inputs.transform.check(series[row], one.name)
        return series

    def future_covariates(self, panel: Panel, stamps: list[list[Any]], future: Any) -> np.ndarray:
        """Return the future covariates of the steps after the ends, (n, horizon, F)."""
        return self.covariates.encode_future(panel, stamps, future)

    def future_covariates_at(self, panel: Panel, series: GroupedSeries, index: np.ndarray, cutoffs: np.ndarray) -> np.ndarray:
        """Return the future covariates of the steps after past cutoffs, (m, horizon, F)."""
        return future_covariates_at(self.covariates, panel, series, index, cutoffs, self.inputs.horizon)

    def start(self, model: Any, panel: Panel) -> ForecastState:
        """Return the state at the ends of all series."""
        series = self.group(panel)
        return encode_history(members_of(model), self.inputs, series, np.arange(len(series)), series.lengths)

    def advance(self, model: Any, state: ForecastState, panel: Panel, counts: dict[int, int]) -> ForecastState:
        """Return the state after the last ``counts`` points of some series, one step of the network each."""
        longest = max(counts.values(), default=0)
        series = self.group(tail(panel, longest + 1))  # one more, to fill a gap with
        for k in range(longest):
            index = np.array([row for row, count in counts.items() if count > k])
            positions = series.starts[index] + series.lengths[index] - np.array([counts[row] for row in index]) + k
            points = NewPoints(
                values=self.inputs.transform.apply(series.values[positions]),
                future=series.future[positions],
                past=series.past[positions],
                static=self.inputs.static_covariates(series, index),
            )
            state = state.put(index, advance(members_of(model), state.select(index), points))
        return state

    def forecast(self, model: Any, request: ForecastRequest) -> Prediction:
        """Forecast the steps after each cutoff."""
        members, horizon = members_of(model), request.horizon or self.inputs.horizon
        state = request.state or encode_history(members, self.inputs, request.series, request.index, request.cutoffs)
        static = self.inputs.static_covariates(request.series, request.index)
        future = np.zeros((len(request.index), horizon, 0), np.float32) if request.future is None else request.future
        count = request.n_samples or _SAMPLES
        size = max(1, _BATCH // count)
        parts = []
        for at in range(0, len(request.index), size):
            part = np.arange(at, min(at + size, len(request.index)))
            start = state.select(part)
            # numbers for the whole horizon: a shorter request gets the first steps of the same paths
            uniform = uniforms(start.series, count, self.inputs.horizon, self.random_state)[:, :, :horizon]
            parts.append(sample_paths(members, start, future[part], static[part], uniform))
        paths = self.inputs.transform.invert(np.concatenate(parts))
        low = {level: np.quantile(paths, (1 - level / 100) / 2, axis=1) for level in self.levels}
        high = {level: np.quantile(paths, (1 + level / 100) / 2, axis=1) for level in self.levels}
        return Prediction(mean=np.median(paths, 1), low=low, high=high, samples=None if request.n_samples is None else paths)

    def config(self) -> dict[str, Any]:
        """Return plain JSON for the model file."""
        parts = {"inputs": self.inputs.config(), "covariates": self.covariates.config(), "levels": list(self.levels)}
        return {"kind": self.kind, **parts, "random_state": self.random_state}

    @classmethod
    def from_config(cls, config: Any) -> AutoregressiveEngine:
        """Rebuild from plain JSON; strict."""
        schema = {"kind": anything, "inputs": anything, "covariates": anything, "levels": [LEVEL], "random_state": whole(0, 2**64)}
        parts = check(config, schema, "engine")
        inputs, covariates = StepInputs.from_config(parts["inputs"]), Covariates.from_config(parts["covariates"])
        covariates.check_widths(past=inputs.past, future=inputs.future, static=inputs.static)
        if not inputs.lags:
            raise DataError("an autoregressive forecast needs lags; got none. The file is damaged.")
        return cls(inputs=inputs, covariates=covariates, levels=tuple(parts["levels"]), random_state=parts["random_state"])

    def check_plan(self, plan: Plan) -> None:
        """Raise DataError where a network of this plan, read from a file, cannot be asked by this engine."""
        if (plan.source, plan.target, plan.decoder) != (self.inputs.side, _TARGET, "step"):
            raise DataError(f"its network reads {plan.source}, which is not how it forecasts. The file is damaged.")
        if self.inputs.counts != (plan.head == "negative_binomial"):
            raise DataError(f"its head {plan.head!r} does not answer {self.inputs.scale!r}. The file is damaged.")


def fit_autoregressive(panel: Panel, covariates: Covariates, request: FitRequest) -> tuple[AutoregressiveEngine, Learned]:
    """Fit an autoregressive engine."""
    series = GroupedSeries.from_panel(panel, **covariates.encode(panel))
    if int(series.lengths.max()) < 3:
        raise DataError(f"Every series is too short: the longest has {int(series.lengths.max())} points, 3 are needed.")
    inputs, reasons = _choose_inputs(series, panel, covariates, request)
    for row, one in enumerate(panel.series):
        _check_counts(inputs, series[row], one.name)
        inputs.transform.check(series[row], one.name)
    learned = _train(inputs, series, request, reasons)
    seed = request.training.random_state
    return AutoregressiveEngine(inputs=inputs, covariates=covariates, levels=request.levels, random_state=seed), learned


def _check_counts(inputs: StepInputs, values: np.ndarray, name: Any) -> None:
    if inputs.counts and ((values < 0).any() or (values != np.round(values)).any()):
        raise DataError(
            f"series {name!r} has values that are no counts; head='negative_binomial' is for whole numbers from 0. Use 'student_t'."
        )


def _choose_inputs(
    series: GroupedSeries, panel: Panel, covariates: Covariates, request: FitRequest
) -> tuple[StepInputs, dict[str, list[str]]]:
    seasons, reason = choose_seasons(series, panel, request.season)
    settings, counts = request.preparation, request.network.head == "negative_binomial"
    if settings.scale == "robust" or settings.seasonality not in ("auto", "none") or settings.reference not in ("auto", "last"):
        raise SettingError(
            "An autoregressive model takes scale 'mean', 'last' or 'none', reference 'last', and reads seasons as lags;"
            f" got {settings!r}. Use model='direct', or leave these at 'auto'."
        )
    differences = settings.reference == "last" or settings.scale == "last"
    scale = "counts" if counts else "last" if differences else "mean" if settings.scale == "auto" else settings.scale
    if counts and settings.power not in ("auto", "none"):
        raise SettingError(f"head='negative_binomial' takes counts as they are; got power={settings.power!r}. Leave power at 'auto'.")
    power = "none" if settings.power == "auto" else settings.power
    longest = int(series.lengths.max())
    span = request.context if request.context != "auto" else int(np.clip(2 * max(seasons, default=1), 16, 720))
    lags = _auto_lags(seasons, longest) if isinstance(settings.lags, str) else settings.lags
    lags = tuple(sorted({1, *lags}))
    inputs = StepInputs(
        horizon=request.horizon,
        span=span,
        seasons=seasons,
        lags=lags,
        scale=scale,
        power=Power.estimate([series[row] for row in range(len(series))], power).exponent,
        past=covariates.past_width,
        future=covariates.future_width,
        static=sum(values.shape[1] for values in series.static.values()),
    )
    reasons = {
        "seasons": [", ".join(map(str, seasons)) or "none", reason],
        "lags": [", ".join(map(str, lags)), "values read beside the last one"],
        "scale": [scale, "running, from the past of each step"],
        "power": [power, "as set" if settings.power != "auto" else "none for sample paths"],
    }
    return inputs, reasons


def _auto_lags(seasons: tuple[int, ...], longest: int) -> list[int]:
    lags = [2, 3, *(lag for s in seasons for lag in (s, s + 1, 2 * s))]
    return [lag for lag in lags if lag < longest // 2]


def _train(inputs: StepInputs, series: GroupedSeries, request: FitRequest, reasons: dict[str, list[str]]) -> Learned:
    """Train with the end of each series held out, then, if ``refit``, on all of it for the best number of epochs."""
    chunks = Chunks(inputs, series, validation_share(request.training))
    lengths = chunks.lengths
    mean, longest = float(lengths.mean()), int(lengths.max())
    sizes = Sizes(rows=len(lengths), source_mean=mean, source_max=longest, target_mean=mean, target_max=longest, equal_lengths=True)
    network = request.network
    network.set_params(bidirectional=False)
    network.set_params(**{name: value for name, value in _SIZES.items() if getattr(network, name) == "auto"})
    layout = replace(plan(inputs.side, _TARGET, network, examples=sizes, align="step"), preparation=reasons)
    windows = (len(lengths) - len(chunks.validation)) * _WINDOWS_PER_CHUNK
    refit = request.refit and len(chunks.validation) > 0
    first = _learn(counted(layout, members=1) if refit else layout, chunks, with_epochs(request.training, windows), layout.head)
    if not refit or first.history.stopped in ("interrupted", "budget"):
        return first
    every = Chunks(inputs, series, 0.0)
    final = _learn(layout, every, with_epochs(request.training, windows, epochs=first.history.best_epoch), layout.head)
    return replace(final, history=first.history, baseline=first.baseline)


def _learn(layout: Any, chunks: Chunks, settings: Any, head: str) -> Learned:
    baseline = chunks.baseline(head)
    scoring = Scoring(
        metric="loss per step",
        baseline="simple forecast",
        higher_is_better=False,
        score=lambda predicted, truth: baseline,  # noqa: ARG005  # the loop's own validation loss is the metric
        constant=lambda train, rows: list(rows),  # noqa: ARG005
        from_loss=True,
    )
    held_out = np.array(chunks.validation, dtype=np.int64)
    return learn(layout, chunks.inputs, chunks.targets, settings, scoring, held_out=held_out, collate=collate, lengths=chunks.lengths)
