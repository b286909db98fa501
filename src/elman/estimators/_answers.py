"""Answers: from values of a source to values of the target, one or several a row, with attention where it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.codecs import Codec
from elman.codecs.sharing import Spelled
from elman.codecs.text import Text
from elman.estimators._decoding import Decoding
from elman.estimators._inference import answer_rows, predict_rows
from elman.estimators._pairs import different, sources_of, symbols_of, values_of
from elman.estimators.attention_map import AttentionMap
from elman.generation import Hypothesis
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
    values, scores, maps = [], [], []
    for x, found in zip(xs, answer_rows(model, rows, source, decoding), strict=True):
        said, kept = different(source, target, model.plan, x, found)
        said, kept = said[: decoding.n_best], kept[: decoding.n_best]
        values.append(said)
        scores.append([answer.score for answer in kept])
        maps.append([_map(source, target, x, answer) for answer in kept] if decoding.attention else [])
    wanted = [values, *([scores] if decoding.scores else []), *([maps] if decoding.attention else [])]
    if decoding.n_best is None:
        wanted = [[row[0] for row in each] for each in wanted]
    return tuple(wanted) if len(wanted) > 1 else wanted[0]


def _map(source: Codec, target: Codec, x: Any, answer: Hypothesis) -> AttentionMap:
    weights = np.zeros((len(answer.symbols), 0)) if answer.attention is None else answer.attention
    names = (
        source.tokens(x)
        if isinstance(source, Text)
        else [str(symbol) for symbol in source.symbols(x)]
        if isinstance(source, Spelled)
        else None
    )
    if names is None:
        names = [str(step) for step in range(weights.shape[1])]
    said = [_name(target, symbol) for symbol in symbols_of(source, target, x, answer.symbols)] if isinstance(target, Spelled) else []
    return AttentionMap(weights=weights[:, : len(names)], source=tuple(names), target=tuple(said), score=answer.score)


def _steps(source: Codec, x: Any, count: int) -> list[str]:
    if isinstance(source, Text):
        return source.tokens(x)
    return [str(symbol) for symbol in (source.symbols(x) if isinstance(source, Spelled) else range(count))]


def _name(target: Spelled, symbol: Any) -> str:
    return target.spell([symbol]) if isinstance(target, Text) else str(symbol)
