"""Step decoder: one answer per step of the source."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from elman.errors import DataError
from elman.network.heads import Head
from elman.network.interfaces import Encoded, Loss, State
from elman.network.unbatch import as_sequences, to_rows
from elman.sequences import Ragged


class StepDecoder(nn.Module):
    """A head on every step; source and target have the same lengths, row by row.

    Parameters
    ----------
    head : Head
        Distribution over one element of the target.
    """

    def __init__(self, head: Head) -> None:
        super().__init__()
        self.head = head

    def loss(self, encoded: Encoded, target: Any) -> Loss:
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

    def proba(self, encoded: Encoded) -> list[Any]:
        """Return the probabilities of each row, (T, C)."""
        sequence = _sequence(encoded)
        return to_rows(as_sequences(self.head.proba(sequence.data), sequence))


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
