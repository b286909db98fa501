"""Linear: a ridge regression from windows to their futures, which a network then only has to correct."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from elman.forecasting.direct.inputs import Windows
from elman.network import Plan, SequenceModel, build
from elman.network.decoders.segments import WINDOW

_PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)
"""Weights of the penalty that are tried, per window."""
_AT_ONCE = 2_048


@dataclass(frozen=True, kw_only=True, eq=False)
class Ridge:
    """A fitted map: weights (context, horizon) and what is added (horizon,)."""

    weights: np.ndarray
    bias: np.ndarray

    def into(self) -> Callable[[Plan], SequenceModel]:
        """Return a function that builds networks with this map in place; it is not learned any further."""

        def made(plan: Plan) -> SequenceModel:
            model = build(plan)
            linear: Any = getattr(model.decoder, "linear", None)
            if linear is not None:
                with torch.no_grad():
                    linear.weight.copy_(torch.from_numpy(self.weights.T))
                    linear.bias.copy_(torch.from_numpy(self.bias))
                linear.requires_grad_(False)
            return model

        return made


class Sums:
    """Sums over windows from which a ridge regression with any penalty is solved.

    Parameters
    ----------
    rows : Windows
        Of the windows.
    which : array of int
        Those that are learned from.
    """

    def __init__(self, rows: Windows, which: np.ndarray) -> None:
        context, horizon = rows.direct.framing.context, rows.direct.framing.horizon
        self.xx, self.xy = np.zeros((context + 1, context + 1)), np.zeros((context + 1, horizon))
        self.count = len(which)
        for start in range(0, len(which), _AT_ONCE):
            part = which[start : start + _AT_ONCE]
            x, y = with_one(rows, part), rows.truth[part][..., 0].astype(np.float64)
            self.xx += x.T @ x
            self.xy += x.T @ np.clip(y, -5.0, 5.0)

    def solve(self, penalty: float) -> Ridge:
        """Return the map that minimises squares plus the penalty of its weights (not of what is added)."""
        ridge = penalty * self.count * np.eye(len(self.xx))
        ridge[-1, -1] = 0.0
        found = np.linalg.solve(self.xx + ridge + 1e-9 * np.eye(len(ridge)), self.xy)
        return Ridge(weights=found[:-1], bias=found[-1])


def with_one(rows: Windows, which: np.ndarray) -> np.ndarray:
    """Return the values of windows with a 1 behind them, (m, context + 1).

    Parameters
    ----------
    rows : Windows
        Of the windows.
    which : array of int
        Row numbers.

    Returns
    -------
    array
        Float64.
    """
    window = rows.parts(which)[WINDOW]
    values = window.reshape(len(window), rows.direct.framing.context, -1)[:, :, 0].astype(np.float64)  # the first channel
    return np.concatenate([values, np.ones((len(values), 1))], 1)


def fit_ridge(rows: Windows, learned: np.ndarray, held: np.ndarray, *, penalty: float | None = None) -> tuple[Ridge, float, float]:
    """Fit a linear map, its penalty chosen by the absolute error on held-out windows.

    Parameters
    ----------
    rows : Windows
        Of the windows.
    learned : array of int
        Row numbers to learn from.
    held : array of int
        Row numbers to judge on.
    penalty : float, optional
        Chosen before.

    Returns
    -------
    Ridge, float, float
        The map, its penalty, and its error on the held-out windows (NaN where it was not judged).
    """
    sums = Sums(rows, learned)
    if penalty is not None or not len(held):
        return sums.solve(penalty or _PENALTIES[1]), penalty or _PENALTIES[1], float("nan")
    x, y = with_one(rows, held), rows.truth[held][..., 0]
    maps = [sums.solve(each) for each in _PENALTIES]
    errors = [float(np.abs(x[:, :-1] @ one.weights + one.bias - y).mean()) for one in maps]
    best = int(np.argmin(errors))
    return maps[best], _PENALTIES[best], errors[best]
