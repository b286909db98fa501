"""Answers written in frames (CTC): several a row, each with the places and confidences of its symbols."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from elman.generation.ctc_beam import CTCBeam
from elman.generation.hypothesis import Hypothesis, Spans
from elman.kernels import ctc
from elman.network.assembly import SequenceModel, evaluating
from elman.network.decoders.ctc import CTCDecoder, collapse


@torch.no_grad()
def written_answers(model: SequenceModel, decoder: CTCDecoder, source: Any, search: CTCBeam | None = None) -> list[list[Hypothesis]]:
    """Return answers of a model that writes in frames."""
    with evaluating(model):
        rows = decoder.frames(model.encode(source))
    return [_answers(np.asarray(frames), decoder.blank, search) for frames in rows]


def _answers(frames: np.ndarray, blank: int, search: CTCBeam | None) -> list[Hypothesis]:
    if search is not None:
        return [_answer(frames, symbols, blank, score) for symbols, score in search.n_best(frames, blank)]
    return [_answer(frames, collapse(frames.argmax(-1), blank), blank, float(frames.max(-1).sum()))]


def _answer(frames: np.ndarray, symbols: Any, blank: int, score: float) -> Hypothesis:
    answers = np.asarray(symbols, dtype=np.int64)
    return Hypothesis(symbols=answers, log_prob=score, score=score, ended=True, spans=spans_of(frames, answers, blank))


def spans_of(frames: np.ndarray, symbols: np.ndarray, blank: int) -> Spans | None:
    """Return where symbols are in frames.

    Parameters
    ----------
    frames : ndarray
        (T, V + 1) log-probabilities.
    symbols : ndarray
        (L,) symbols.
    blank : int
        Index of the blank.

    Returns
    -------
    Spans or None
        None where they cannot be written in the frames.
    """
    result = ctc.align(frames, symbols, blank)
    if result is None:
        return None
    begin, end, _ = result
    sure = [float(np.exp(frames[a:b, s].max())) for a, b, s in zip(begin, end, symbols, strict=True)]
    return Spans(begin=begin, end=end, confidence=np.asarray(sure))
