"""Rows: values of an estimator with their answers, encoded and ready to be batched, to measure on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Self

import numpy as np

from elman.errors import SettingError
from elman.fitting.fitted import forecasts, generates, takes_answers
from elman.fitting.inference import length_of, predict_rows
from elman.fitting.inputs import paired_rows, rows_of
from elman.inspection.series_batches import windows_of
from elman.language import continuous as _elements
from elman.language.corpus import documents_of
from elman.network import collate

Collate = Callable[[list[Any] | None, list[Any]], tuple[Any, Any]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """Encoded rows to measure on.

    Attributes
    ----------
    sources : list or None
        One a row; None for a language model.
    targets : list
        One a row.
    lengths : ndarray
        (N,) steps that the recurrence reads of each (of a text one more than its symbols).
    collate : callable
        ``collate(sources, targets)`` gives the batch that a network takes.
    """

    sources: list[Any] | None
    targets: list[Any]
    lengths: np.ndarray
    collate: Collate

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.targets)

    def take(self, rows: Sequence[int]) -> Self:
        """Return some rows."""
        sources = None if self.sources is None else [self.sources[row] for row in rows]
        return replace(self, sources=sources, targets=[self.targets[row] for row in rows], lengths=self.lengths[list(rows)])

    def batch(self, rows: Sequence[int]) -> tuple[Any, Any]:
        """Return some rows, collated: source and target."""
        some = self.take(rows)
        return self.collate(some.sources, some.targets)

    def in_pieces(self, longest: int) -> Self:
        """Return the rows of a language model cut into pieces of a bounded length."""
        pieces = [row[at : at + longest] for row in self.targets for at in range(0, max(len(row), 1), longest)]
        return replace(self, targets=pieces, lengths=np.array([len(piece) + 1 for piece in pieces]))


def rows_for(model: Any, values: Any, answers: Any = None) -> Rows:
    """Return values of a fitted estimator with their answers, encoded.

    Parameters
    ----------
    model : Model, LanguageModel or Forecaster
        Fitted.
    values : list, array or column
        As its ``fit`` takes them.
    answers : list, array or column, optional
        Of a Model; its own where they are not given.

    Returns
    -------
    Rows
        One a value; of a forecaster one a window or series.
    """
    if not takes_answers(model) and answers is not None:
        raise SettingError(f"answers are for a Model; a {type(model).__name__} finds them in the values. Leave them out.")
    if generates(model):
        return written_rows(model, documents(model, values))
    if forecasts(model):
        return Rows(**windows_of(model, values))
    xs, ys = (rows_of(values, "values"), None) if answers is None else paired_rows(values, answers)
    sources = model.pair_.encode_sources(xs)
    if ys is None:
        targets = list(predict_rows(model.model_, sources, model.source_))
        if model.plan_.finds_places:
            targets = [row[:, :5] for row in targets]  # an answer has a score, a target has none
    else:
        targets = model.pair_.encode_targets(xs, ys)
    lengths = np.array([length_of(row) for row in sources])
    return Rows(sources=sources, targets=targets, lengths=lengths, collate=partial(_collate, model.plan_))


def documents(model: Any, values: Any) -> list[Any]:
    """Return the documents of a language model as a list: texts, or pieces of music."""
    return rows_of(values, "pieces") if _elements.without_classes(model.target_) else documents_of(values, model.target_)


def written_rows(model: Any, values: list[Any], encoded: list[np.ndarray] | None = None) -> Rows:
    """Return documents of a language model, encoded."""
    if encoded is None and _elements.without_classes(model.target_):
        encoded = _elements.pieces_of(model.target_, values)
    elif encoded is None:
        encoded = [np.asarray(row) for row in model.target_.encode_all(values)]
    lengths = np.array([len(row) + 1 for row in encoded])
    return Rows(sources=None, targets=encoded, lengths=lengths, collate=partial(_collate, model.plan_))


def _collate(plan: Any, sources: list[Any] | None, targets: list[Any]) -> tuple[Any, Any]:
    source = None if sources is None else collate(sources, plan.source.space, plan.source.rank)
    return source, collate(targets, plan.target.space, plan.target.rank)
