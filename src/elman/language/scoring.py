"""Log-likelihoods of documents under a language model, in windows, so that memory does not grow with their length."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from elman.fitting.inference import batches_by_length
from elman.io.tokens import Tokens
from elman.network import SequenceModel
from elman.network.assembly import evaluating
from elman.ngrams import Mixture
from elman.sequences import Ragged
from elman.training.contiguous import Segment, Stream, place

_WINDOW = 512
"""Steps judged at a time."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Sums over all symbols of documents, their ends included."""

    nats: float
    hits: int
    units: int


@dataclass(frozen=True, kw_only=True)
class _Piece:
    """A window over some documents: which of them reach it, where it begins, the nats of each step, and how many were guessed right."""

    documents: list[int]
    nats: Ragged
    hits: int


def judge(model: SequenceModel, rows: Sequence[np.ndarray], *, hits: bool = False, mixture: Mixture | None = None) -> Judged:
    """Judge encoded documents."""
    nats, result, units = 0.0, 0, 0
    for piece in _pieces(model, rows, hits=hits, mixture=mixture):
        nats, result, units = nats + float(piece.nats.data.double().sum()), result + piece.hits, units + len(piece.nats.data)
    return Judged(nats=nats, hits=result, units=units)


def symbol_nats(model: SequenceModel, rows: Sequence[np.ndarray], mixture: Mixture | None = None) -> list[np.ndarray]:
    """Return the nats of every symbol of encoded documents, the end of each included, (T + 1,) float64."""
    results: list[list[np.ndarray]] = [[] for _ in rows]
    for piece in _pieces(model, rows, mixture=mixture):
        for document, nats in zip(piece.documents, piece.nats.to_list(), strict=True):
            results[document].append(nats.double().cpu().numpy())
    return [np.concatenate(parts) for parts in results]


def _pieces(model: SequenceModel, rows: Sequence[np.ndarray], *, hits: bool = False, mixture: Mixture | None = None) -> Iterator[_Piece]:
    decoder = model._autoregressive()
    tokens = Tokens.of(rows, decoder.feedback.space.n)  # type: ignore[attr-defined]
    with torch.no_grad(), evaluating(model):
        for batch in batches_by_length((tokens.lengths + 1).tolist()):
            readers = place([_whole(tokens, int(row)) for row in batch]).to(model.device)
            beside = [] if mixture is None else [_Beside.of(mixture, np.asarray(tokens[int(row)])) for row in batch]
            state = None
            for at, window in enumerate(readers.windows(_WINDOW)):
                going = [place for place in range(len(batch)) if int(readers.lengths[place]) > at * _WINDOW]
                here = slice(at * _WINDOW, (at + 1) * _WINDOW)
                mix = _mixing(mixture, [beside[place].contexts[here] for place in going]) if mixture and hits else None
                losses, right, state = decoder.judge_on(window.symbols, window.wanted, window.enter(state), hits=hits, mix=mix)
                if mixture and not hits:
                    losses = _mixed(losses, [beside[place].part(here) for place in going])
                yield _Piece(documents=[int(batch[place]) for place in going], nats=window.symbols.with_data(losses), hits=int(right))


@dataclass(frozen=True, kw_only=True)
class _Beside:
    """n-gram probabilities of each symbol of a document and its end, (T + 1,) each."""

    contexts: np.ndarray
    shares: np.ndarray
    chances: np.ndarray

    @classmethod
    def of(cls, mixture: Mixture, row: np.ndarray) -> Self:
        contexts = mixture.contexts(row)
        return cls(contexts=contexts, shares=mixture.shares_at(contexts), chances=np.exp(mixture.ngrams.score([row])[0]))

    def part(self, steps: slice) -> np.ndarray:
        """Share of the network, and the n-grams' own share times their probability, at some steps, (T, 2)."""
        shares = self.shares[steps]
        return np.stack([shares, (1 - shares) * self.chances[steps]], 1)


def _mixed(losses: Tensor, parts: list[np.ndarray]) -> Tensor:
    """Nats of the symbols that follow when n-grams have their share: no other symbol needs to be looked at."""
    share, rest = Ragged.from_list(parts).data.to(losses.device).unbind(1)
    return -torch.log(share * torch.exp(-losses.double()) + rest)


def _mixing(mixture: Mixture, contexts: list[np.ndarray]) -> Callable[[Tensor, slice], Tensor]:
    """Return how the probabilities (M, C) at some steps of a window are mixed; its steps are packed as its symbols are."""
    states = Ragged.from_list(contexts).data.numpy()

    def mix(chances: Tensor, steps: slice) -> Tensor:
        """Mix the rows of these steps."""
        return torch.from_numpy(mixture.mix(chances.double().cpu().numpy(), states[steps])).to(chances.device)

    return mix


def _whole(tokens: Tokens, row: int) -> Segment:
    span = tokens.starts[row : row + 2]
    return Stream(tokens, span[None], readers=1, longest=int(span[1] - span[0]))[0]
