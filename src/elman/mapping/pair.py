"""Pair of a source and a target: from values to encoded rows, and from answers back to values."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.codecs import Codec
from elman.codecs.capabilities import AugmentsPair, Locates, Sized, Spells, augmentation_of
from elman.codecs.codec import each
from elman.codecs.lazy_files import encoded
from elman.errors import DataError, ElmanWarning, SettingError
from elman.fitting.inference import decode_all, length_of
from elman.generation import Hypothesis
from elman.mapping.copying import mark, point, written
from elman.network import Plan

_NAMED = 10
"""Rows that a warning names one by one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """Fitted codecs of a source and a target, and the plan of the network between them.

    Attributes
    ----------
    source : Codec
        Fitted.
    target : Codec
        Fitted.
    plan : Plan
        Plan of the network.
    """

    source: Codec
    target: Codec
    plan: Plan

    @property
    def copies(self) -> bool:
        """Whether the network may copy symbols from the source."""
        return bool(self.plan.copies) and isinstance(self.source, Spells)

    def encode_sources(self, xs: Sequence[Any]) -> list[Any]:
        """Encode values of the source, ready for the network."""
        rows = encoded(self.source, xs, cache=False)
        if not self.copies:
            return rows
        return [mark(self.source, x, np.asarray(row)) for x, row in zip(xs, rows, strict=True)]  # type: ignore[arg-type]  # it spells

    def encode_targets(self, xs: Sequence[Any], ys: Sequence[Any]) -> list[Any]:
        """Encode values of the target, ready for the network."""
        source, target = self.source, self.target
        rows = target.encode_all(place(source, target, xs, ys))
        if not self.copies or not isinstance(source, Spells) or not isinstance(target, Spells):
            return rows
        return [point(target, y, np.asarray(row), source.symbols(x)) if 0 in row else row for x, y, row in zip(xs, ys, rows, strict=True)]

    def decode(self, xs: Sequence[Any], answers: Sequence[Any]) -> Any:
        """Decode one answer a row; copied symbols are those of the source."""
        source, target = self.source, self.target
        if isinstance(target, Locates) and target.needs_source_size and isinstance(source, Sized):
            return [target.decode_in(answer, source.size_of(x)) for x, answer in zip(xs, answers, strict=True)]
        if not self.copies or not isinstance(target, Spells):
            return decode_all(target, answers)
        return [target.spell(self.symbols(x, answer)) for x, answer in zip(xs, answers, strict=True)]

    def symbols(self, x: Any, answer: np.ndarray) -> list[Any]:
        """Return the symbols of an answer to a value, from the vocabulary or copied; none where the target has no symbols."""
        if not isinstance(self.target, Spells):
            return []
        target: Any = self.target
        copies = bool((np.asarray(answer) > target.space.n).any())
        return written(target, answer, self.source.symbols(x) if copies and isinstance(self.source, Spells) else ())

    def names(self, x: Any, answer: np.ndarray) -> tuple[str, ...]:
        """Return the symbols of an answer as text."""
        if not isinstance(self.target, Spells):
            return ()
        spelled = [(symbol, self.target.spell([symbol])) for symbol in self.symbols(x, answer)]
        return tuple(text if isinstance(text, str) else str(symbol) for symbol, text in spelled)

    def decode_hypotheses(self, x: Any, hypotheses: Sequence[Hypothesis]) -> tuple[list[Any], list[Hypothesis]]:
        """Decode several answers to one value, best first; answers that spell the same text count once."""
        values = self.decode([x] * len(hypotheses), [answer.symbols for answer in hypotheses])
        first = [i for i, value in enumerate(values) if not isinstance(value, str) or value not in values[:i]]
        return [values[i] for i in first], [hypotheses[i] for i in first]

    def augmentations(self) -> tuple[Any, Any]:
        """Return the augmentation of sources in training, and that of sources together with their targets; None for none."""
        both = self.target.augment_pair if isinstance(self.target, AugmentsPair) and self.target.augments else None
        # answers to single steps stay true only if every step keeps its place
        keeps_answers = not self.plan.answers_steps or self.source.preserves_steps
        return (augmentation_of(self.source) if keeps_answers else None), both

    def check_lengths(self, sources: Sequence[Any], targets: Sequence[Any]) -> None:
        """Warn before training of rows that a model of frames (CTC) cannot learn: those whose target is too long for its source.

        Parameters
        ----------
        sources : sequence
            Encoded.
        targets : sequence
            Encoded.

        Warns
        -----
        ElmanWarning
            Rows, with the steps of each and the steps it needs.

        Raises
        ------
        DataError
            If no row at all can be learned.
        """
        if not self.plan.writes_frames:
            return
        stride = self.plan.time_stride
        available = np.array([-(-length_of(source) // stride) for source in sources])
        needed = np.array([len(target) + int((np.diff(target) == 0).sum()) for target in map(np.asarray, targets)])
        short = np.flatnonzero(needed > available)
        if not len(short):
            return
        named = "; ".join(f"row {row} has {available[row]} steps and needs {needed[row]}" for row in short[:_NAMED])
        more = f"; and {len(short) - _NAMED} more" if len(short) > _NAMED else ""
        unit = f" (a step of the network is {stride} of the source)" if stride > 1 else ""
        text = f"targets too long to be written in the steps of their sources{unit}: {named}{more}."
        text += " A target needs a step for each symbol and one between equal neighbours."
        if len(short) == len(available):
            raise DataError(f"{text} No row is left to learn from: use a smaller time_stride, shorter targets, or align='attention'.")
        warnings.warn(
            f"{len(short)} of {len(available)} {text} They are left out of training; repair or drop them.", ElmanWarning, stacklevel=4
        )


def place(source: Codec, target: Codec, xs: Sequence[Any], ys: Sequence[Any]) -> list[Any]:
    """Return targets beside the sizes of their sources where they are in units of them (boxes in pixels), others as they are."""
    if not isinstance(target, Locates) or not target.needs_source_size:
        return list(ys)
    if not isinstance(source, Sized):
        raise SettingError(f"Boxes in pixels lie in pictures; the source is {type(source).__name__}. Use Image() as the source.")
    return [target.place(y, size) for y, size in zip(ys, each(source.size_of, xs), strict=True)]
