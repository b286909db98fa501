"""Inference: rows through a network in batches of like length, answers in the caller's order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from elman.codecs import Codec
from elman.generation import Hypothesis, best_answers
from elman.generation.options import Decoding, decoding_of
from elman.network import SequenceModel, collate

_ROWS = 256
"""Rows in a batch at most."""
_STEPS = 32_768
"""Steps in a batch at most (one long row is a batch of its own)."""


def predict_rows(model: SequenceModel, sources: Sequence[Any], codec: Codec, decoding: Decoding | None = None) -> list[Any]:
    """Return encoded answers, one a row, in the order given."""
    keywords = (decoding or decoding_of(model.plan, {})).keywords
    return _in_batches(lambda source: model.predict(source, **keywords), model, sources, codec)


def answer_rows(model: SequenceModel, sources: Sequence[Any], codec: Codec, decoding: Decoding) -> list[list[Hypothesis]]:
    """Return answers with scores and attention, as many a row as were asked for, best first."""
    search, length, count = decoding.search, decoding.max_length, decoding.n_best or 1
    answers = _in_batches(lambda source: best_answers(model, source, search, max_length=length), model, sources, codec)
    return [row if decoding.n_best is not None else row[:count] for row in answers]


def proba_rows(model: SequenceModel, sources: Sequence[Any], codec: Codec) -> list[np.ndarray]:
    """Return probabilities, (C,) or (T, C) a row, in the order given."""
    return _in_batches(model.predict_proba, model, sources, codec)


def quantile_rows(model: SequenceModel, sources: Sequence[Any], codec: Codec, levels: tuple[float, ...]) -> list[np.ndarray]:
    """Return quantiles of numbers, (*shape, Q) a row, in the order given."""
    return _in_batches(lambda source: list(model.quantiles(source, levels).cpu().numpy()), model, sources, codec)


def decode_all(codec: Codec, answers: Sequence[Any]) -> Any:
    """Decode answers; single plain values of one type come as an array, as scikit-learn's do."""
    values = [codec.decode(answer) for answer in answers]
    if codec.rank == "one" and len({type(v) for v in values}) == 1 and isinstance(values[0], str | bool | int | float):
        return np.asarray(values)
    return values


def length_of(encoded: Any) -> int:
    """Return the number of steps of an encoded value (1 for a single one)."""
    if isinstance(encoded, dict):
        return max((length_of(part) for part in encoded.values()), default=1)
    return len(encoded) if getattr(encoded, "ndim", 0) else 1


def batches_by_length(lengths: Sequence[int]) -> Iterator[np.ndarray]:
    """Yield row numbers, longest rows first, so that a batch holds rows of like length and a bounded number of steps."""
    order = np.argsort(-np.asarray(lengths), kind="stable")
    start = 0
    while start < len(order):
        rows = max(1, min(_ROWS, _STEPS // max(1, lengths[order[start]])))
        yield order[start : start + rows]
        start += rows


def _in_batches(answer: Callable[[Any], list[Any]], model: SequenceModel, sources: Sequence[Any], codec: Codec) -> list[Any]:
    answers: list[Any] = [None] * len(sources)
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            for rows in batches_by_length([length_of(s) for s in sources]):
                batch = collate([sources[row] for row in rows], codec.space, codec.rank)
                for row, value in zip(rows, answer(batch), strict=True):
                    answers[row] = value
    finally:
        model.train(was_training)
    return answers
