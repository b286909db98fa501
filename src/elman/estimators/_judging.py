"""Judging: what a language model thinks of documents, read in windows so that memory does not grow with their length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from elman.estimators._inference import batches_by_length
from elman.io.tokens import Tokens
from elman.network import SequenceModel
from elman.network.assembly import evaluating
from elman.training.streams import Stream, Stretch, seat

_WINDOW = 512
"""Steps judged at a time."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Sums over all symbols of documents, their ends included."""

    nats: float
    hits: int
    units: int


def judge(model: SequenceModel, rows: Sequence[np.ndarray], *, hits: bool = False) -> Judged:
    """Judge encoded documents.

    Parameters
    ----------
    model : SequenceModel
        A language model.
    rows : sequence of int arrays
        Documents.
    hits : bool, default False
        Also count where the likeliest symbol is the one that follows.

    Returns
    -------
    Judged
        The sums.
    """
    decoder = model._autoregressive()
    tokens = Tokens.of(rows, decoder.feedback.space.n)  # type: ignore[attr-defined]
    nats, found, units = 0.0, 0, 0
    with torch.no_grad(), evaluating(model):
        for batch in batches_by_length((tokens.lengths + 1).tolist()):
            readers = seat([_whole(tokens, int(row)) for row in batch]).to(model.device)
            state = None
            for window in readers.windows(_WINDOW):
                losses, right, state = decoder.judge_on(window.symbols, window.wanted, window.enter(state), hits=hits)
                nats, found, units = nats + float(losses.double().sum()), found + int(right), units + len(losses)
    return Judged(nats=nats, hits=found, units=units)


def nats_each(model: SequenceModel, rows: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return what each symbol of each document costs.

    Parameters
    ----------
    model : SequenceModel
        A language model.
    rows : sequence of int arrays
        Documents.

    Returns
    -------
    list of ndarray
        (T + 1,) nats a document, its end last.
    """
    decoder = model._autoregressive()
    tokens = Tokens.of(rows, decoder.feedback.space.n)  # type: ignore[attr-defined]
    found: list[list[np.ndarray]] = [[] for _ in rows]
    with torch.no_grad(), evaluating(model):
        for batch in batches_by_length((tokens.lengths + 1).tolist()):
            readers = seat([_whole(tokens, int(row)) for row in batch]).to(model.device)
            state = None
            for begin, window in enumerate(readers.windows(_WINDOW)):
                losses, _, state = decoder.judge_on(window.symbols, window.wanted, window.enter(state), hits=False)
                still = batch[(readers.lengths > begin * _WINDOW).numpy()]
                for row, part in zip(still, window.symbols.with_data(losses.double().cpu()).to_list(), strict=True):
                    found[int(row)].append(part.numpy())
    return [np.concatenate(parts) for parts in found]


def _whole(tokens: Tokens, row: int) -> Stretch:
    span = tokens.starts[row : row + 2]
    return Stream(tokens, span[None], readers=1, longest=int(span[1] - span[0]))[0]
