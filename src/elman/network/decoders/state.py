"""State of a decoder between two steps, its memory of the source, and the output of a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from elman.network.interfaces import Recurrent, batch_size, map_tensors
from elman.sequences import Ragged


@dataclass(frozen=True, kw_only=True)
class Memory:
    """An encoded source for attention: values (N, S, M), keys (N, S, Q), mask (N, S), and for copying the class of each step (N, S)."""

    values: Tensor
    keys: Tensor
    mask: Tensor
    classes: Tensor | None = None

    def select(self, rows: Tensor) -> Memory:
        """Keep these sources only."""
        rows = rows.to(self.mask.device)
        classes = None if self.classes is None else self.classes.index_select(0, rows)
        return Memory(
            values=self.values.index_select(0, rows),
            keys=self.keys.index_select(0, rows),
            mask=self.mask.index_select(0, rows),
            classes=classes,
        )


@dataclass(frozen=True, kw_only=True)
class Looked:
    """Output of M steps of a decoder.

    Notes
    -----
    Shapes:

        features  (M, F)     weights  (M, S) attention     gate  (M, 1) of a pointer     penalty  (M,) of coverage
    """

    features: Tensor
    weights: Tensor | None = None
    gate: Tensor | None = None
    penalty: Tensor | None = None

    @classmethod
    def in_one(cls, found: Sequence[Looked]) -> Looked:
        """Lay several steps end to end."""
        parts = {name: [getattr(looked, name) for looked in found] for name in ("features", "weights", "gate", "penalty")}
        joined: dict[str, Any] = {name: None if part[0] is None else torch.cat(part) for name, part in parts.items()}
        return cls(**joined)


@dataclass(frozen=True, kw_only=True)
class DecoderState:
    """State of M answers. Everything a step needs is in here; nothing is kept in the module.

    Answers to one source are side by side and share its memory: M = width · sources.

    Notes
    -----
    Shapes:

        recurrent  h or (h, c), each (L, M, H)    last  newest elements (M, *)    feed  (M, F) attentional vector of input feeding
        memory     the sources                     context  (M, E) vector of a source of rank "one"
        covered    (M, S) attention so far
    """

    recurrent: Recurrent | None
    last: Any
    feed: Tensor | None = None
    memory: Memory | None = None
    context: Tensor | None = None
    covered: Tensor | None = None

    @property
    def rows(self) -> int:
        """Answers M."""
        return batch_size(self.last)

    @property
    def width(self) -> int:
        """Answers to each source."""
        sources = self.rows if self.memory is None else len(self.memory.mask)
        return self.rows // sources if sources else 1

    @property
    def classes(self) -> Tensor | None:
        """Class of each step of the source for each answer when copied, (M, S)."""
        classes = None if self.memory is None else self.memory.classes
        return None if classes is None else classes.repeat_interleave(self.width, 0)

    def classes_of(self, geometry: Ragged) -> Tensor | None:
        """The same for each step of a batch in packed order, (ΣT, S)."""
        classes = self.classes
        return None if classes is None else classes.index_select(0, geometry.row_of().to(classes.device))

    def reorder(self, rows: Tensor) -> DecoderState:
        """Let each row go on from another row of the same source."""
        return replace(
            self,
            recurrent=map_tensors(lambda t: t.index_select(1, rows.to(t.device)), self.recurrent),
            last=map_tensors(lambda t: t.index_select(0, rows.to(t.device)), self.last),
            feed=map_tensors(lambda t: t.index_select(0, rows.to(t.device)), self.feed),
            covered=map_tensors(lambda t: t.index_select(0, rows.to(t.device)), self.covered),
        )

    def select(self, rows: Tensor) -> DecoderState:
        """Keep these rows only, with their sources: all answers of a source or none."""
        sources = rows if self.width == 1 else rows[:: self.width] // self.width
        context = None if self.context is None else self.context.index_select(0, rows.to(self.context.device))
        return replace(self.reorder(rows), memory=None if self.memory is None else self.memory.select(sources), context=context)

    def expand(self, times: int) -> DecoderState:
        """Repeat each row ``times`` times, copies side by side; sources are not copied."""
        rows = torch.arange(self.rows, device="cpu").repeat_interleave(times)
        context = None if self.context is None else self.context.index_select(0, rows.to(self.context.device))
        return replace(self.reorder(rows), context=context)
