"""Summary decoder: one answer per row, from a sequence (pooled) or from a single element."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from elman.errors import DataError, SettingError
from elman.network.decoders.wide import Wide
from elman.network.heads import ContinuousHead, Head
from elman.network.interfaces import Encoded, Loss, State, batch_size
from elman.network.pooling import Pooling
from elman.network.unbatch import to_rows
from elman.sequences import Ragged


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


class SummaryDecoder(nn.Module):
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

    def __init__(self, head: Head, pooling: Pooling | None = None, middle: nn.Module | None = None, wide: Wide | None = None) -> None:
        super().__init__()
        self.head, self.pooling, self.wide = head, pooling, wide
        self.middle = middle if middle is not None else nn.Identity()

    def features(self, encoded: Encoded) -> Tensor:
        """Return what the head takes of each row, (N, F), or (N, F + C) with the scores of a wide part in evaluation."""
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

    def loss(self, encoded: Encoded, target: Any) -> Loss:
        """Return the loss summed over rows; a horizon's target may be a Ragged, shorter rows count what they have."""
        if isinstance(target, Ragged):
            target = _horizon(target, self.head)
        each = self.head.loss(self.features(encoded), target)
        return Loss(total=each.sum(), units=batch_size(target), state=State(recurrent=encoded.state))

    def predict(self, encoded: Encoded) -> list[Any]:
        """Return the best answer of each row."""
        return to_rows(self.head.predict(self.features(encoded)))

    def proba(self, encoded: Encoded) -> list[Any]:
        """Return the probabilities of each row, (C,)."""
        return to_rows(self.head.proba(self.features(encoded)))
