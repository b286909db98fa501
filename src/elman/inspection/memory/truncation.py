"""Truncated memory: the output of a recurrent stack that can look back only a few steps.

Every state is computed anew from a zero state a few steps before it: with lag k from the steps t-k … t, in a stack that reads
both ways from t-k … t+k. Pooling, attention and head see all states as usual, so that only the memory of the recurrence is measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from elman.network.interfaces import map_tensors
from elman.nn.recurrent import Recurrent
from elman.sequences import Ragged
from elman.sequences.geometry import first_rows

_ROWS = 200_000
"""Steps of windows in one call of the kernel."""


@dataclass(frozen=True, kw_only=True)
class Cut:
    """Replaces the answer of a stack; see :func:`elman.inspection.hooks.replacing`.

    Attributes
    ----------
    lag : int
        Steps before its own that a state may know; 0 leaves the step alone.
    ends_only : bool
        Compute the states after each sequence's own last step only, where nothing else is read.
    """

    lag: int
    ends_only: bool = False

    def __call__(self, layer: Recurrent, x: Ragged, state: Any, answer: Any) -> Any:
        """Return output and last states, each computed from its own window."""
        sequence, last = answer
        if not len(x.batch_sizes) or self.lag >= len(x.batch_sizes) - 1:
            return answer
        data = sequence.data.clone()
        ends = map_tensors(torch.clone, last)
        with torch.no_grad():
            for windows in self._windows(x, layer.directions == 2):
                out, after = layer.forward(windows.batch(x), windows.first_state(state))
                places = first_rows(windows.frame.batch_sizes)[windows.centre] + windows.frame.unsorted_indices
                data[_places(x, windows.rows, windows.at).to(data.device)] = out.data[places.to(data.device)]
                _put_ends(ends, after, windows, x.lengths, layer.directions)
        return sequence.with_data(data), ends

    def _windows(self, x: Ragged, both: bool) -> Iterator[_Windows]:
        rows = torch.repeat_interleave(torch.arange(len(x), device="cpu"), x.lengths)
        at = torch.arange(len(rows), device="cpu") - torch.repeat_interleave(torch.cumsum(x.lengths, 0) - x.lengths, x.lengths)
        if self.ends_only:
            mask = (at == x.lengths[rows] - 1) | ((at == 0) if both else torch.zeros_like(at, dtype=torch.bool))
            rows, at = rows[mask], at[mask]
        for some in torch.arange(len(rows), device="cpu").split(max(1, _ROWS // ((1 + both) * self.lag + 1))):
            start = (at[some] - self.lag).clamp_min(0)
            stop = torch.minimum(at[some] + self.lag, x.lengths[rows[some]] - 1) if both else at[some]
            frame = Ragged.from_lengths(torch.empty(int((stop - start + 1).sum()), 0, device="cpu"), stop - start + 1)
            yield _Windows(rows=rows[some], at=at[some], start=start, frame=frame)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Windows:
    """W pieces of sequences: the row and step each is for, and where it starts."""

    rows: Tensor
    at: Tensor
    start: Tensor
    frame: Ragged

    @property
    def centre(self) -> Tensor:
        """Step of its window that each is for, (W,)."""
        return self.at - self.start

    def batch(self, x: Ragged) -> Ragged:
        """Return the windows as sequences of their own."""
        row_of = self.frame.row_of()
        index = _places(x, self.rows[row_of], self.start[row_of] + self.frame.step_of())
        return self.frame.with_data(x.data[index.to(x.data.device)])

    def first_state(self, state: Any) -> Any:
        """Return the given first state for windows that start where their sequence does, zeros for the others."""
        if state is None:
            return None
        begins = self.start == 0
        return map_tensors(lambda t: t[:, self.rows.to(t.device)] * begins.to(t)[:, None], state)


def _places(x: Ragged, rows: Tensor, steps: Tensor) -> Tensor:
    """Packed rows of steps of sequences."""
    return first_rows(x.batch_sizes)[steps] + x.unsorted_indices[rows]


def _put_ends(ends: Any, after: Any, windows: _Windows, lengths: Tensor, directions: int) -> None:
    """Put the states after last steps (of the backward direction, after first steps) where a whole pass has them."""
    lasts = torch.nonzero(windows.at == lengths[windows.rows] - 1).flatten()
    firsts = torch.nonzero(windows.at == 0).flatten()
    pairs = zip(ends, after, strict=True) if isinstance(ends, tuple) else [(ends, after)]
    for saved, new in pairs:
        for way, some in enumerate((lasts, firsts)[:directions]):
            saved[way::directions, windows.rows[some].to(saved.device)] = new[way::directions, some.to(saved.device)]


def average(layer: Recurrent, x: Ragged, state: Any, answer: Any) -> Any:  # noqa: ARG001  # one signature for all that replaces
    """Return the average state at every step: an answer without information about the value."""
    sequence, last = answer
    if not len(sequence.data) or (state is not None and len(x.batch_sizes) == 1):  # the state of a decoder's step is averaged already
        return answer
    data = sequence.data.mean(0, keepdim=True).expand_as(sequence.data)
    return sequence.with_data(data.clone()), map_tensors(lambda t: t.mean(1, keepdim=True).expand_as(t).clone(), last)
