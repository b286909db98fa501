"""Learning: encoded rows and a plan become a trained network, with its history and the baseline beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from sklearn.base import clone

from elman.codecs import Discrete
from elman.fitting import wide as _wide
from elman.fitting.inference import batches_by_length
from elman.metrics.by_target import Scoring
from elman.network import Plan, SequenceModel, build
from elman.network.ensemble import Ensemble
from elman.network.planning.infer import counted
from elman.training.examples import Augment, AugmentPair, Collate, Examples, split_rows
from elman.training.history import History
from elman.training.loop import fit
from elman.training.randomness import seeded_build
from elman.training.resolve import resolve
from elman.training.settings import Training, seconds

_EVALUATED = 2_000
"""Held-out rows that the metric looks at after an epoch; the loss looks at all."""
_SEEDS = 1_000
"""Distance of the seeds of two members."""


@dataclass(frozen=True, kw_only=True)
class Learned:
    """Result of fitting."""

    plan: Plan
    model: Any  # a SequenceModel or an Ensemble: both answer the same calls
    history: History
    baseline: float

    def attributes(self) -> dict[str, Any]:
        """Return the results as fitted attributes of an estimator."""
        return {"plan_": self.plan, "model_": self.model, "history_": self.history, "baseline_": self.baseline}


class _ScoredTask:
    """The metric of a scoring on held-out rows, for the loop's progress line and early stopping."""

    def __init__(self, scoring: Scoring, baseline: float) -> None:
        self.metric, self.higher_is_better, self.baseline = scoring.metric, scoring.higher_is_better, baseline
        self._scoring = scoring
        if scoring.from_loss:
            self.from_loss = float

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
    build: Callable[[Plan], SequenceModel] = build,
    collate: Collate | None = None,
    lengths: np.ndarray | None = None,
    augment_encoded: Augment | None = None,
    augment_pair: AugmentPair | None = None,
) -> Learned:
    """Train a network, or the members of an ensemble one after the other, on encoded rows.

    Parameters
    ----------
    plan : Plan
        Plan of the network.
    sources : sequence, optional
        Encoded values, one a row; None for a language model.
    targets : sequence
        The same of the target.
    training : Training
        How to learn.
    scoring : Scoring
        Metric and baseline.
    held_out : array of int, optional
        Rows to check on; drawn by ``validation_fraction`` when not given, others for each member.
    from_zero : bool, default False
        Begin with a head that answers zero, where zero is the baseline's answer.
    build : callable, optional
        Makes the network of a plan.
    collate : callable, optional
        Makes a batch of rows that are not encoded one by one.
    lengths : array of int, optional
        Steps of each row, where the rows themselves do not show them.
    augment_encoded : callable, optional
        Augmentation of each value of the source that is learned from.
    augment_pair : callable, optional
        Augmentation of a source and its target together, instead of ``augment_encoded``.

    Returns
    -------
    Learned
        The network with its best weights, in evaluation mode.
    """
    space, rank = (None, "many") if plan.source is None else (plan.source.space, plan.source.rank)
    spaces = {"source_space": space, "target_space": plan.target.space, "source_rank": rank, "target_rank": plan.target.rank}
    examples = Examples(sources, targets, **spaces, collate=collate, lengths=lengths, steps=lengths)
    keys = None if not plan.wide or sources is None else _wide.choose(plan, sources)
    plan = plan if keys is None else counted(plan, wide=len(keys))
    options = _Options(
        held_out=held_out, from_zero=from_zero, keys=keys, build=build, augment_encoded=augment_encoded, augment_pair=augment_pair
    )
    learned: list[Learned] = []
    for member in range(plan.members):
        settings = settings_of(training, member, plan.members)
        learned.append(_learn_one(plan, examples, settings, scoring, options))
        if learned[-1].history.stopped == "interrupted":
            break
    if len(learned) == 1:
        return replace(learned[0], plan=counted(plan, members=1))
    plan = counted(plan, members=len(learned))
    first, last = learned[0], learned[-1]
    history = replace(first.history, stopped=last.history.stopped) if last.history.interrupted else first.history
    return replace(first, plan=plan, model=Ensemble(plan, [member.model for member in learned]).eval(), history=history)


def settings_of(training: Training, member: int, members: int) -> Training:
    """Return the settings of one member: a seed of its own, and its share of the time."""
    if members == 1:
        return training
    adapted: Any = clone(training)
    return adapted.set_params(
        random_state=training.random_state + _SEEDS * member,
        budget=None if training.budget is None else seconds(training.budget) / members,
    )


@dataclass(frozen=True, kw_only=True)
class _Options:
    held_out: np.ndarray | None
    from_zero: bool
    keys: torch.Tensor | None
    build: Callable[[Plan], SequenceModel]
    augment_encoded: Augment | None
    augment_pair: AugmentPair | None


def _learn_one(plan: Plan, examples: Examples, training: Training, scoring: Scoring, options: _Options) -> Learned:
    targets, held = examples.target, options.held_out
    train, held = _split(plan, targets, training) if held is None else (np.setdiff1d(np.arange(len(targets)), held), held)
    checked = held if len(held) else train
    truth = [targets[row] for row in checked]
    baseline = scoring.score(scoring.constant([targets[row] for row in train], truth), truth)
    with seeded_build(training.random_state):
        model = options.build(replace(plan, members=1))
    if options.from_zero:
        for weight in model.decoder.head.parameters():  # pyright: ignore[reportAttributeAccessIssue]
            torch.nn.init.zeros_(weight)
    parts = examples.subset(train), examples.subset(held)
    parts[0].augment_encoded, parts[0].augment_pair = options.augment_encoded, options.augment_pair
    wide = getattr(model.decoder, "wide", None)
    if wide is not None and options.keys is not None:
        _wide.fit(wide, plan, options.keys, parts[0].source or (), parts[0].target)
    history = fit(model, parts[0], parts[1] if len(held) else None, training, _ScoredTask(scoring, baseline))
    if wide is not None:
        _wide.weigh(model, parts[1].source or (), parts[1].target)
    return Learned(plan=plan, model=model.eval(), history=history, baseline=baseline)


def _split(plan: Plan, targets: Sequence[Any], training: Training) -> tuple[np.ndarray, np.ndarray]:
    categories = plan.target.rank == "one" and isinstance(plan.target.space, Discrete)
    strata = [int(target) for target in targets] if categories else None
    return split_rows(
        len(targets), resolve(training, len(targets), 1.0).validation_fraction, strata=strata, random_state=training.random_state
    )
