"""Step decoder: one answer per step of the source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor

from elman.errors import DataError
from elman.network.decoders.decoder import Decoder
from elman.network.decoders.plan_parts import head_of
from elman.network.heads import Head
from elman.network.interfaces import Encoded, Loss, State
from elman.network.unbatch import as_sequences, to_rows
from elman.sequences import Ragged

if TYPE_CHECKING:
    from elman.network.planning.plan import Plan


class StepDecoder(Decoder):
    """A head on every step; source and target have the same lengths, row by row.

    Parameters
    ----------
    head : Head
        Distribution over one element of the target.
    """

    name = "step"
    answers_steps = averages = True

    def __init__(self, head: Head) -> None:
        super().__init__()
        self.head = head

    @classmethod
    def build(cls, plan: Plan, features: int) -> Self:
        """Return the decoder of a plan."""
        return cls(head_of(plan, features))

    def loss(self, encoded: Encoded, target: Any, state: State | None = None, ends: Tensor | None = None) -> Loss:  # noqa: ARG002  # one signature for all decoders
        """Return the loss summed over steps; a difference in length raises DataError naming the row."""
        sequence = _sequence(encoded)
        for part in target.values() if isinstance(target, dict) else [target]:
            _same_lengths(sequence, part)
        data = {n: p.data for n, p in target.items()} if isinstance(target, dict) else target.data
        total = self.head.loss(sequence.data, data).sum() if len(sequence.data) else sequence.data.sum()
        return Loss(total=total, units=_known(data, len(sequence.data)), state=State(recurrent=encoded.state))

    def predict(self, encoded: Encoded) -> list[Any]:
        """Return the best elements of each row, (T, *)."""
        sequence = _sequence(encoded)
        return to_rows(as_sequences(self.head.predict(sequence.data), sequence))

    def proba(self, encoded: Encoded, target: Any = None) -> list[Any]:  # noqa: ARG002  # one signature for all decoders
        """Return the probabilities of each row, (T, C)."""
        sequence = _sequence(encoded)
        return to_rows(as_sequences(self.head.proba(sequence.data), sequence))

    def carries_state(self, network: Any) -> bool:
        """Whether the encoder reads one way, step by step."""
        return network.encoder is not None and network.encoder.directions == 1 and not network.plan.joined

    def unstreamable_reason(self) -> str | None:
        """Return None: each step is answered as it is read."""
        return None


def _known(data: Any, steps: int) -> int:
    """Count the steps with something to be learned: numbers that are NaN everywhere are left out of the loss."""
    if isinstance(data, dict) or not data.is_floating_point() or data.dim() < 2:
        return steps
    return int((~torch.isnan(data.flatten(1)).all(1)).sum())


def _sequence(encoded: Encoded) -> Ragged:
    if encoded.sequence is None:
        raise DataError("An aligned decoder needs a source of sequences; got single elements. Give sequences or leave align at 'auto'.")
    return encoded.sequence


def _same_lengths(source: Ragged, target: Ragged) -> None:
    if torch.equal(source.lengths, target.lengths):
        return
    row = int((source.lengths != target.lengths).nonzero()[0, 0])
    have, want = int(source.lengths[row]), int(target.lengths[row])
    raise DataError(
        f"with align='step' source and target must have the same length; got {have} and {want}. Use align='attention'.", row=row
    )
