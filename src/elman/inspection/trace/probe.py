"""Probe: which units follow a property, by linear regression judged on steps that it has not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.errors import DataError, SettingError
from elman.markup import fragment, table

_LEAST = 20
_FOLDS = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Following:
    """Units that follow a property of the steps.

    Attributes
    ----------
    name : str
        The property.
    units : ndarray
        (K,) numbers of units, the best first.
    scores : ndarray
        (K,) held-out R² of each alone: 1 follows it exactly, 0 not at all (below zero is shown as it is).
    signs : ndarray
        (K,) +1 where the unit rises with the property, -1 where it falls.
    score : float
        Held-out R² of a ridge regression on all units together.

    Notes
    -----
    Each score is the mean over five stretches of consecutive steps, each predicted from the rest: neighbouring steps are alike, so steps
    held out at random would flatter. R² is against the property's mean over the steps learned from.
    """

    name: str
    units: np.ndarray
    scores: np.ndarray
    signs: np.ndarray
    score: float

    def __iter__(self) -> Any:
        """Yield (unit, score), the best first."""
        return zip(self.units.tolist(), self.scores.tolist(), strict=True)

    def __len__(self) -> int:
        """Number of units named."""
        return len(self.units)

    def __str__(self) -> str:
        """Show one unit a line."""
        lines = [f"{self.name}: R² {self.score:.2f} from all units together, on steps held out"]
        lines += [
            f"unit {u:>4}  R² {s:.2f}  {'rises' if g > 0 else 'falls'}" for u, s, g in zip(self.units, self.scores, self.signs, strict=True)
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [(int(u), float(s), "rises" if g > 0 else "falls") for u, s, g in zip(self.units, self.scores, self.signs, strict=True)]
        return fragment(table(["unit", "held-out R²", "with it"], rows, caption=str(self).splitlines()[0]))


def follow(states: np.ndarray, wanted: np.ndarray, *, name: str, top: int = 5) -> Following:
    """Find the units that best follow a property.

    Parameters
    ----------
    states : ndarray
        (T, H).
    wanted : ndarray
        (T,) the property.
    name : str
        Its name.
    top : int, default 5
        Units to name.

    Returns
    -------
    Following
        The units with their scores.
    """
    if isinstance(top, bool) or not isinstance(top, int | np.integer) or top < 1:
        raise SettingError(f"top must be a whole number from 1; got {top!r}.")
    if len(states) < _LEAST:
        raise DataError(
            f"a probe needs at least {_LEAST} steps to learn from and to be judged on; got {len(states)}. Trace a longer value."
        )
    if np.ptp(wanted) == 0:
        raise DataError(f"{name} is {wanted[0]:g} at every step; nothing can follow it. Trace a value in which it changes.")
    x, y = states.astype(np.float64), wanted.astype(np.float64)
    alone, together = np.zeros(x.shape[1]), 0.0
    for held in np.array_split(np.arange(len(x)), _FOLDS):
        learned = np.setdiff1d(np.arange(len(x)), held)
        alone += _single(x[learned], y[learned], x[held], y[held]) / _FOLDS
        together += _ridge(x[learned], y[learned], x[held], y[held]) / _FOLDS
    order = np.argsort(-alone, kind="stable")[:top]
    signs = np.sign(((x - x.mean(0)) * (y - y.mean())[:, None]).mean(0))
    return Following(name=name, units=order, scores=alone[order], signs=signs[order], score=together)


def _single(x: np.ndarray, y: np.ndarray, x_held: np.ndarray, y_held: np.ndarray) -> np.ndarray:
    """Held-out R² of a straight line through each unit alone, (H,)."""
    mean_x, mean_y = x.mean(0), y.mean()
    variance = ((x - mean_x) ** 2).mean(0)
    slope = ((x - mean_x) * (y - mean_y)[:, None]).mean(0) / np.where(variance > 1e-12, variance, np.inf)
    errors = (y_held[:, None] - mean_y - slope * (x_held - mean_x)) ** 2
    return _r_squared(errors.mean(0), y, y_held)


def _ridge(x: np.ndarray, y: np.ndarray, x_held: np.ndarray, y_held: np.ndarray) -> float:
    """Held-out R² of a ridge regression on all units, its penalty a hundredth of the states' variance a step."""
    mean_x, mean_y = x.mean(0), y.mean()
    centred = x - mean_x
    gram = centred.T @ centred
    penalty = 0.01 * max(float(np.trace(gram)) / len(gram), 1e-12)
    weights = np.linalg.solve(gram + penalty * np.eye(len(gram)), centred.T @ (y - mean_y))
    errors = (y_held - mean_y - (x_held - mean_x) @ weights) ** 2
    return float(_r_squared(errors.mean(), y, y_held))


def _r_squared(error: Any, y: np.ndarray, y_held: np.ndarray) -> Any:
    """1 - error over that of the mean learned from; where the held-out steps are all alike, over the variance learned from."""
    scale = max(float(((y_held - y.mean()) ** 2).mean()), float(y.var()))
    return 1.0 - error / scale
