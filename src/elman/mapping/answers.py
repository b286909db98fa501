"""Answers of a Model: values, with scores, attention and alignments where they are requested."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.codecs.capabilities import LabelsSteps, Timed
from elman.fitting.inference import answer_rows, predict_rows
from elman.generation import Hypothesis
from elman.generation.options import Decoding
from elman.mapping.alignment import Alignment
from elman.mapping.attention_map import AttentionMap
from elman.mapping.pair import Pair
from elman.network import SequenceModel


def answers_of(model: SequenceModel, pair: Pair, xs: Sequence[Any], decoding: Decoding) -> Any:
    """Return the answers of :meth:`elman.Model.predict`.

    Parameters
    ----------
    model : SequenceModel
        The network.
    pair : Pair
        Codecs and plan.
    xs : sequence
        Values of the source.
    decoding : Decoding
        Search, and the parts of an answer that are returned.

    Returns
    -------
    list or array or tuple
        Values, or several a row; with scores, attention or alignment a tuple of them and of each further part.
    """
    rows = pair.encode_sources(xs)
    if not decoding.whole:
        return pair.decode(xs, predict_rows(model, rows, pair.source, decoding))
    values, scores, maps, alignments = [], [], [], []
    for x, hypotheses in zip(xs, answer_rows(model, rows, pair.source, decoding), strict=True):
        texts, best = pair.decode_hypotheses(x, hypotheses)
        texts, best = texts[: decoding.n_best], best[: decoding.n_best]
        values.append(texts)
        scores.append([answer.score for answer in best])
        maps.append([_attention_map(pair, x, answer) for answer in best] if decoding.attention else [])
        alignments.append([_alignment(pair, answer) for answer in best] if decoding.alignment else [])
    further = ((scores, decoding.scores), (maps, decoding.attention), (alignments, decoding.alignment))
    parts = [values, *(part for part, is_returned in further if is_returned)]
    if decoding.n_best is None:
        parts = [[row[0] for row in part] for part in parts]
    return tuple(parts) if len(parts) > 1 else parts[0]


def _attention_map(pair: Pair, x: Any, answer: Hypothesis) -> AttentionMap:
    weights = np.zeros((len(answer.symbols), 0)) if answer.attention is None else answer.attention
    grid = pair.plan.grid
    if grid:
        names = [f"{row}, {column}" for row in range(grid[0]) for column in range(grid[1])]
    else:
        names = [str(label) for label in pair.source.step_labels(x)] if isinstance(pair.source, LabelsSteps) else []
        names = names or [str(step) for step in range(weights.shape[1])]
    target = pair.names(x, answer.symbols)
    return AttentionMap(weights=weights[:, : len(names)], source=tuple(names), target=target, score=answer.score, grid=grid)


def _alignment(pair: Pair, answer: Hypothesis) -> Alignment:
    unit = pair.plan.time_stride * (pair.source.frame_seconds if isinstance(pair.source, Timed) else 1)
    names, spans = pair.names(None, answer.symbols), answer.spans
    if spans is None:  # an answer of the prior that fits no path
        nowhere = np.full(len(names), np.nan)
        return Alignment(symbols=names, begin=nowhere, end=nowhere, confidence=nowhere, score=answer.score)
    return Alignment(symbols=names, begin=spans.begin * unit, end=spans.end * unit, confidence=spans.confidence, score=answer.score)
