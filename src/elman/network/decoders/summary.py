"""Summary decoder: one answer per row, from a sequence (pooled) or from a single element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from elman.errors import DataError, SettingError
from elman.network.batch_invariant import Linear
from elman.network.decoders.decoder import Decoder
from elman.network.decoders.plan_parts import head_of
from elman.network.decoders.wide import MixedOutput, Wide
from elman.network.heads import ContinuousHead, Head
from elman.network.interfaces import Encoded, Loss, State, batch_size
from elman.network.pooling import Pooling
from elman.network.unbatch import to_rows
from elman.sequences import Ragged

if TYPE_CHECKING:
    from elman.network.planning.plan import Plan


def _horizon(target: Ragged, head: Head) -> Tensor:
    """Pad a target to the horizon with NaN, which the loss leaves out."""
    if not isinstance(head, ContinuousHead) or len(head.shape) != 2:
        raise DataError("This model gives one answer per row; got a target of sequences. Collate the target with rank 'one'.")
    horizon = head.shape[0]
    if len(target) and int(target.lengths.max()) > horizon:
        row = int(target.lengths.argmax())
        raise DataError(f"a target has at most {horizon} steps, the horizon; got {int(target.lengths[row])}. Cut the target.", row=row)
    padded, _ = target.to_padded(float("nan"))
    return functional.pad(padded, (0, 0, 0, horizon - padded.shape[1]), value=float("nan"))


class SummaryDecoder(Decoder):
    """Pool, then one head. With a horizon × features head it is the direct forecaster.

    Parameters
    ----------
    head : Head
        Distribution over the answer.
    pooling : Pooling, optional
        For sources of rank "many".
    middle : nn.Module, optional
        Layers between a vector and the head, for sources of rank "one".
    wide : Wide, optional
        A linear model on n-grams, whose scores a head with a ``MixedOutput`` adds in evaluation.
    """

    name = "summary"
    answers_whole = averages = True

    def __init__(self, head: Head, pooling: Pooling | None = None, middle: nn.Module | None = None, wide: Wide | None = None) -> None:
        super().__init__()
        self.head, self.pooling, self.wide = head, pooling, wide
        self.middle = middle if middle is not None else nn.Identity()

    @classmethod
    def build(cls, plan: Plan, features: int) -> Self:
        """Return the decoder of a plan."""
        if plan.source is not None and plan.source.rank == "many":
            pooling = Pooling(features, plan.pooling)
            head = head_of(plan, pooling.out_features, horizon=plan.horizon)
            return cls(head, pooling, wide=_wide(plan, head) if plan.wide else None)
        middle = nn.Sequential(nn.ReLU(), Linear(features, plan.hidden_size), nn.ReLU())
        return cls(head_of(plan, plan.hidden_size, horizon=plan.horizon), None, middle)

    def features(self, encoded: Encoded) -> Tensor:
        """Return the input of the head for each row, (N, F), or (N, F + C) with the scores of a wide part in evaluation."""
        vector = self.vector(encoded)
        if self.wide is None or self.training:
            return vector
        return torch.cat([vector, self.wide(encoded.source)], 1)

    def vector(self, encoded: Encoded) -> Tensor:
        """Return the vector of each row, (N, F)."""
        vector = encoded.vector if encoded.vector is not None else self._nothing(encoded)
        if self.pooling is not None and encoded.sequence is not None:
            vector = self.pooling(encoded.sequence, vector)
        return self.middle(vector)

    def _nothing(self, encoded: Encoded) -> Tensor:
        raise SettingError(f"A summary needs a source; {encoded.size} rows came without one. Pass the source to loss or predict.")

    def loss(self, encoded: Encoded, target: Any, state: State | None = None, ends: Tensor | None = None) -> Loss:  # noqa: ARG002  # one signature for all decoders
        """Return the loss summed over rows; a horizon's target may be a Ragged, shorter rows count the steps they have."""
        if isinstance(target, Ragged):
            target = _horizon(target, self.head)
        each = self.head.loss(self.features(encoded), target)
        return Loss(total=each.sum(), units=batch_size(target), state=State(recurrent=encoded.state))

    def predict(self, encoded: Encoded) -> list[Any]:
        """Return the best answer of each row."""
        return to_rows(self.head.predict(self.features(encoded)))

    def proba(self, encoded: Encoded, target: Any = None) -> list[Any]:  # noqa: ARG002  # one signature for all decoders
        """Return the probabilities of each row, (C,)."""
        return to_rows(self.head.proba(self.features(encoded)))

    def quantiles(self, encoded: Encoded, levels: tuple[float, ...]) -> Tensor:
        """Return quantiles of a head of numbers."""
        if not isinstance(self.head, ContinuousHead):
            return super().quantiles(encoded, levels)
        return self.head.quantiles(self.features(encoded), levels)

    @property
    def reads_last_only(self) -> bool:
        """Whether only the state after the last step is read."""
        return self.pooling is not None and self.pooling.is_last

    def running_features(self, states: Tensor, ends: list[int]) -> Tensor | None:
        """Return the head's input for beginnings of one sequence of states, up to and with each end."""
        return None if self.pooling is None else self.middle(self.pooling.running(states)[ends])

    def unstreamable_reason(self) -> str | None:
        """Return the reason why answers cannot be given while the source is read, None if they can."""
        if self.wide is not None:
            return "its linear part weighs the n-grams of the whole; fit it with Network(wide=False)"
        if self.pooling is not None and not self.pooling.runs:
            return "its pooling weighs all steps anew; fit it with another, for example Network(pooling='mean')"
        return None


def _wide(plan: Plan, head: Any) -> Wide:
    outputs = head.output.linear.out_features
    head.output = MixedOutput(head.output, outputs)
    return Wide(plan.wide, outputs)
