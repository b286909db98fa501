"""Linear: a ridge regression from windows to their targets, whose residuals a network learns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from elman.forecasting.direct.inputs import WindowDataset
from elman.network import Plan, SequenceModel, build
from elman.network.decoders.segments import WINDOW

_PENALTIES = (1e-3, 1e-2, 1e-1, 1.0)
"""Candidates for the penalty, per window."""
_BATCH = 2_048


@dataclass(frozen=True, kw_only=True, eq=False)
class Ridge:
    """A fitted map: weights (context, horizon) and bias (horizon,)."""

    weights: np.ndarray
    bias: np.ndarray

    def builder(self) -> Callable[[Plan], SequenceModel]:
        """Return a ``build`` whose networks hold this map, frozen."""

        def build_with_map(plan: Plan) -> SequenceModel:
            model = build(plan)
            linear: Any = getattr(model.decoder, "linear", None)
            if linear is not None:
                with torch.no_grad():
                    linear.weight.copy_(torch.from_numpy(self.weights.T))
                    linear.bias.copy_(torch.from_numpy(self.bias))
                linear.requires_grad_(False)
            return model

        return build_with_map


class NormalEquations:
    """Sums over windows from which a ridge regression with any penalty is solved.

    Parameters
    ----------
    dataset : WindowDataset
        Windows.
    rows : array of int
        Those to fit on.
    """

    def __init__(self, dataset: WindowDataset, rows: np.ndarray) -> None:
        context, horizon = dataset.inputs.spec.context, dataset.inputs.spec.horizon
        self.xx, self.xy = np.zeros((context + 1, context + 1)), np.zeros((context + 1, horizon))
        self.count = len(rows)
        for start in range(0, len(rows), _BATCH):
            part = rows[start : start + _BATCH]
            x, y = with_intercept(dataset, part), dataset.targets[part][..., 0].astype(np.float64)
            self.xx += x.T @ x
            self.xy += x.T @ np.clip(y, -5.0, 5.0)

    def solve(self, penalty: float) -> Ridge:
        """Return the map of least penalised squares; the bias has no penalty."""
        ridge = penalty * self.count * np.eye(len(self.xx))
        ridge[-1, -1] = 0.0
        solution = np.linalg.solve(self.xx + ridge + 1e-9 * np.eye(len(ridge)), self.xy)
        return Ridge(weights=solution[:-1], bias=solution[-1])


def with_intercept(dataset: WindowDataset, rows: np.ndarray) -> np.ndarray:
    """Return the scaled values of windows and a column of ones, float64 (m, context + 1)."""
    window = dataset.arrays(rows)[WINDOW]
    values = window.reshape(len(window), dataset.inputs.spec.context, -1)[:, :, 0].astype(np.float64)  # the first channel
    return np.concatenate([values, np.ones((len(values), 1))], 1)


def fit_ridge(
    dataset: WindowDataset, train: np.ndarray, held_out: np.ndarray, *, penalty: float | None = None
) -> tuple[Ridge, float, float]:
    """Fit a linear map, with the penalty of least absolute error on held-out windows."""
    equations = NormalEquations(dataset, train)
    if penalty is not None or not len(held_out):
        return equations.solve(penalty or _PENALTIES[1]), penalty or _PENALTIES[1], float("nan")
    x, y = with_intercept(dataset, held_out), dataset.targets[held_out][..., 0]
    maps = [equations.solve(each) for each in _PENALTIES]
    errors = [float(np.abs(x[:, :-1] @ one.weights + one.bias - y).mean()) for one in maps]
    best = int(np.argmin(errors))
    return maps[best], _PENALTIES[best], errors[best]
