"""Choosing: what was left to "auto" is tried out on windows held out in time, with the simplest model there is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from elman.forecasting.box_cox import Power
from elman.forecasting.direct.windows import WindowSpec
from elman.forecasting.grouped import GroupedSeries
from elman.forecasting.settings import Preparation

_LEARNED, _HELD = 3_000, 1_500
"""Windows that a choice is tried out on."""
_LONGEST = 720
"""Steps of history read at most when "auto"."""
_BETTER = 0.99
"""A choice must lower the error to this share to be preferred to a simpler one."""
_SHARED = 0.1
"""Share of the series that a season must help to be looked at."""
_PER_WEEK = {24, 48, 96, 144, 288}
"""Steps of a day that usually come in weeks too."""

Reasons = dict[str, tuple[str, str]]


def segment_of(seasons: tuple[int, ...], horizon: int, context: int) -> int:
    """Return the steps of a segment: a season where one is short enough, else a sixteenth of the context, never more than the horizon."""
    short = [s for s in seasons if s <= 64]
    return max(1, min(horizon, short[0] if short else max(1, context // 16)))


def context_of(seasons: tuple[int, ...], horizon: int, longest: int) -> int:
    """Return the steps of history that are read: two seasons and two horizons, 16 to 720, no more than there are."""
    wanted = max(2 * max(seasons, default=1), 2 * horizon, 16)
    return min(wanted, _LONGEST, max(16, longest))


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A ridge regression from the window to the horizon, fitted on some windows and judged on later ones.

    Attributes
    ----------
    tape : Tape
        The series.
    learned, held : array of int
        Windows, (m, 2).
    """

    tape: GroupedSeries
    learned: np.ndarray
    held: np.ndarray
    errors: dict[WindowSpec, float] = field(default_factory=dict)

    def error(self, framing: WindowSpec) -> float:
        """Return the mean absolute error on the held-out windows, in units of the reference's error there."""
        if framing not in self.errors:
            self.errors[framing] = self._error(framing)
        return self.errors[framing]

    def _error(self, framing: WindowSpec) -> float:
        rows, ends = self.learned.T
        frames = framing.cut(self.tape, rows, ends)
        x, y = frames.values, frames.measure(self._future(rows, ends, framing))
        with np.errstate(all="ignore"):
            weights = np.linalg.solve(x.T @ x + 0.1 * len(x) * np.eye(x.shape[1]), x.T @ np.clip(y, -5, 5))
        rows, ends = self.held.T
        frames = framing.cut(self.tape, rows, ends)
        said, truth = frames.restore(frames.values @ weights), self._future(rows, ends, framing)
        plain = replace(framing, power=1.0, seasonality="none", reference="auto", scale="mean").cut(self.tape, rows, ends)
        off = np.abs(said - truth).mean(1) / plain.spread
        return float(np.mean(np.minimum(np.nan_to_num(off, nan=1e3), 1e3)))

    def _future(self, rows: np.ndarray, ends: np.ndarray, framing: WindowSpec) -> np.ndarray:
        return self.tape.values[self.tape.ahead(rows, ends, framing.horizon)]

    def best(self, name: str, candidates: Iterable[tuple[str, WindowSpec]]) -> tuple[WindowSpec, tuple[str, str]]:
        """Return the first candidate, or a later one that is clearly better, and what to say of it."""
        listed = list(candidates)
        errors = [self.error(framing) for _, framing in listed]
        chosen = int(np.argmin([e if i == 0 else e / _BETTER for i, e in enumerate(errors)]))
        others = ", ".join(f"{label} {error:.3f}" for (label, _), error in zip(listed, errors, strict=True))
        return listed[chosen][1], (listed[chosen][0], f"held-out error of a linear model: {others}" if len(listed) > 1 else f"only {name}")


def choose_framing(
    tape: GroupedSeries, framing: WindowSpec, wanted: Preparation, windows: tuple[np.ndarray, np.ndarray]
) -> tuple[WindowSpec, Reasons]:
    """Decide power, seasonality and scale one after the other.

    Parameters
    ----------
    tape : Tape
        The series.
    framing : Framing
        What is settled already.
    wanted : Preparation
        The user's settings.
    windows : pair of array
        Windows to learn from and held out.

    Returns
    -------
    Framing, dict
        The framing, and for each setting its value with the reason.
    """
    learned, held = (_thinned(part, most) for part, most in zip(windows, (_LEARNED, _HELD), strict=True))
    trial = Trial(tape=tape, learned=learned, held=held if len(held) else learned)
    reasons: Reasons = {}
    for name, options in (("power", _powers), ("seasonality", _seasonalities), ("scale", _scales)):
        given = getattr(wanted, name)
        candidates = [(label, replace(framing, **change)) for label, change in options(tape, framing) if given in ("auto", label)]
        if given != "auto":
            label, change = given, _forced(name, given, tape)
            framing, reasons[name] = replace(framing, **change), (label, "as set")
        else:
            framing, reasons[name] = trial.best(name, candidates)
    return framing, reasons


def _thinned(windows: np.ndarray, most: int) -> np.ndarray:
    return windows[np.linspace(0, len(windows) - 1, min(most, len(windows))).astype(int)] if len(windows) else windows


def _forced(name: str, given: str, tape: GroupedSeries) -> dict[str, Any]:
    return {"power": _exponent(tape, given)} if name == "power" else {name: given}


def _exponent(tape: GroupedSeries, how: str) -> float:
    return Power.estimate([tape.series(row) for row in range(len(tape))], how).exponent


def _positive(tape: GroupedSeries) -> bool:
    return bool(tape.values.min() > 0)


def _powers(tape: GroupedSeries, framing: WindowSpec) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = [("none", {"power": 1.0})]
    if _positive(tape) and framing.reference != "none":
        found.append(("log", {"power": 0.0}))
        exponent = _exponent(tape, "box-cox")
        found += [("box-cox", {"power": exponent})] if 0 < exponent < 1 else []
    return found


def _seasonalities(tape: GroupedSeries, framing: WindowSpec) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = [("none", {"seasonality": "none"})]
    if any(framing.context >= 2 * season for season in framing.seasons):
        found.append(("additive", {"seasonality": "additive"}))
        found += [("multiplicative", {"seasonality": "multiplicative"})] if framing.power == 1.0 and _positive(tape) else []
    return found


def _scales(tape: GroupedSeries, framing: WindowSpec) -> list[tuple[str, dict[str, Any]]]:  # noqa: ARG001  # one signature for all
    return [(scale, {"scale": scale}) for scale in ("mean", "robust", "last")]
