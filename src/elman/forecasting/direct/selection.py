"""Selection: "auto" settings of windows, chosen by the held-out error of a ridge regression."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from elman.forecasting.box_cox import Power
from elman.forecasting.direct.windows import WindowSpec
from elman.forecasting.grouped import GroupedSeries
from elman.forecasting.settings import Preparation

_TRAIN, _HELD_OUT = 3_000, 1_500
"""Windows that a choice is tried on."""
_LONGEST = 720
"""Steps of an "auto" context at most."""
_BETTER = 0.99
"""Share of the error of a simpler choice that a choice must stay below."""

Reasons = dict[str, tuple[str, str]]


def default_segment(seasons: tuple[int, ...], horizon: int, context: int) -> int:
    """Return the steps of a segment: a season where one is short enough, else a sixteenth of the context, never more than the horizon."""
    short = [s for s in seasons if s <= 64]
    return max(1, min(horizon, short[0] if short else max(1, context // 16)))


def default_context(seasons: tuple[int, ...], horizon: int, longest: int) -> int:
    """Return the steps of a context: two seasons and two horizons, 16 to 720, no more than the longest series has."""
    return min(max(2 * max(seasons, default=1), 2 * horizon, 16), _LONGEST, max(16, longest))


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Held-out errors of window specifications: a ridge regression from the window to the horizon.

    Attributes
    ----------
    series : GroupedSeries
        All series.
    train, held_out : array of int
        Windows, (m, 2).
    """

    series: GroupedSeries
    train: np.ndarray
    held_out: np.ndarray
    errors: dict[WindowSpec, float] = field(default_factory=dict)

    def error(self, spec: WindowSpec) -> float:
        """Return the mean absolute error on the held-out windows, in units of the reference's error there."""
        if spec not in self.errors:
            self.errors[spec] = self._error(spec)
        return self.errors[spec]

    def _error(self, spec: WindowSpec) -> float:
        index, cutoffs = self.train.T
        windows = spec.scale_windows(self.series, index, cutoffs)
        x, y = windows.values, windows.transform(self._future(index, cutoffs, spec))
        with np.errstate(all="ignore"):
            weights = np.linalg.solve(x.T @ x + 0.1 * len(x) * np.eye(x.shape[1]), x.T @ np.clip(y, -5, 5))
        index, cutoffs = self.held_out.T
        windows = spec.scale_windows(self.series, index, cutoffs)
        forecast, truth = windows.invert(windows.values @ weights), self._future(index, cutoffs, spec)
        # one unit for all candidates: that of the plain specification
        plain = replace(spec, power=1.0, seasonality="none", reference="auto", scale="mean").scale_windows(self.series, index, cutoffs)
        errors = np.abs(forecast - truth).mean(1) / plain.spread
        return float(np.mean(np.minimum(np.nan_to_num(errors, nan=1e3), 1e3)))

    def _future(self, index: np.ndarray, cutoffs: np.ndarray, spec: WindowSpec) -> np.ndarray:
        return self.series.values[self.series.positions_after(index, cutoffs, spec.horizon)]

    def best(self, name: str, candidates: Iterable[tuple[str, WindowSpec]]) -> tuple[WindowSpec, tuple[str, str]]:
        """Return the first candidate, or a later one that is clearly better; and its label with the reason."""
        listed = list(candidates)
        errors = [self.error(spec) for _, spec in listed]
        best = int(np.argmin([e if i == 0 else e / _BETTER for i, e in enumerate(errors)]))
        others = ", ".join(f"{label} {error:.3f}" for (label, _), error in zip(listed, errors, strict=True))
        return listed[best][1], (listed[best][0], f"held-out error of a linear model: {others}" if len(listed) > 1 else f"only {name}")


def choose_spec(
    series: GroupedSeries, spec: WindowSpec, settings: Preparation, windows: tuple[np.ndarray, np.ndarray]
) -> tuple[WindowSpec, Reasons]:
    """Choose power, seasonality and scale, one after the other."""
    train, held_out = (_thinned(part, most) for part, most in zip(windows, (_TRAIN, _HELD_OUT), strict=True))
    trial = Trial(series=series, train=train, held_out=held_out if len(held_out) else train)
    reasons: Reasons = {}
    for name, options in (("power", _powers), ("seasonality", _seasonalities), ("scale", _scales)):
        setting = getattr(settings, name)
        if setting != "auto":
            change = {"power": _exponent(series, setting)} if name == "power" else {name: setting}
            spec, reasons[name] = replace(spec, **change), (setting, "as set")
        else:
            candidates = [(label, replace(spec, **change)) for label, change in options(series, spec)]
            spec, reasons[name] = trial.best(name, candidates)
    return spec, reasons


def _thinned(windows: np.ndarray, most: int) -> np.ndarray:
    return windows[np.linspace(0, len(windows) - 1, min(most, len(windows))).astype(int)] if len(windows) else windows


def _exponent(series: GroupedSeries, method: str) -> float:
    return Power.estimate([series[row] for row in range(len(series))], method).exponent


def _positive(series: GroupedSeries) -> bool:
    return bool(series.values.min() > 0)


def _powers(series: GroupedSeries, spec: WindowSpec) -> list[tuple[str, dict[str, Any]]]:
    options: list[tuple[str, dict[str, Any]]] = [("none", {"power": 1.0})]
    if _positive(series) and spec.reference != "none":
        options.append(("log", {"power": 0.0}))
        exponent = _exponent(series, "box-cox")
        options += [("box-cox", {"power": exponent})] if 0 < exponent < 1 else []
    return options


def _seasonalities(series: GroupedSeries, spec: WindowSpec) -> list[tuple[str, dict[str, Any]]]:
    options: list[tuple[str, dict[str, Any]]] = [("none", {"seasonality": "none"})]
    if any(spec.context >= 2 * season for season in spec.seasons):
        options.append(("additive", {"seasonality": "additive"}))
        options += [("multiplicative", {"seasonality": "multiplicative"})] if spec.power == 1.0 and _positive(series) else []
    return options


def _scales(series: GroupedSeries, spec: WindowSpec) -> list[tuple[str, dict[str, Any]]]:  # noqa: ARG001  # one signature for all
    return [(scale, {"scale": scale}) for scale in ("mean", "robust", "last")]
