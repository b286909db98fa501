"""Steps: what an autoregressive network reads before each value of a series, and where a series stands between two values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from elman.codecs.checks import strict
from elman.codecs.space import Continuous
from elman.forecasting.autoregressive.online_scaler import OnlineScaler
from elman.forecasting.box_cox import Power
from elman.forecasting.grouped import GroupedSeries
from elman.network.planning.side import Side

_FAR = 50.0
"""Where what is read and learned is cut off, in spreads: one broken sensor must not decide the gradient."""


@dataclass(frozen=True, kw_only=True)
class StepInputs:
    """What is read before each value: all of it settled when a model is fitted.

    Attributes
    ----------
    horizon : int
        Steps that are forecast.
    span : int
        Steps that hold most of the weight of level and spread.
    seasons, lags : tuple of int
        Steps of each cycle, and steps back of the values that are read.
    scale : str
        As in :class:`~elman.forecasting.autoregressive.online_scaler.OnlineScaler`.
    power : float
        Exponent of the Box-Cox transformation.
    past, future, whole : int
        Channels of covariates.
    """

    horizon: int
    span: int
    seasons: tuple[int, ...] = ()
    lags: tuple[int, ...] = (1,)
    scale: str = "mean"
    power: float = 1.0
    past: int = 0
    future: int = 0
    whole: int = 0

    @cached_property
    def powers(self) -> Power:
        """The transformation."""
        return Power(exponent=self.power)

    @property
    def counts(self) -> bool:
        """Whether values are counts beside exposures."""
        return self.scale == "counts"

    @property
    def width(self) -> int:
        """Numbers read before each value."""
        return 2 * len(self.lags) + 1 + self.past + self.future + self.whole

    @property
    def side(self) -> Side:
        """What the network reads, as a plan says it."""
        return Side("many", Continuous(self.width))

    def config(self) -> dict[str, Any]:
        """Return plain JSON."""
        names = ("horizon", "span", "scale", "power", "past", "future", "whole")
        return {**{name: getattr(self, name) for name in names}, "seasons": list(self.seasons), "lags": list(self.lags)}

    @classmethod
    def from_config(cls, config: Any) -> StepInputs:
        """Rebuild from plain JSON; strict."""
        known = strict(config, cls.__dataclass_fields__, "reading")
        return cls(**{**known, "seasons": tuple(known["seasons"]), "lags": tuple(known["lags"])})

    def start(self, rows: int) -> SeriesState:
        """Return R series before their first values."""
        return SeriesState(
            reading=self,
            running=OnlineScaler.start(self.scale, self.span, rows),
            recent=np.zeros((rows, max(self.lags))),
            past=np.zeros((rows, self.past), np.float32),
            seen=np.zeros(rows, dtype=np.int64),
        )

    def read_all(self, tape: GroupedSeries, rows: np.ndarray, ends: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray], SeriesState]:
        """Read series up to their ends, value after value.

        Parameters
        ----------
        tape : Tape
            The series.
        rows : array of int
            Which, (m,).
        ends : array of int
            How far, (m,).

        Returns
        -------
        inputs, truths, Standing
            Of each series what is read, (T, width), what should be said, (T, 1) or (T, 2), and where it then stands.
        """
        longest = int(ends.max(initial=0))
        standing, m = self.start(len(rows)), len(rows)
        inputs = np.zeros((m, longest, self.width), np.float32)
        truths = np.full((m, longest, 2 if self.counts else 1), np.nan, np.float32)
        whole = self.whole_of(tape, rows)
        for t in range(longest):
            going = ends > t
            places = tape.starts[rows] + np.minimum(t, tape.lengths[rows] - 1)
            values = self.powers.apply(tape.values[places])
            inputs[:, t] = standing.inputs(tape.future[places], whole)
            truths[:, t] = standing.truth(values, tape.known[places])
            standing = standing.step(values, tape.past[places], going)
        return [inputs[i, :end] for i, end in enumerate(ends)], [truths[i, :end] for i, end in enumerate(ends)], standing

    def whole_of(self, tape: GroupedSeries, rows: np.ndarray) -> np.ndarray:
        """Return what is said about series as wholes, (m, whole)."""
        return np.concatenate([np.zeros((len(rows), 0), np.float32), *(values[rows] for values in tape.whole.values())], 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class SeriesState:
    """Where R series stand between two values.

    Notes
    -----
    Shapes:

        recent  (R, longest lag)  the last values, newest last     past  (R, F)  covariates of the last step     seen  (R,)  values so far
    """

    reading: StepInputs
    running: OnlineScaler
    recent: np.ndarray
    past: np.ndarray
    seen: np.ndarray

    def inputs(self, future: np.ndarray, whole: np.ndarray) -> np.ndarray:
        """Return what is read before the next value, float32 (R, width): lags and whether they exist, the spread, covariates."""
        level, spread = self.running.level, self.running.spread
        back = np.array(self.reading.lags)
        there = self.seen[:, None] >= back
        lagged = (self.recent[:, -back] - level[:, None]) / spread[:, None] * there
        mean = np.abs(self.running._mean)
        size = np.log((spread + 1e-12) / (spread + mean + 1e-12)) if self.reading.scale != "none" else np.zeros(len(spread))
        size = np.log1p(mean) if self.reading.counts else size
        numbers = np.concatenate([np.clip(lagged, -_FAR, _FAR), there, size[:, None]], 1).astype(np.float32)
        return np.concatenate([numbers, self.past, future, whole], 1)

    def truth(self, values: np.ndarray, known: np.ndarray) -> np.ndarray:
        """Return what should be said of the next values, (R, 1): in spreads from the level; or (R, 2): counts and exposures."""
        spread = self.running.spread
        if self.reading.counts:
            return np.where(known[:, None], np.column_stack([values, spread]), np.nan)
        off = np.clip((values - self.running.level) / spread, -_FAR, _FAR)
        begun = (self.running.off_weight > 0) | (self.reading.scale == "none")  # before there is no unit to say anything in
        return np.where(known & begun, off, np.nan)[:, None]

    def step(self, values: np.ndarray, past: np.ndarray, going: np.ndarray | None = None) -> SeriesState:
        """Take in the next value of each series."""
        recent = np.concatenate([self.recent[:, 1:], values[:, None]], 1)
        seen = self.seen + 1
        if going is not None:
            recent, past = np.where(going[:, None], recent, self.recent), np.where(going[:, None], past, self.past)
            seen = np.where(going, seen, self.seen)
        return replace(self, running=self.running.step(values, going), recent=recent, past=past, seen=seen)

    def select(self, rows: np.ndarray) -> SeriesState:
        """Return some series; one may be asked for several times."""
        return replace(self, running=self.running.select(rows), recent=self.recent[rows], past=self.past[rows], seen=self.seen[rows])

    @classmethod
    def joined(cls, parts: list[SeriesState]) -> SeriesState:
        """Lay series side by side."""
        own = {n: np.concatenate([getattr(part, n) for part in parts]) for n in ("recent", "past", "seen")}
        return replace(parts[0], running=OnlineScaler.joined([part.running for part in parts]), **own)

    def join(self, other: SeriesState, rows: np.ndarray) -> SeriesState:
        """Put other series in the places of these ``rows``."""

        def put(mine: np.ndarray, theirs: np.ndarray) -> np.ndarray:
            made = mine.copy()
            made[rows] = theirs
            return made

        names = ("total", "weight", "off", "off_weight", "last")
        running = replace(self.running, **{n: put(getattr(self.running, n), getattr(other.running, n)) for n in names})
        own = {n: put(getattr(self, n), getattr(other, n)) for n in ("recent", "past", "seen")}
        return replace(self, running=running, **own)
