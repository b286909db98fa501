"""CTC decoder: a source read frame by frame, a shorter target in the same order (Graves 2006)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from elman.errors import DataError
from elman.kernels import dense
from elman.network.decoders.decoder import AnswerOptions, Decoder
from elman.network.decoders.plan_parts import banned_of, classes_of
from elman.network.heads import SoftmaxHead
from elman.network.interfaces import Encoded, Loss, State
from elman.network.unbatch import to_rows
from elman.sequences import Ragged

if TYPE_CHECKING:
    from elman.network.planning.plan import Plan

FrameSearch = Callable[[np.ndarray, int], Sequence[int]]
"""From log-probabilities (T, V+1) and the blank's index to symbols."""


def collapse(best: np.ndarray, blank: int) -> np.ndarray:
    """Merge repeats, then drop blanks."""
    mask = np.ones(len(best), dtype=bool)
    mask[1:] = best[1:] != best[:-1]
    return best[mask & (best != blank)].astype(np.int64)


class CTCDecoder(Decoder):
    """A softmax with one more class, the blank (the last), and the CTC loss.

    Parameters
    ----------
    features : int
        Size of an encoded step.
    n : int
        Symbols of the target; the blank is index n.
    dropout : float
        Dropout on the features.
    banned : tuple of int
        Symbols never predicted (unknown).
    """

    name = "ctc"
    writes_frames = True

    def __init__(self, features: int, n: int, *, dropout: float = 0.0, banned: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.blank = n
        self.banned = list(banned)
        self.head = SoftmaxHead(features, n + 1, dropout=dropout)

    @classmethod
    def build(cls, plan: Plan, features: int) -> Self:
        """Return the decoder of a plan."""
        return cls(features, classes_of(plan), dropout=plan.dropout, banned=banned_of(plan))

    def log_proba(self, encoded: Encoded) -> Ragged:
        """Return log-probabilities of each frame, (ΣT, V+1)."""
        sequence = encoded.sequence
        if sequence is None:
            raise DataError("CTC needs a source of sequences; got single elements. Leave align at 'auto'.")
        return sequence.with_data(self.head.log_proba(sequence.data))

    def loss(self, encoded: Encoded, target: Ragged, state: State | None = None, ends: Tensor | None = None) -> Loss:  # noqa: ARG002  # one signature for all decoders
        """Return the loss summed over rows, in nats; units are target symbols. Rows that cannot fit count nothing."""
        frames = self.log_proba(encoded)
        units = int(target.lengths.clamp_min(1).sum())
        alive = torch.nonzero(frames.lengths > 0).flatten()
        if not len(alive):
            return Loss(total=frames.data.sum(), units=units)
        padded, _ = frames.to_padded()
        expected = functional.pad(target.to_padded()[0], (0, 1))  # one column even when every target is empty
        rows = alive.to(padded.device)
        # Empty rows are left out here: torch refuses or reads past input lengths of zero, depending on the device.
        total = functional.ctc_loss(
            padded.index_select(0, rows).transpose(0, 1),
            expected.index_select(0, rows),
            frames.lengths[alive],
            target.lengths[alive],
            blank=self.blank,
            reduction="sum",
            zero_infinity=True,
        )
        return Loss(total=total, units=units)

    def predict(self, encoded: Encoded, search: FrameSearch | None = None) -> list[np.ndarray]:
        """Return the symbols of each row: the best label per frame, collapsed, or those that ``search`` finds."""
        rows = self.frames(encoded)
        if search is None:
            return [collapse(row.argmax(-1), self.blank) for row in rows]
        return [np.asarray(search(row, self.blank), dtype=np.int64) for row in rows]

    def proba(self, encoded: Encoded, target: Any = None) -> list[np.ndarray]:  # noqa: ARG002  # one signature for all decoders
        """Return the probabilities of each frame, (T, V+1), the blank last."""
        frames = self.log_proba(encoded)
        return to_rows(frames.with_data(dense.exp(frames.data)))

    def answer(self, encoded: Encoded, options: AnswerOptions) -> list[np.ndarray]:
        """Return the symbols of each row."""
        return self.predict(encoded, options.search)

    def frames(self, encoded: Encoded) -> list[Any]:
        """Return the input of a search for each row: log-probabilities (T, V+1), -inf for symbols never predicted."""
        frames = self.log_proba(encoded)
        return to_rows(frames.with_data(self.forbid(frames.data)))

    def forbid(self, log_probs: Tensor) -> Tensor:
        """Return log-probabilities (T, V+1) with -inf for symbols that are never predicted."""
        return log_probs.index_fill(-1, torch.tensor(self.banned, dtype=torch.int64, device=log_probs.device), -torch.inf)
