"""Ensemble: several networks of one plan whose answers are averaged (Hansen & Salamon 1990)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from elman.codecs.space import Binary, Discrete
from elman.errors import SettingError
from elman.network.assembly import SequenceModel, build
from elman.network.interfaces import Loss
from elman.network.planning.plan import Plan


class Ensemble(nn.Module):
    """Networks that learned apart: probabilities are averaged, numbers too; the answer is the likeliest class.

    Parameters
    ----------
    plan : Plan
        The plan of each.
    members : iterable of SequenceModel
        The networks.
    """

    def __init__(self, plan: Plan, members: Iterable[SequenceModel]) -> None:
        super().__init__()
        self.plan = plan
        self.members = nn.ModuleList(members)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    def loss(self, source: Any, target: Any) -> Loss:
        """Return the mean of the members' losses."""
        losses = [member.loss(source, target) for member in self.members]  # pyright: ignore[reportCallIssue]
        return Loss(total=torch.stack([loss.total for loss in losses]).mean(), units=losses[0].units)

    def predict(self, source: Any, *, search: Any = None, max_length: int | None = None) -> list[Any]:
        """Return one answer per row, as the target's codec encodes it."""
        if search is not None or max_length is not None:
            raise SettingError(f"A {self.plan.decoder} model has nothing to search. Call predict without search and max_length.")
        if isinstance(self.plan.target.space, Discrete):
            return [row.argmax(-1) for row in self.predict_proba(source)]
        if isinstance(self.plan.target.space, Binary):
            return [(row > 0.5).astype(row.dtype) for row in self.predict_proba(source)]
        return self._mean(lambda member: member.predict(source))

    def predict_proba(self, source: Any, target: Any = None) -> list[Any]:
        """Return the mean of the members' probabilities per row, (C,) or (T, C)."""
        return self._mean(lambda member: member.predict_proba(source, target))

    @torch.no_grad()
    def quantiles(self, source: Any, levels: tuple[float, ...]) -> Tensor:
        """Return the mean of the members' quantiles, (N, *shape, Q)."""
        return torch.stack([member.quantiles(source, levels) for member in self.members]).mean(0)  # pyright: ignore[reportCallIssue]

    def _mean(self, answer: Callable[[Any], list[Any]]) -> list[Any]:
        answers = [answer(member) for member in self.members]
        return [np.mean(rows, axis=0, dtype=rows[0].dtype) for rows in zip(*answers, strict=True)]


def build_all(plan: Plan) -> SequenceModel | Ensemble:
    """Build the network of a plan, or its ensemble where the plan has several members.

    Parameters
    ----------
    plan : Plan
        From :func:`elman.network.plan` or a model file.

    Returns
    -------
    SequenceModel or Ensemble
        In training mode, with first weights.
    """
    return build(plan) if plan.members == 1 else Ensemble(plan, [build(plan) for _ in range(plan.members)])


def members_of(model: Any) -> list[SequenceModel]:
    """Return the networks of a model, one or several."""
    return [*model.members] if isinstance(model, Ensemble) else [model]  # type: ignore[list-item]
