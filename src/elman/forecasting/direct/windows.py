"""Windows: histories scaled to units of their own, and the reference that a forecast is the difference to.

Everything is computed from values before the cutoffs, for many windows at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from elman.forecasting.box_cox import Power
from elman.forecasting.engine import STEPS
from elman.forecasting.grouped import GroupedSeries
from elman.io.schema import check, flag, one_of, real

_SHARPNESS = 4
"""Naive forecasts are weighted by (their mean absolute error in the window) to the power of minus this."""
_TINY = 1e-9


_SCHEMA = {
    "context": STEPS,
    "horizon": STEPS,
    "seasons": [STEPS],
    "lags": [STEPS],
    "scale": one_of("mean", "robust", "last", "none"),
    "reference": one_of("auto", "last", "season", "none"),
    "seasonality": one_of("none", "additive", "multiplicative"),
    "power": real(0, 1),
    "masked": flag,
}


@dataclass(frozen=True, kw_only=True)
class WindowSpec:
    """Specification of the scaling of windows, settled in ``fit``.

    Attributes
    ----------
    context, horizon : int
        Steps of history and steps to forecast.
    seasons : tuple of int
        Steps of each cycle, shortest first.
    lags : tuple of int
        Distances of the lagged values.
    scale, reference, seasonality : str
        As in Preparation, with "auto" resolved, but for ``reference``.
    power : float
        Exponent of the Box-Cox transformation; 1 for none, 0 for the logarithm.
    masked : bool
        Whether a channel holds the mask of observed values.
    """

    context: int
    horizon: int
    seasons: tuple[int, ...] = ()
    lags: tuple[int, ...] = ()
    scale: str = "mean"
    reference: str = "auto"
    seasonality: str = "none"
    power: float = 1.0
    masked: bool = False

    @cached_property
    def power_transform(self) -> Power:
        """Box-Cox transformation of the values."""
        return Power(exponent=self.power)

    @property
    def reach(self) -> int:
        """Steps of history that a forecast depends on."""
        return self.context + max((*self.lags, *self.seasons, 1))

    def config(self) -> dict[str, Any]:
        """Return plain JSON."""
        names = ("context", "horizon", "scale", "reference", "seasonality", "power", "masked")
        return {**{name: getattr(self, name) for name in names}, "seasons": list(self.seasons), "lags": list(self.lags)}

    @classmethod
    def from_config(cls, config: Any) -> WindowSpec:
        """Rebuild from plain JSON; strict."""
        fields = check(config, _SCHEMA, "spec")
        return cls(**{**fields, "seasons": tuple(fields["seasons"]), "lags": tuple(fields["lags"])})

    def scale_windows(self, series: GroupedSeries, index: np.ndarray, cutoffs: np.ndarray) -> ScaledWindows:
        """Return the scaled windows before some cutoffs: number of a series and end of its history, (m,) both."""
        positions, inside = series.positions_before(index, cutoffs, self.reach)
        values = self.power_transform.apply(series.values[positions])
        profile = np.zeros((len(index), self.horizon))
        if self.seasonality != "none":
            values, profile = self._deseasonalise(values, inside)
        context, mask = values[:, -self.context :], inside[:, -self.context :]
        level, deviation = self._scale(series, context, mask, index, cutoffs)
        reference, spread, weights = self._reference(values, inside, level, deviation)
        lagged = [(context - values[:, self.reach - self.context - lag : self.reach - lag]) for lag in self.lags]
        before = [inside[:, self.reach - self.context - lag : self.reach - lag] for lag in self.lags]
        return ScaledWindows(
            spec=self,
            values=(context - level[:, None]) / deviation[:, None] * mask,
            lagged=[np.clip(x / spread[:, None], -10, 10) * (mask & b) for x, b in zip(lagged, before, strict=True)],
            mask=mask & series.observed[positions[:, -self.context :]],
            level=level,
            deviation=deviation,
            reference=reference,
            spread=spread,
            weights=weights,
            profile=profile,
        )

    def _deseasonalise(self, values: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Remove the average season of the window, of each cycle in turn; return also the seasons of the horizon, (m, horizon)."""
        multiply = self.seasonality == "multiplicative" and self.power == 1.0
        future = np.ones((len(values), self.horizon)) if multiply else np.zeros((len(values), self.horizon))
        for season in self.seasons:
            profile = _profile(values[:, -self.context :], inside[:, -self.context :], season, multiply=multiply)
            past = profile[:, (np.arange(values.shape[1]) - values.shape[1]) % season]
            after = profile[:, np.arange(self.horizon) % season]
            values = values / past if multiply else values - past
            future = future * after if multiply else future + after
        return values, future

    def _scale(
        self, series: GroupedSeries, context: np.ndarray, mask: np.ndarray, index: np.ndarray, cutoffs: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return level and deviation of each window, (m,) both."""
        count = np.maximum(mask.sum(1), 1)
        mean = (context * mask).sum(1) / count
        if self.scale == "none":
            return np.zeros(len(context)), np.ones(len(context))
        if self.scale == "last":
            return context[:, -1], _at_least(history_deviation(series, self.power_transform, index, cutoffs), context)
        if self.scale == "robust":
            masked = np.where(mask, context, np.nan)
            middle = np.nanmedian(masked, 1)
            # 1.4826 makes the median absolute deviation of normal numbers their standard deviation
            return middle, _at_least(1.4826 * np.nanmedian(np.abs(masked - middle[:, None]), 1), context)
        return mean, _at_least(np.sqrt(((context - mean[:, None]) ** 2 * mask).sum(1) / count), context)

    def _reference(
        self, values: np.ndarray, inside: np.ndarray, level: np.ndarray, deviation: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Blend the naive forecasts (last value, value a season ago) by their errors in the window.

        Returns the blend (m, horizon), its mean absolute error in the window (m,), and the weights (m, P).
        """
        periods = (1, *self.seasons)
        errors = np.stack([_last_error(values, inside, self.horizon), *(_error(values, inside, s) for s in self.seasons)], 1)
        if self.reference == "last" or not self.seasons:
            errors[:, 1:] = np.inf
        elif self.reference == "season":  # the last value only where the window holds no whole season
            errors[:, 0] = np.where(np.isfinite(errors[:, 1:]).any(1), np.inf, errors[:, 0])
        errors[:, 0] = np.where(np.isfinite(errors).any(1), errors[:, 0], 0.0)
        floor = _TINY * (np.abs(deviation) + _TINY)[:, None]
        weights = ((errors.min(1, keepdims=True) + floor) / (errors + floor)) ** _SHARPNESS
        weights = weights / weights.sum(1, keepdims=True)
        forecasts = [values[:, values.shape[1] - p + np.arange(self.horizon) % p] for p in periods]
        blend = np.einsum("mp,pmh->mh", weights, np.stack(forecasts))
        error = (weights * np.where(np.isfinite(errors), errors, 0.0)).sum(1)
        spread = deviation if self.scale in ("last", "none") else np.where(error > 1e-6 * deviation, error, deviation)
        if self.reference == "none":
            return np.repeat(level[:, None], self.horizon, 1), deviation, weights
        return blend, spread, weights


@dataclass(frozen=True, kw_only=True, eq=False)
class ScaledWindows:
    """Windows in units of their own, with the inverse transformation.

    Notes
    -----
    Shapes:

        values, mask  (m, context)     lagged  one (m, context) per lag
        level, deviation, spread  (m,)     reference, profile  (m, horizon)     weights  (m, P) of the naive forecasts
    """

    spec: WindowSpec
    values: np.ndarray
    lagged: list[np.ndarray]
    mask: np.ndarray
    level: np.ndarray
    deviation: np.ndarray
    reference: np.ndarray
    spread: np.ndarray
    weights: np.ndarray
    profile: np.ndarray

    def scaled_reference(self) -> np.ndarray:
        """Return the reference in units of the window, (m, horizon)."""
        return (self.reference - self.level[:, None]) / self.deviation[:, None]

    def statistics(self) -> np.ndarray:
        """Return features of each window, (m, 1 + P): the reference's error in deviations, and the weights."""
        share = np.log(np.clip(self.spread / self.deviation, 1e-4, 1e4)) / 3
        return np.concatenate([share[:, None], self.weights], 1)

    @property
    def _multiply(self) -> bool:
        return self.spec.seasonality == "multiplicative" and self.spec.power == 1.0

    def transform(self, future: np.ndarray) -> np.ndarray:
        """Return the targets of a network, (m, horizon), for values after the cutoffs."""
        y = self.spec.power_transform.apply(future)
        if self.spec.seasonality != "none":
            y = y / self.profile if self._multiply else y - self.profile
        return np.clip((y - self.reference) / self.spread[:, None], -20.0, 20.0)

    def invert(self, outputs: np.ndarray) -> np.ndarray:
        """Return the outputs of a network, (m, horizon) or (m, horizon, Q), in the units of the series."""
        more = (...,) + (None,) * (outputs.ndim - 2)
        y = self.reference[more] + outputs * self.spread[:, None][more]
        if self.spec.seasonality != "none":
            y = y * self.profile[more] if self._multiply else y + self.profile[more]
        return self.spec.power_transform.invert(y)


def _at_least(spread: np.ndarray, context: np.ndarray) -> np.ndarray:
    """Return spreads bounded from below: a thousandth of the numbers for a constant window, almost zero for a window of zeros."""
    size = np.abs(context).max(1)
    return np.where(spread > 1e-9 * size, spread, np.where(size > 0, np.maximum(size * 1e-3, 1e-12), _TINY))


def _error(values: np.ndarray, inside: np.ndarray, step: int) -> np.ndarray:
    """Mean absolute difference to ``step`` before, (m,); infinite for too few pairs inside the series."""
    both = inside[:, step:] & inside[:, :-step]
    count = both.sum(1)
    total = (np.abs(values[:, step:] - values[:, :-step]) * both).sum(1)
    return np.where(count >= max(2, step // 4), total / np.maximum(count, 1), np.inf)


def _last_error(values: np.ndarray, inside: np.ndarray, horizon: int) -> np.ndarray:
    """Mean absolute error of repeating the last value, over a few steps of the horizon."""
    steps = sorted({h for h in (1, horizon // 4, horizon // 2, horizon) if 1 <= h < values.shape[1]})
    errors = np.stack([_error(values, inside, h) for h in steps], 1)
    finite = np.isfinite(errors)
    return np.where(finite.any(1), np.where(finite, errors, 0.0).sum(1) / np.maximum(finite.sum(1), 1), np.inf)


def _profile(values: np.ndarray, inside: np.ndarray, season: int, *, multiply: bool) -> np.ndarray:
    """Average season of whole cycles, (m, season), of mean 0 (or 1 where it multiplies); neutral for less than two cycles."""
    cycles = values.shape[1] // season
    if cycles < 2:
        return np.full((len(values), season), 1.0 if multiply else 0.0)
    shaped = values[:, -cycles * season :].reshape(len(values), cycles, season)
    whole = np.asarray(inside[:, -cycles * season :].reshape(shaped.shape).all(2))
    middle = shaped.mean(2, keepdims=True)
    relative = shaped / np.where(np.abs(middle) > _TINY, middle, 1.0) if multiply else shaped - middle
    count = whole.sum(1)[:, None]
    profile = (relative * whole[:, :, None]).sum(1) / np.maximum(count, 1)
    if multiply:
        return np.where(count >= 2, np.clip(profile, 0.05, 20.0), 1.0)
    return np.where(count >= 2, profile, 0.0)


def history_deviation(series: GroupedSeries, power: Power, index: np.ndarray, cutoffs: np.ndarray) -> np.ndarray:
    """Return the standard deviation of the whole history before each cutoff, (m,), after a power transformation."""
    deviations = np.empty(len(index))
    for row in np.unique(index):
        here = index == row
        values = power.apply(series[int(row)][: int(cutoffs[here].max())])
        values = values - values[0]  # sums of squares of large numbers would lose their digits
        count = cutoffs[here]
        total, squares = np.cumsum(values)[count - 1], np.cumsum(values**2)[count - 1]
        deviations[here] = np.sqrt(np.maximum(squares / count - (total / count) ** 2, 0.0))
    return deviations
