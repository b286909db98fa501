"""StepInputs and SeriesState: features of each step of an autoregressive network, and the state that they are computed from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from elman.codecs.space import Continuous
from elman.forecasting.autoregressive.online_scaler import OnlineScaler, put
from elman.forecasting.box_cox import Power
from elman.forecasting.engine import STEPS
from elman.forecasting.grouped import GroupedSeries
from elman.io.schema import check, one_of, real, whole
from elman.network.planning.side import Side

_FARTHEST = 50.0
"""Bound of features and targets, in spreads: one broken sensor must not decide the gradient."""
_ARRAYS = ("recent", "past", "lengths")
_SCHEMA = {
    "horizon": STEPS,
    "span": STEPS,
    "seasons": [STEPS],
    "lags": [STEPS],
    "scale": one_of("mean", "last", "none", "counts"),
    "power": real(0, 1),
    **dict.fromkeys(("past", "future", "static"), whole()),
}


@dataclass(frozen=True, kw_only=True)
class StepInputs:
    """Specification of the features of a step, settled in ``fit``.

    Attributes
    ----------
    horizon : int
        Steps to forecast.
    span : int
        Steps that hold most of the weight of level and spread.
    seasons, lags : tuple of int
        Steps of each cycle, and distances of the lagged values.
    scale : str
        As in :class:`~elman.forecasting.autoregressive.online_scaler.OnlineScaler`.
    power : float
        Exponent of the Box-Cox transformation.
    past, future, static : int
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
    static: int = 0

    @cached_property
    def transform(self) -> Power:
        """Box-Cox transformation of the values."""
        return Power(exponent=self.power)

    @property
    def counts(self) -> bool:
        """Whether targets are counts with exposures."""
        return self.scale == "counts"

    @property
    def width(self) -> int:
        """Number of features of a step."""
        return 2 * len(self.lags) + 1 + self.past + self.future + self.static

    @property
    def side(self) -> Side:
        """Input side of the network's plan."""
        return Side("many", Continuous(self.width))

    def config(self) -> dict[str, Any]:
        """Return plain JSON."""
        names = ("horizon", "span", "scale", "power", "past", "future", "static")
        return {**{name: getattr(self, name) for name in names}, "seasons": list(self.seasons), "lags": list(self.lags)}

    @classmethod
    def from_config(cls, config: Any) -> StepInputs:
        """Rebuild from plain JSON; strict."""
        fields = check(config, _SCHEMA, "inputs")
        return cls(**{**fields, "seasons": tuple(fields["seasons"]), "lags": tuple(fields["lags"])})

    def start(self, count: int) -> SeriesState:
        """Return the state of ``count`` series before their first values."""
        return SeriesState(
            inputs=self,
            scaler=OnlineScaler.start(self.scale, self.span, count),
            recent=np.zeros((count, max(self.lags))),
            past=np.zeros((count, self.past), np.float32),
            lengths=np.zeros(count, dtype=np.int64),
        )

    def unroll(
        self, series: GroupedSeries, index: np.ndarray, cutoffs: np.ndarray
    ) -> tuple[list[np.ndarray], list[np.ndarray], SeriesState]:
        """Compute features and targets of every step before some cutoffs.

        Parameters
        ----------
        series : GroupedSeries
            All series.
        index : ndarray
            Number of a series, (m,).
        cutoffs : ndarray
            End of its history, (m,).

        Returns
        -------
        features, targets, state
            Per cutoff the features (T, width) and the targets (T, 1), or (T, 2) for counts; and the state at all cutoffs.
        """
        longest = int(cutoffs.max(initial=0))
        state, m = self.start(len(index)), len(index)
        features = np.zeros((m, longest, self.width), np.float32)
        targets = np.full((m, longest, 2 if self.counts else 1), np.nan, np.float32)
        static = self.static_covariates(series, index)
        for t in range(longest):
            # a series that has ended repeats its last value; `active` leaves its state as it is
            positions = series.starts[index] + np.minimum(t, series.lengths[index] - 1)
            values = self.transform.apply(series.values[positions])
            features[:, t] = state.features(series.future[positions], static)
            targets[:, t] = state.targets(values, series.observed[positions])
            state = state.step(values, series.past[positions], cutoffs > t)
        return [features[i, :end] for i, end in enumerate(cutoffs)], [targets[i, :end] for i, end in enumerate(cutoffs)], state

    def static_covariates(self, series: GroupedSeries, index: np.ndarray) -> np.ndarray:
        """Return the static covariates of some series, (m, static)."""
        return np.concatenate([np.zeros((len(index), 0), np.float32), *(values[index] for values in series.static.values())], 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class SeriesState:
    """State of R series between two values.

    Notes
    -----
    Shapes:

        recent  (R, longest lag)  last values, newest last     past  (R, F)  covariates of the last step     lengths  (R,)  values so far
    """

    inputs: StepInputs
    scaler: OnlineScaler
    recent: np.ndarray
    past: np.ndarray
    lengths: np.ndarray

    def features(self, future: np.ndarray, static: np.ndarray) -> np.ndarray:
        """Return the features of the next step, float32 (R, width): lagged values, their mask, the spread, covariates."""
        level, spread = self.scaler.level, self.scaler.spread
        lags = np.array(self.inputs.lags)
        mask = self.lengths[:, None] >= lags
        lagged = (self.recent[:, -lags] - level[:, None]) / spread[:, None] * mask
        mean = np.abs(self.scaler.mean)
        size = np.log((spread + 1e-12) / (spread + mean + 1e-12)) if self.inputs.scale != "none" else np.zeros(len(spread))
        size = np.log1p(mean) if self.inputs.counts else size
        numbers = np.concatenate([np.clip(lagged, -_FARTHEST, _FARTHEST), mask, size[:, None]], 1).astype(np.float32)
        return np.concatenate([numbers, self.past, future, static], 1)

    def targets(self, values: np.ndarray, observed: np.ndarray) -> np.ndarray:
        """Return the targets of the next step, scaled values (R, 1), or counts and exposures (R, 2); NaN where not observed."""
        spread = self.scaler.spread
        if self.inputs.counts:
            return np.where(observed[:, None], np.column_stack([values, spread]), np.nan)
        distance = np.clip((values - self.scaler.level) / spread, -_FARTHEST, _FARTHEST)
        has_unit = (self.scaler.deviation_weight > 0) | (self.inputs.scale == "none")  # the first value has no spread to be scaled by
        return np.where(observed & has_unit, distance, np.nan)[:, None]

    def step(self, values: np.ndarray, past: np.ndarray, active: np.ndarray | None = None) -> SeriesState:
        """Update with the next value of each series; those not ``active`` are unchanged."""
        recent = np.concatenate([self.recent[:, 1:], values[:, None]], 1)
        lengths = self.lengths + 1
        if active is not None:
            recent, past = np.where(active[:, None], recent, self.recent), np.where(active[:, None], past, self.past)
            lengths = np.where(active, lengths, self.lengths)
        return replace(self, scaler=self.scaler.step(values, active), recent=recent, past=past, lengths=lengths)

    def select(self, index: np.ndarray) -> SeriesState:
        """Return some series; indices may repeat."""
        return replace(self, scaler=self.scaler.select(index), **{name: getattr(self, name)[index] for name in _ARRAYS})

    @classmethod
    def concatenate(cls, parts: list[SeriesState]) -> SeriesState:
        """Concatenate the series of several states."""
        arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS}
        return replace(parts[0], scaler=OnlineScaler.concatenate([part.scaler for part in parts]), **arrays)

    def put(self, index: np.ndarray, other: SeriesState) -> SeriesState:
        """Return a copy in which the series at ``index`` are those of another state."""
        arrays = {name: put(getattr(self, name), index, getattr(other, name)) for name in _ARRAYS}
        return replace(self, scaler=self.scaler.put(index, other.scaler), **arrays)
