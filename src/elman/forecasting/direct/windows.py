"""Framing: windows of history in units of their own, and the reference that a forecast is the difference to.

Everything here is computed from what precedes the end of a window, many windows at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from elman.codecs.checks import strict
from elman.forecasting.box_cox import Power
from elman.forecasting.grouped import GroupedSeries

_SHARPNESS = 4
"""Simple forecasts are weighted by (their mean absolute error in the window) to the power of minus this."""
_TINY = 1e-9


@dataclass(frozen=True, kw_only=True)
class WindowSpec:
    """How a window is put in units of its own: all of it settled when a model is fitted.

    Attributes
    ----------
    context, horizon : int
        Steps read and steps forecast.
    seasons : tuple of int
        Steps of each cycle, shortest first; none where there is none.
    lags : tuple of int
        Steps back of the values beside each value.
    scale, reference, seasonality : str
        As in Preparation, nothing "auto".
    power : float
        Exponent of the Box-Cox transformation; 1 for none, 0 for the logarithm.
    masked : bool
        A channel says which values are real.
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
    def _power(self) -> Power:
        return Power(exponent=self.power)

    @property
    def reach(self) -> int:
        """Steps of history that a forecast may look at."""
        return self.context + max((*self.lags, *self.seasons, 1))

    def config(self) -> dict[str, Any]:
        """Return plain JSON."""
        names = ("context", "horizon", "scale", "reference", "seasonality", "power", "masked")
        return {**{name: getattr(self, name) for name in names}, "seasons": list(self.seasons), "lags": list(self.lags)}

    @classmethod
    def from_config(cls, config: Any) -> WindowSpec:
        """Rebuild from plain JSON; strict."""
        known = strict(config, cls.__dataclass_fields__, "framing")
        return cls(**{**known, "seasons": tuple(known["seasons"]), "lags": tuple(known["lags"])})

    def cut(self, tape: GroupedSeries, rows: np.ndarray, ends: np.ndarray) -> ScaledWindows:
        """Return the windows that end before ``ends`` of the series ``rows``, (m,) both."""
        places, real = tape.places(rows, ends, self.reach)
        values = self._power.apply(tape.values[places])
        profile = np.zeros((len(rows), self.horizon))
        if self.seasonality != "none":
            values, profile = self._deseasonalised(values, real)
        own, inside = values[:, -self.context :], real[:, -self.context :]
        level, deviation = self._scale(tape, own, inside, rows, ends)
        reference, spread, weights = self._reference(values, real, level, deviation)
        lagged = [(own - values[:, self.reach - self.context - lag : self.reach - lag]) for lag in self.lags]
        before = [real[:, self.reach - self.context - lag : self.reach - lag] for lag in self.lags]
        return ScaledWindows(
            framing=self,
            values=(own - level[:, None]) / deviation[:, None] * inside,
            lagged=[np.clip(x / spread[:, None], -10, 10) * (inside & b) for x, b in zip(lagged, before, strict=True)],
            real=inside & tape.known[places[:, -self.context :]],
            level=level,
            deviation=deviation,
            reference=reference,
            spread=spread,
            weights=weights,
            profile=profile,
        )

    def _deseasonalised(self, values: np.ndarray, real: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Take out the average season of the window, of each cycle in turn; return also the seasons to come, (m, horizon)."""
        multiply = self.seasonality == "multiplicative" and self.power == 1.0
        ahead = np.ones((len(values), self.horizon)) if multiply else np.zeros((len(values), self.horizon))
        for season in self.seasons:
            profile = _profile(values[:, -self.context :], real[:, -self.context :], season, multiply=multiply)
            past = profile[:, (np.arange(values.shape[1]) - values.shape[1]) % season]
            coming = profile[:, np.arange(self.horizon) % season]
            values = values / past if multiply else values - past
            ahead = ahead * coming if multiply else ahead + coming
        return values, ahead

    def _scale(
        self, tape: GroupedSeries, own: np.ndarray, inside: np.ndarray, rows: np.ndarray, ends: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        count = np.maximum(inside.sum(1), 1)
        mean = (own * inside).sum(1) / count
        if self.scale == "none":
            return np.zeros(len(own)), np.ones(len(own))
        if self.scale == "last":
            return own[:, -1], _or_small(tape_deviation(tape, self._power, rows, ends), own)
        if self.scale == "robust":
            masked = np.where(inside, own, np.nan)
            middle = np.nanmedian(masked, 1)
            return middle, _or_small(1.4826 * np.nanmedian(np.abs(masked - middle[:, None]), 1), own)
        return mean, _or_small(np.sqrt(((own - mean[:, None]) ** 2 * inside).sum(1) / count), own)

    def _reference(
        self, values: np.ndarray, real: np.ndarray, level: np.ndarray, deviation: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Blend the simple forecasts (last value, value a season ago) by their errors in the window.

        Returns the blend (m, horizon), its mean absolute error in the window (m,), and the weights (m, P).
        """
        periods = (1, *self.seasons)
        errors = np.stack([_last_error(values, real, self.horizon), *(_error(values, real, s) for s in self.seasons)], 1)
        if self.reference == "last" or not self.seasons:
            errors[:, 1:] = np.inf
        elif self.reference == "season":  # the last value only where no season has been seen whole
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
    """Windows in units of their own.

    Notes
    -----
    Shapes:

        values, real  (m, context)     lagged  one (m, context) a lag
        level, deviation, spread  (m,)     reference, profile  (m, horizon)     weights  (m, P) of the simple forecasts
    """

    framing: WindowSpec
    values: np.ndarray
    lagged: list[np.ndarray]
    real: np.ndarray
    level: np.ndarray
    deviation: np.ndarray
    reference: np.ndarray
    spread: np.ndarray
    weights: np.ndarray
    profile: np.ndarray

    def ahead(self) -> np.ndarray:
        """Return the reference as the network reads it, (m, horizon)."""
        return (self.reference - self.level[:, None]) / self.deviation[:, None]

    def wholes(self) -> np.ndarray:
        """Return what is said about each window as a whole, (m, 1 + P): the reference's error in deviations, and the weights."""
        share = np.log(np.clip(self.spread / self.deviation, 1e-4, 1e4)) / 3
        return np.concatenate([share[:, None], self.weights], 1)

    def measure(self, future: np.ndarray) -> np.ndarray:
        """Return what came after, in its own units (m, horizon), as the network should have said it."""
        y = self.framing._power.apply(future)
        multiply = self.framing.seasonality == "multiplicative" and self.framing.power == 1.0
        if self.framing.seasonality != "none":
            y = y / self.profile if multiply else y - self.profile
        return np.clip((y - self.reference) / self.spread[:, None], -20.0, 20.0)

    def restore(self, answer: np.ndarray) -> np.ndarray:
        """Return what the network said, (m, horizon) or (m, horizon, Q), in the series' own units."""
        more = (...,) + (None,) * (answer.ndim - 2)
        y = self.reference[more] + answer * self.spread[:, None][more]
        multiply = self.framing.seasonality == "multiplicative" and self.framing.power == 1.0
        if self.framing.seasonality != "none":
            y = y * self.profile[more] if multiply else y + self.profile[more]
        return self.framing._power.invert(y)

    def select(self, rows: np.ndarray) -> ScaledWindows:
        """Keep some windows."""
        names = ("values", "real", "level", "deviation", "reference", "spread", "weights", "profile")
        return replace(self, lagged=[x[rows] for x in self.lagged], **{name: getattr(self, name)[rows] for name in names})


def _or_small(spread: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Replace a spread of (nearly) nothing by a thousandth of the numbers; of a window of zeros by almost nothing: it goes on as 0."""
    size = np.abs(own).max(1)
    return np.where(spread > 1e-9 * size, spread, np.where(size > 0, np.maximum(size * 1e-3, 1e-12), _TINY))


def _error(values: np.ndarray, real: np.ndarray, step: int) -> np.ndarray:
    """Mean absolute difference to ``step`` before, (m,); infinite where too few pairs are in the series."""
    both = real[:, step:] & real[:, :-step]
    count = both.sum(1)
    total = (np.abs(values[:, step:] - values[:, :-step]) * both).sum(1)
    return np.where(count >= max(2, step // 4), total / np.maximum(count, 1), np.inf)


def _last_error(values: np.ndarray, real: np.ndarray, horizon: int) -> np.ndarray:
    """Mean absolute error of repeating the last value, over a few steps of the horizon."""
    steps = sorted({h for h in (1, horizon // 4, horizon // 2, horizon) if 1 <= h < values.shape[1]})
    errors = np.stack([_error(values, real, h) for h in steps], 1)
    seen = np.isfinite(errors)
    return np.where(seen.any(1), np.where(seen, errors, 0.0).sum(1) / np.maximum(seen.sum(1), 1), np.inf)


def _profile(values: np.ndarray, real: np.ndarray, season: int, *, multiply: bool) -> np.ndarray:
    """Average season of whole cycles, (m, season), of mean 0 (or 1 where it multiplies); nothing where less than two were seen."""
    cycles = values.shape[1] // season
    if cycles < 2:
        return np.full((len(values), season), 1.0 if multiply else 0.0)
    cut = values[:, -cycles * season :].reshape(len(values), cycles, season)
    whole = np.asarray(real[:, -cycles * season :].reshape(cut.shape).all(2))
    middle = cut.mean(2, keepdims=True)
    relative = cut / np.where(np.abs(middle) > _TINY, middle, 1.0) if multiply else cut - middle
    count = whole.sum(1)[:, None]
    profile = (relative * whole[:, :, None]).sum(1) / np.maximum(count, 1)
    if multiply:
        return np.where(count >= 2, np.clip(profile, 0.05, 20.0), 1.0)
    return np.where(count >= 2, profile, 0.0)


def tape_deviation(tape: GroupedSeries, power: Power, rows: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return the deviation of everything before each end, (m,): of its series, never of what comes after.

    Parameters
    ----------
    tape : Tape
        The series.
    power : Power
        Taken first.
    rows : array of int
        Series, (m,).
    ends : array of int
        Ends, (m,).

    Returns
    -------
    array
        Standard deviations.
    """
    found = np.empty(len(rows))
    for row in np.unique(rows):
        here = rows == row
        values = power.apply(tape.series(int(row))[: int(ends[here].max())])
        values = values - values[0]
        count = ends[here]
        total, squares = np.cumsum(values)[count - 1], np.cumsum(values**2)[count - 1]
        found[here] = np.sqrt(np.maximum(squares / count - (total / count) ** 2, 0.0))
    return found
