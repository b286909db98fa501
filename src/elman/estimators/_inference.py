"""Inference: rows through a network in batches of like length, answers in the caller's order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from elman.codecs import Codec
from elman.estimators._decoding import beam_of, search_of
from elman.generation import Hypothesis, best_answers
from elman.network import SequenceModel, collate

_ROWS = 256
"""Rows in a batch at most."""
_STEPS = 32_768
"""Steps in a batch at most (one long row is a batch of its own)."""


def predict_rows(model: SequenceModel, sources: Sequence[Any], codec: Codec, **decoding: Any) -> list[Any]:
    """Return what ``codec.decode`` of the target takes, one a row, in the order given; with ``n_best=k``, k of them a row."""
    options = search_of(model.plan.decoder, decoding)
    if "n_best" in decoding:
        beam = beam_of(model.plan.decoder, decoding)
        length = options.get("max_length")
        return _in_batches(lambda source: _best(model, source, beam, length, decoding["n_best"]), model, sources, codec)
    return _in_batches(lambda source: model.predict(source, **options), model, sources, codec)


def _best(model: SequenceModel, source: Any, beam: Any, max_length: int | None, count: int) -> list[Any]:
    return [[answer.symbols for answer in row[:count]] for row in best_answers(model, source, beam, max_length=max_length)]


def scored_rows(model: SequenceModel, sources: Sequence[Any], codec: Codec, **decoding: Any) -> list[list[Hypothesis]]:
    """Return the ``n_best`` answers of each row (one by default) with their scores, best first, in the order given."""
    options = search_of(model.plan.decoder, decoding)
    beam, length, count = beam_of(model.plan.decoder, decoding), options.get("max_length"), decoding.get("n_best") or 1
    return _in_batches(lambda source: [row[:count] for row in best_answers(model, source, beam, max_length=length)], model, sources, codec)


def proba_rows(model: SequenceModel, sources: Sequence[Any], codec: Codec) -> list[np.ndarray]:
    """Return probabilities, (C,) or (T, C) a row, in the order given."""
    return _in_batches(model.predict_proba, model, sources, codec)


def quantile_rows(model: SequenceModel, sources: Sequence[Any], codec: Codec, levels: tuple[float, ...]) -> list[np.ndarray]:
    """Return quantiles of numbers, (*shape, Q) a row, in the order given."""
    return _in_batches(lambda source: list(model.quantiles(source, levels).cpu().numpy()), model, sources, codec)


def decode_all(codec: Codec, answers: Sequence[Any], *, nested: bool = False) -> Any:
    """Decode answers; single plain values of one type come as an array, as scikit-learn's do."""
    if nested:
        return [[codec.decode(answer) for answer in row] for row in answers]
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
