"""Autoregressive engine: one value after the other, learned on whole series with the true values before, forecast by sample paths."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch

from elman.codecs.checks import strict
from elman.codecs.space import Continuous
from elman.errors import DataError, SettingError
from elman.fitting.learning import Learned, learn
from elman.forecasting.autoregressive.inputs import StepInputs
from elman.forecasting.autoregressive.sampling import Coming, Live, advance, draw, read, uniforms
from elman.forecasting.box_cox import Power
from elman.forecasting.covariates import Covariates, future_covariates_at
from elman.forecasting.engine import FitRequest, ForecastRequest
from elman.forecasting.grouped import GroupedSeries
from elman.forecasting.naive_reference import WindowPlan
from elman.forecasting.schedule import checked, scheduled
from elman.forecasting.seasons import seasons_of
from elman.forecasting.update import tail
from elman.metrics.by_target import Scoring
from elman.network import Sizes, plan
from elman.network.ensemble import members_of
from elman.network.planning.infer import counted
from elman.network.planning.side import Side
from elman.sequences import Ragged
from elman.timeseries.prediction import Prediction
from elman.timeseries.read import Panel

_SAMPLES = 200
_AT_ONCE = 20_000
"""Paths drawn at once."""
_ROWS = 400
"""Pieces of series to learn from at least, where they are long enough to be cut."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AutoregressiveEngine:
    """One value after the other.

    Attributes
    ----------
    reading : Reading
        What is read before each value.
    covariates : Covariates
        What is known beside the series.
    levels : tuple of int
        Intervals in per cent.
    random_state : int
        Seed of the paths.
    """

    kind: ClassVar[str] = "autoregressive"
    reading: StepInputs
    covariates: Covariates
    levels: tuple[int, ...]
    random_state: int

    @property
    def reach(self) -> int:
        """Steps of history that a forecast looks at: all."""
        return 10**9

    @property
    def windows(self) -> WindowPlan:
        """Context, horizon and season of the simplest forecast."""
        return WindowPlan(context=self.reading.span, horizon=self.reading.horizon, season=min(self.reading.seasons, default=1))

    def tape(self, panel: Panel) -> GroupedSeries:
        """Lay the series and covariates of a panel end to end."""
        tape = GroupedSeries.of(panel, **self.covariates.encode(panel))
        for row, one in enumerate(panel.series):
            self.reading.powers.check(tape.series(row), one.name)
        return tape

    def future_covariates(self, panel: Panel, stamps: list[list[Any]], future: Any) -> np.ndarray:
        """Return what is known of the steps to come, (n, horizon, F)."""
        return self.covariates.ahead(panel, stamps, future)

    def future_covariates_at(self, panel: Panel, tape: GroupedSeries, rows: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Return what is known of the steps after places in the past, (m, horizon, F)."""
        return future_covariates_at(self.covariates, panel, tape, rows, ends, self.reading.horizon)

    def start(self, model: Any, panel: Panel) -> Live:
        """Read all series up to their ends."""
        tape = self.tape(panel)
        return read(members_of(model), self.reading, tape, np.arange(len(tape)), tape.lengths)

    def advance(self, model: Any, memory: Live, panel: Panel, counts: dict[int, int]) -> Live:
        """Take in the last points of some rows, one step of the network each."""
        longest = max(counts.values(), default=0)
        tape = self.tape(tail(panel, longest + 1))  # one more, to fill a gap with
        for k in range(longest):
            rows = np.array([row for row, count in counts.items() if count > k])
            places = tape.starts[rows] + tape.lengths[rows] - np.array([counts[row] for row in rows]) + k
            new = Coming(
                values=self.reading.powers.apply(tape.values[places]),
                future=tape.future[places],
                past=tape.past[places],
                whole=self.reading.whole_of(tape, rows),
            )
            memory = memory.join(advance(members_of(model), memory.select(rows), new), rows)
        return memory

    def forecast(self, model: Any, asked: ForecastRequest) -> Prediction:
        """Return what comes after some ends."""
        members, horizon = members_of(model), asked.steps or self.reading.horizon
        memory = asked.memory or read(members, self.reading, asked.tape, asked.rows, asked.ends)
        whole = self.reading.whole_of(asked.tape, asked.rows)
        ahead = np.zeros((len(asked.rows), horizon, 0), np.float32) if asked.ahead is None else asked.ahead
        count = asked.n_samples or _SAMPLES
        size = max(1, _AT_ONCE // count)
        found = []
        for at in range(0, len(asked.rows), size):
            part = np.arange(at, min(at + size, len(asked.rows)))
            live = memory.select(part)
            uniform = uniforms(live.standing, count, self.reading.horizon, self.random_state)[:, :, :horizon]
            found.append(draw(members, live, ahead[part], whole[part], uniform))
        paths = self.reading.powers.invert(np.concatenate(found))
        return self._outlook(paths, asked.n_samples is not None)

    def _outlook(self, paths: np.ndarray, shown: bool) -> Prediction:
        low = {level: np.quantile(paths, (1 - level / 100) / 2, axis=1) for level in self.levels}
        high = {level: np.quantile(paths, (1 + level / 100) / 2, axis=1) for level in self.levels}
        return Prediction(mean=np.median(paths, 1), low=low, high=high, samples=paths if shown else None)

    def state(self) -> dict[str, Any]:
        """Return what a file says of it."""
        config = {"reading": self.reading.config(), "covariates": self.covariates.config(), "levels": list(self.levels)}
        return {"engine": {"kind": self.kind, **config, "random_state": self.random_state}}

    @classmethod
    def from_config(cls, config: Any) -> AutoregressiveEngine:
        """Rebuild from plain JSON; strict."""
        known = strict(config, ("kind", "reading", "covariates", "levels", "random_state"), "engine")
        return cls(
            reading=StepInputs.from_config(known["reading"]),
            covariates=Covariates.from_config(known["covariates"]),
            levels=tuple(int(level) for level in known["levels"]),
            random_state=int(known["random_state"]),
        )


def fit_autoregressive(panel: Panel, covariates: Covariates, job: FitRequest) -> tuple[AutoregressiveEngine, Learned]:
    """Learn to forecast one value after the other.

    Parameters
    ----------
    panel : Panel
        The series.
    covariates : Covariates
        What is known beside them.
    job : Job
        The request.

    Returns
    -------
    AutoregressiveEngine, Learned
        The way to forecast, and the network.
    """
    tape = GroupedSeries.of(panel, **covariates.encode(panel))
    if int(tape.lengths.max()) < 3:
        raise DataError(f"Every series is too short: the longest has {int(tape.lengths.max())} points, 3 are needed.")
    reading, reasons = _settle(tape, panel, covariates, job)
    for row, one in enumerate(panel.series):
        _check_counts(reading, tape.series(row), one.name)
        reading.powers.check(tape.series(row), one.name)
    learned = _learn(reading, tape, job, reasons)
    return AutoregressiveEngine(reading=reading, covariates=covariates, levels=job.levels, random_state=job.training.random_state), learned


def _check_counts(reading: StepInputs, values: np.ndarray, name: Any) -> None:
    if reading.counts and ((values < 0).any() or (values != np.round(values)).any()):
        raise DataError(
            f"series {name!r} has values that are no counts; head='negative_binomial' is for whole numbers from 0. Use 'student_t'."
        )


def _settle(tape: GroupedSeries, panel: Panel, covariates: Covariates, job: FitRequest) -> tuple[StepInputs, dict[str, list[str]]]:
    seasons, why = seasons_of(tape, panel, job.season)
    wanted, counts = job.preparation, job.network.head == "negative_binomial"
    if wanted.scale == "robust" or wanted.seasonality not in ("auto", "none") or wanted.reference not in ("auto", "last"):
        raise SettingError(
            "An autoregressive model takes scale 'mean', 'last' or 'none', reference 'last', and reads seasons as lags;"
            f" got {wanted!r}. Use model='direct', or leave these at 'auto'."
        )
    differs = wanted.reference == "last" or wanted.scale == "last"
    scale = "counts" if counts else "last" if differs else "mean" if wanted.scale == "auto" else wanted.scale
    if counts and wanted.power not in ("auto", "none"):
        raise SettingError(f"head='negative_binomial' takes counts as they are; got power={wanted.power!r}. Leave power at 'auto'.")
    power = "none" if wanted.power == "auto" else wanted.power
    longest = int(tape.lengths.max())
    span = job.context if job.context != "auto" else int(np.clip(2 * max(seasons, default=1), 16, 720))
    lags = tuple(sorted({1, *_auto_lags(seasons, longest)})) if wanted.lags == "auto" else tuple(sorted({1, *wanted.lags}))
    reading = StepInputs(
        horizon=job.horizon,
        span=span,
        seasons=seasons,
        lags=lags,
        scale=scale,
        power=Power.estimate([tape.series(row) for row in range(len(tape))], power).exponent,
        past=covariates.past_width,
        future=covariates.future_width,
        whole=sum(values.shape[1] for values in tape.whole.values()),
    )
    reasons = {
        "seasons": [", ".join(map(str, seasons)) or "none", why],
        "lags": [", ".join(map(str, lags)), "values read beside the last one"],
        "scale": [scale, "running, from the past of each step"],
        "power": [power, "as set" if wanted.power != "auto" else "none for sample paths"],
    }
    return reading, reasons


def _auto_lags(seasons: tuple[int, ...], longest: int) -> list[int]:
    found = [2, 3, *(lag for s in seasons for lag in (s, s + 1, 2 * s))]
    return [lag for lag in found if lag < longest // 2]


class Pieces:
    """Pieces of series to learn from: what is read before each value, and what should be said of it (NaN where it is not to be learned).

    Parameters
    ----------
    reading : Reading
        What is read.
    tape : Tape
        The series.
    share : float
        Part of each series held out at its end.
    """

    def __init__(self, reading: StepInputs, tape: GroupedSeries, share: float) -> None:
        inputs, truths, _ = reading.read_all(tape, np.arange(len(tape)), tape.lengths)
        self.inputs: list[np.ndarray] = []
        self.truths: list[np.ndarray] = []
        self.held: list[int] = []
        late: list[tuple[np.ndarray, np.ndarray]] = []
        length = max(64, reading.span + reading.horizon)
        stride = max(1, min(length // 2, int(tape.lengths.sum()) // _ROWS))
        for x, y in zip(inputs, truths, strict=True):
            cut = len(y) - max(1, int(share * len(y))) if share else len(y)
            cut = cut if cut >= 2 else len(y)
            for end in sorted({cut, *range(cut, min(length, cut) - 1, -stride)}):
                self._add(x[max(0, end - length) : end], y[max(0, end - length) : end])
            if cut < len(y):
                begin = max(0, cut - length)
                hidden = y[begin:].copy()
                hidden[: cut - begin] = np.nan
                late.append((x[begin:], hidden))
        for x, y in late:
            if np.isfinite(y[:, 0]).any():
                self.held.append(len(self.inputs))
                self._add(x, y)

    def _add(self, x: np.ndarray, y: np.ndarray) -> None:
        self.inputs.append(x)
        self.truths.append(y)

    @property
    def lengths(self) -> np.ndarray:
        """Steps of each piece."""
        return np.array([len(x) for x in self.inputs])

    def baseline(self, head: str) -> float:
        """Return the loss of the simplest forecast on the held-out pieces: the last value with Gaussian steps; a Poisson of the mean."""
        from scipy.stats import poisson

        rows = self.held or range(len(self.inputs))
        x, y = np.concatenate([self.inputs[i] for i in rows]), np.concatenate([self.truths[i] for i in rows])
        known = np.isfinite(y[:, 0])
        if not known.any():
            return 0.0
        if y.shape[1] == 2:
            return float(-poisson.logpmf(y[known, 0], y[known, 1]).mean())
        off = y[known, 0].astype(np.float64) - x[known, 0]
        if head in ("quantile", "median"):
            return float(np.abs(off).mean())
        squares = float((off**2).mean())
        return squares if head == "point" else 0.5 * float(np.log(2 * np.pi * np.e * max(squares, 1e-12)))


def collate(values: list[Any], space: Any, rank: str) -> Any:  # noqa: ARG001  # what an Examples asks for
    """Make a batch of pieces."""
    return Ragged.from_list([torch.from_numpy(np.ascontiguousarray(value)) for value in values])


def _learn(reading: StepInputs, tape: GroupedSeries, job: FitRequest, reasons: dict[str, list[str]]) -> Learned:
    pieces = Pieces(reading, tape, checked(job.training))
    lengths = pieces.lengths
    mean, longest = float(lengths.mean()), int(lengths.max())
    sizes = Sizes(rows=len(lengths), source_mean=mean, source_max=longest, target_mean=mean, target_max=longest, equal_lengths=True)
    network = job.network
    network.set_params(bidirectional=False)
    network.set_params(**{name: value for name, value in _SIZES.items() if getattr(network, name) == "auto"})
    made = replace(plan(reading.side, Side("many", Continuous(1)), network, examples=sizes, align="step"), preparation=reasons)
    early = len(lengths) - len(pieces.held)
    again = job.refit and len(pieces.held) > 0
    first = _learned(counted(made, members=1) if again else made, pieces, scheduled(job.training, early * _PER_PIECE), made.head)
    if not again or first.history.stopped in ("interrupted", "budget"):
        return first
    every = Pieces(reading, tape, 0.0)
    final = _learned(made, every, scheduled(job.training, early * _PER_PIECE, epochs=first.history.best_epoch), made.head)
    return replace(final, history=first.history, baseline=first.baseline)


_SIZES = {"cell": "lstm", "hidden_size": 64, "dropout": 0.1}
_PER_PIECE = 8
"""Windows of a direct model that a piece of a series is worth: every step of it is learned."""


def _learned(made: Any, pieces: Pieces, settings: Any, head: str) -> Learned:
    baseline = pieces.baseline(head)
    scoring = Scoring(
        metric="loss per step",
        baseline="simple forecast",
        higher_is_better=False,
        score=lambda predicted, truth: baseline,  # noqa: ARG005  # the loop's own validation loss is the metric
        constant=lambda train, rows: list(rows),  # noqa: ARG005
        from_loss=True,
    )
    held = np.array(pieces.held, dtype=np.int64)
    return learn(made, pieces.inputs, pieces.truths, settings, scoring, held_out=held, collate=collate, lengths=pieces.lengths)
