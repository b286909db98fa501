"""Training of direct networks: once with the last windows held out, to validate, and again on all windows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from elman.codecs.space import Continuous
from elman.fitting.learning import Learned, learn
from elman.forecasting.direct.inputs import SegmentInputs, WindowDataset, batch
from elman.forecasting.direct.linear import fit_ridge
from elman.forecasting.direct.windows import WindowSpec
from elman.forecasting.engine import FitRequest
from elman.forecasting.grouped import GroupedSeries
from elman.forecasting.schedule import validation_share, with_epochs
from elman.forecasting.split import split_in_time
from elman.metrics.by_target import Scoring
from elman.network import Plan, Sizes, build, plan
from elman.network.planning.infer import counted
from elman.network.planning.side import Side

_TRAIN, _HELD_OUT = 24_000, 4_000
"""Windows to train on, and held out, at most."""
_BATCH = 1_024
"""Windows evaluated at once."""
_FEWEST = 20
"""Held-out windows needed to try a linear map."""
_MEDIAN = 0.5
_BETTER = 0.99
"""Share of the network's error that one with a linear map must stay below."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Validation:
    """A network trained on early windows, with its errors on late ones.

    Attributes
    ----------
    inputs : SegmentInputs
        Inputs of the network.
    learned : Learned
        The network.
    margins : dict
        Widening of each interval.
    error : float
        Mean absolute error on the late windows, in their units; NaN without any.
    linear_error : float
        That of a linear map alone; NaN where none was fitted.
    penalty : float or None
        Penalty of the map.
    """

    inputs: SegmentInputs
    learned: Learned
    margins: dict[int, float]
    error: float
    linear_error: float
    penalty: float | None


class DirectTrainer:
    """Trainer of networks on windows.

    Parameters
    ----------
    series : GroupedSeries
        Training series.
    windows : pair of array
        Windows to train on, and held out, (m, 2) each.
    request : FitRequest
        Settings.
    """

    def __init__(self, series: GroupedSeries, windows: tuple[np.ndarray, np.ndarray], request: FitRequest) -> None:
        early, late = windows
        if not len(late) and len(early) > 1 and validation_share(request.training):
            early, late = early[:-1], early[-1:]
        self.series, self.request, self.windows, self.early = series, request, np.concatenate([early, late]), len(early)
        self.refit = request.refit and len(late) > 0
        # the metric takes the first of them: shuffled, so that they come from all series
        self.held_out = len(early) + np.random.default_rng(0).permutation(len(late))

    def validate(self, inputs: SegmentInputs) -> tuple[Validation, tuple[str, str]]:
        """Train on early windows and evaluate on late ones; where a linear map alone does better, also train on its residuals."""
        first = self._validate(inputs)
        setting = self.request.preparation.linear
        if setting != "auto":
            return first, ("yes" if setting else "no", "as set")
        if len(self.held_out) < _FEWEST or self.request.training.budget is not None or first.learned.history.stopped == "interrupted":
            return first, ("no", "nothing to judge it on, or no time")
        if not first.linear_error < _BETTER * first.error:
            return first, ("no", f"held-out error: network {first.error:.3f}, a linear map alone {first.linear_error:.3f}")
        second = self._validate(replace(inputs, linear=True))
        reason = f"held-out error: network {first.error:.3f}, a linear map alone {first.linear_error:.3f}, both {second.error:.3f}"
        return (second, ("yes", reason)) if second.error < _BETTER * first.error else (first, ("no", reason))

    def _validate(self, inputs: SegmentInputs) -> Validation:
        dataset, request = WindowDataset(inputs, self.series, self.windows), self.request
        layout = _plan(inputs, dataset, request)
        tries_map = inputs.linear or (request.preparation.linear == "auto" and len(self.held_out) >= _FEWEST)
        ridge, penalty, linear_error = fit_ridge(dataset, np.arange(self.early), self.held_out) if tries_map else (None, None, float("nan"))
        builder = ridge.builder() if ridge is not None and inputs.linear else build
        settings = with_epochs(request.training, self.early)
        learned = _learn(counted(layout, members=1) if self.refit else layout, dataset, settings, self.held_out, builder)
        margins, error = _evaluate(learned.model, dataset, self.held_out, request.levels)
        return Validation(inputs=inputs, learned=learned, margins=margins, error=error, linear_error=linear_error, penalty=penalty)

    def finish(self, validation: Validation) -> Learned:
        """Train on all windows for the best number of epochs; return the validated network where ``refit`` is off."""
        first, request = validation.learned, self.request
        if not self.refit or first.history.stopped in ("interrupted", "budget"):
            return first
        every, none = split(self.series, validation.inputs.spec, request, share=0.0)
        dataset = WindowDataset(validation.inputs, self.series, every)
        settings, held_out = with_epochs(request.training, len(every), epochs=first.history.best_epoch), none[:, 0]
        builder = build
        if validation.inputs.linear:
            builder = fit_ridge(dataset, np.arange(len(every)), held_out, penalty=validation.penalty)[0].builder()
        final = _learn(_plan(validation.inputs, dataset, request), dataset, settings, held_out, builder)
        return replace(final, history=first.history, baseline=first.baseline)


def _plan(inputs: SegmentInputs, dataset: WindowDataset, request: FitRequest) -> Plan:
    sizes = Sizes(rows=len(dataset), source_mean=float(dataset.lengths.mean()), source_max=int(dataset.lengths.max()))
    output = Side("one", Continuous(1))
    return plan(inputs.side(), output, request.network, examples=sizes, horizon=request.horizon, segment=inputs.segment)


def _learn(layout: Plan, dataset: WindowDataset, settings: Any, held_out: np.ndarray, builder: Any) -> Learned:
    options = {"from_zero": True, "collate": dataset.collate, "lengths": dataset.lengths, "held_out": held_out, "build": builder}
    return learn(layout, range(len(dataset)), dataset, settings, SCALED_ERROR, **options)


def split(series: GroupedSeries, spec: WindowSpec, request: FitRequest, *, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Split windows in time."""
    first = max(2, min(spec.context // 2, max(spec.seasons, default=1) + 1))
    seed = request.training.random_state
    return split_in_time(series.lengths, request.horizon, share=share, most=_TRAIN, most_held_out=_HELD_OUT, first=first, random_state=seed)


def quantile_levels(levels: Any) -> tuple[float, ...]:
    """Return the level of the median, and of both ends of each interval."""
    ends = [((1 - level / 100) / 2, (1 + level / 100) / 2) for level in levels]
    return (_MEDIAN, *(end for pair in ends for end in pair))


def _evaluate(model: Any, dataset: WindowDataset, held_out: np.ndarray, levels: tuple[int, ...]) -> tuple[dict[int, float], float]:
    """Return the widening of each interval that gives it its coverage on the held-out steps, and the mean absolute error there.

    Conformalized quantile regression (Romano 2019, eq. 6), pooled over the steps of the horizon.
    """
    if not len(held_out):
        return {int(level): 0.0 for level in levels}, float("nan")
    parts = []
    for at in range(0, len(held_out), _BATCH):
        inputs = batch(dataset.arrays(held_out[at : at + _BATCH]))
        with torch.inference_mode():
            parts.append(model.quantiles(inputs, quantile_levels(levels)).cpu().numpy())
    quantiles, truth = np.concatenate(parts), dataset.targets[held_out][..., 0]
    scores = {level: np.maximum(quantiles[..., 1 + 2 * i] - truth, truth - quantiles[..., 2 + 2 * i]) for i, level in enumerate(levels)}
    margins = {int(level): float(np.quantile(score, level / 100)) for level, score in scores.items()}
    return margins, float(np.abs(quantiles[..., 0] - truth).mean())


SCALED_ERROR = Scoring(
    metric="scaled error",
    baseline="simple forecast",
    higher_is_better=False,
    score=lambda predicted, truth: float(np.abs(np.stack(list(predicted)) - np.stack(list(truth))[..., 0]).mean()),
    constant=lambda train, rows: [np.zeros(len(row)) for row in rows],  # noqa: ARG005  # the reference itself
)
