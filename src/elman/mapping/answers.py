"""Answers: from values of a source to values of the target, one or several a row, with attention where it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.codecs import Audio, Codec
from elman.codecs.shared_symbols import Spelled
from elman.codecs.text import Text
from elman.fitting.inference import answer_rows, predict_rows
from elman.generation import Hypothesis
from elman.generation.options import Decoding
from elman.mapping.alignment import Alignment
from elman.mapping.attention_map import AttentionMap
from elman.mapping.pairs import different, sources_of, symbols_of, values_of
from elman.network import SequenceModel


def answers_of(model: SequenceModel, source: Codec, target: Codec, xs: Sequence[Any], decoding: Decoding) -> Any:
    """Return what ``Model.predict`` returns.

    Parameters
    ----------
    model : SequenceModel
        The network.
    source : Codec
        Fitted.
    target : Codec
        Fitted.
    xs : sequence
        Values of the source.
    decoding : Decoding
        What is wanted.

    Returns
    -------
    list or array or tuple
        Values, or several a row; with scores or attention a tuple of them, their scores and their maps.
    """
    rows = sources_of(source, model.plan, xs)
    if not decoding.whole:
        return values_of(source, target, model.plan, xs, predict_rows(model, rows, source, decoding))
    values, scores, maps, places = [], [], [], []
    for x, found in zip(xs, answer_rows(model, rows, source, decoding), strict=True):
        said, kept = different(source, target, model.plan, x, found)
        said, kept = said[: decoding.n_best], kept[: decoding.n_best]
        values.append(said)
        scores.append([answer.score for answer in kept])
        maps.append([_map(source, target, model.plan.grid, x, answer) for answer in kept] if decoding.attention else [])
        places.append([_places(source, target, model.plan.time_stride, answer) for answer in kept] if decoding.alignment else [])
    shown = ((scores, decoding.scores), (maps, decoding.attention), (places, decoding.alignment))
    wanted = [values, *(each for each, asked in shown if asked)]
    if decoding.n_best is None:
        wanted = [[row[0] for row in each] for each in wanted]
    return tuple(wanted) if len(wanted) > 1 else wanted[0]


def _map(source: Codec, target: Codec, grid: tuple[int, ...], x: Any, answer: Hypothesis) -> AttentionMap:
    weights = np.zeros((len(answer.symbols), 0)) if answer.attention is None else answer.attention
    names = (
        source.tokens(x)
        if isinstance(source, Text)
        else [str(symbol) for symbol in source.symbols(x)]
        if isinstance(source, Spelled)
        else None
    )
    if grid:
        names = [f"{row}, {column}" for row in range(grid[0]) for column in range(grid[1])]
    if names is None:
        names = [str(step) for step in range(weights.shape[1])]
    said = [_name(target, symbol) for symbol in symbols_of(source, target, x, answer.symbols)] if isinstance(target, Spelled) else []
    return AttentionMap(weights=weights[:, : len(names)], source=tuple(names), target=tuple(said), score=answer.score, grid=grid)


def _places(source: Codec, target: Codec, stride: int, answer: Hypothesis) -> Alignment:
    unit = stride * (source.frame_seconds if isinstance(source, Audio) else 1)
    names = (
        tuple(_name(target, symbol) for symbol in symbols_of(source, target, None, answer.symbols)) if isinstance(target, Spelled) else ()
    )
    spans = answer.spans
    if spans is None:  # an answer that the prior preferred to all that fits
        nowhere = np.full(len(names), np.nan)
        return Alignment(symbols=names, begin=nowhere, end=nowhere, confidence=nowhere, score=answer.score)
    return Alignment(symbols=names, begin=spans.begin * unit, end=spans.end * unit, confidence=spans.confidence, score=answer.score)


def _name(target: Spelled, symbol: Any) -> str:
    return target.spell([symbol]) if isinstance(target, Text) else str(symbol)
