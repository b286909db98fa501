"""Chunks: overlapping pieces of series that an autoregressive network is trained and validated on."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from elman.forecasting.autoregressive.inputs import StepInputs
from elman.forecasting.grouped import GroupedSeries
from elman.sequences import Ragged

_FEWEST = 400
"""Chunks to train on at least, where the series are long enough."""


class Chunks:
    """Features and targets of chunks of series; a target is NaN where it has no loss.

    Parameters
    ----------
    spec : StepInputs
        Features of a step.
    series : GroupedSeries
        Series to cut.
    share : float
        Part of each series held out at its end.
    """

    def __init__(self, spec: StepInputs, series: GroupedSeries, share: float) -> None:
        features, targets, _ = spec.unroll(series, np.arange(len(series)), series.lengths)
        self.inputs: list[np.ndarray] = []
        self.targets: list[np.ndarray] = []
        self.validation: list[int] = []
        late: list[tuple[np.ndarray, np.ndarray]] = []
        length = max(64, spec.span + spec.horizon)
        stride = max(1, min(length // 2, int(series.lengths.sum()) // _FEWEST))
        for x, y in zip(features, targets, strict=True):
            cut = len(y) - max(1, int(share * len(y))) if share else len(y)
            cut = cut if cut >= 2 else len(y)
            for end in sorted({cut, *range(cut, min(length, cut) - 1, -stride)}):
                self._add(x[max(0, end - length) : end], y[max(0, end - length) : end])
            if cut < len(y):
                begin = max(0, cut - length)
                masked = y[begin:].copy()
                masked[: cut - begin] = np.nan  # steps before the cut only warm up the state
                late.append((x[begin:], masked))
        for x, y in late:
            if np.isfinite(y[:, 0]).any():
                self.validation.append(len(self.inputs))
                self._add(x, y)

    def _add(self, x: np.ndarray, y: np.ndarray) -> None:
        self.inputs.append(x)
        self.targets.append(y)

    @property
    def lengths(self) -> np.ndarray:
        """Steps of each chunk."""
        return np.array([len(x) for x in self.inputs])

    def baseline(self, head: str) -> float:
        """Return the loss of the naive forecast on the held-out chunks: the last value with Gaussian steps; a Poisson of the mean."""
        from scipy.stats import poisson

        rows = self.validation or range(len(self.inputs))
        x, y = np.concatenate([self.inputs[i] for i in rows]), np.concatenate([self.targets[i] for i in rows])
        observed = np.isfinite(y[:, 0])
        if not observed.any():
            return 0.0
        if y.shape[1] == 2:
            return float(-poisson.logpmf(y[observed, 0], y[observed, 1]).mean())
        distance = y[observed, 0].astype(np.float64) - x[observed, 0]
        if head in ("quantile", "median"):
            return float(np.abs(distance).mean())
        squares = float((distance**2).mean())
        return squares if head == "point" else 0.5 * float(np.log(2 * np.pi * np.e * max(squares, 1e-12)))


def collate(values: list[Any], space: Any, rank: str) -> Any:  # noqa: ARG001  # signature of a collate function
    """Batch the inputs or targets of chunks."""
    return Ragged.from_list([torch.from_numpy(np.ascontiguousarray(value)) for value in values])
