"""Learning: encoded rows and a plan become a trained network, with its history and the baseline beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from elman.codecs import Discrete
from elman.estimators._inference import batches_by_length
from elman.estimators._scoring import Scoring
from elman.network import Plan, SequenceModel, build
from elman.training.examples import Examples, split_rows
from elman.training.history import History
from elman.training.loop import fit
from elman.training.resolve import resolve
from elman.training.settings import Training

_EVALUATED = 2_000
"""Held-out rows that the metric looks at after an epoch; the loss looks at all."""


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What fitting leaves behind."""

    model: SequenceModel
    history: History
    baseline: float


class _ScoredTask:
    """The metric of a scoring on held-out rows, for the loop's progress line and early stopping."""

    def __init__(self, scoring: Scoring, baseline: float) -> None:
        self.metric, self.higher_is_better, self.baseline = scoring.metric, scoring.higher_is_better, baseline
        self._scoring = scoring

    def evaluate(self, model: Any, examples: Examples) -> float:
        """Return the metric of the model on (at most 2,000 of) these rows."""
        rows = range(min(len(examples), _EVALUATED))
        truth = [examples.target[row] for row in rows]
        return self._scoring.score(_answers(model, examples, len(truth)), truth)


def _answers(model: SequenceModel, examples: Examples, count: int) -> list[Any]:
    answers: list[Any] = [None] * count
    with torch.inference_mode():
        for rows in batches_by_length(examples.lengths[:count].tolist()):
            source, _ = examples.collate(rows)
            for row, answer in zip(rows, model.predict(source), strict=True):
                answers[row] = answer
    return answers


def learn(
    plan: Plan,
    sources: Sequence[Any] | None,
    targets: Sequence[Any],
    training: Training,
    scoring: Scoring,
    *,
    held_out: np.ndarray | None = None,
    from_zero: bool = False,
) -> Learned:
    """Train a network on encoded rows.

    Parameters
    ----------
    plan : Plan
        What to build.
    sources : sequence, optional
        Encoded values, one a row; None for a language model.
    targets : sequence
        The same of the target.
    training : Training
        How to learn.
    scoring : Scoring
        Metric and baseline.
    held_out : array of int, optional
        Rows to check on; drawn by ``validation_fraction`` when not given.
    from_zero : bool, default False
        Begin with a head that answers zero, where zero is the baseline's answer.

    Returns
    -------
    Learned
        The network with its best weights, in evaluation mode.
    """
    space, rank = (None, "many") if plan.source is None else (plan.source.space, plan.source.rank)
    examples = Examples(
        sources, targets, source_space=space, target_space=plan.target.space, source_rank=rank, target_rank=plan.target.rank
    )
    train, held = _split(plan, targets, training) if held_out is None else (np.setdiff1d(np.arange(len(targets)), held_out), held_out)
    checked = held if len(held) else train
    truth = [targets[row] for row in checked]
    baseline = scoring.score(scoring.constant([targets[row] for row in train], truth), truth)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.random_state)
        model = build(plan)
    if from_zero:
        for weight in model.decoder.head.parameters():
            torch.nn.init.zeros_(weight)
    history = fit(model, examples.subset(train), examples.subset(held) if len(held) else None, training, _ScoredTask(scoring, baseline))
    return Learned(model=model.eval(), history=history, baseline=baseline)


def _split(plan: Plan, targets: Sequence[Any], training: Training) -> tuple[np.ndarray, np.ndarray]:
    categories = plan.target.rank == "one" and isinstance(plan.target.space, Discrete)
    strata = [int(target) for target in targets] if categories else None
    return split_rows(
        len(targets), resolve(training, len(targets), 1.0).validation_fraction, strata=strata, random_state=training.random_state
    )
