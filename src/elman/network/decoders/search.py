"""Interface of a search over symbols to a decoder, and the plainest search: always the likeliest symbol.

Beam search, sampling and constraints live in :mod:`elman.generation`; they are handed to ``model.predict(source, search=…)``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import torch
from torch import Tensor


class Rows(Protocol):
    """State of M unfinished answers; a search never looks inside."""

    def expand(self, times: int) -> Self:
        """Repeat each row ``times`` times, copies side by side."""
        ...

    def reorder(self, rows: Tensor) -> Self:
        """Let each row go on from another row of the same source."""
        ...

    def select(self, rows: Tensor) -> Self:
        """Keep these rows only."""
        ...


@dataclass(frozen=True, kw_only=True)
class Steps:
    """One step of a decoder over symbols.

    Attributes
    ----------
    advance : callable
        ``advance(state, symbols) -> (log_probs (M, n + 1), state, weights (M, S) or None)``; ``symbols`` (M,) are the newest ones,
        None at the very first step, where the state holds the context. A decoder that copies adds S classes after the end,
        one for each step of the source.
    end : int
        Index n of the class that ends an answer.
    banned : tuple of int
        Symbols never to be given out ("unknown").
    """

    advance: Callable[[Any, Tensor | None], tuple[Tensor, Any, Tensor | None]]
    end: int
    banned: tuple[int, ...] = ()


Search = Callable[[Steps, Any, Tensor], Sequence[np.ndarray]]
"""From steps, first state and the longest allowed length of each row (N,) to one array of symbols a row."""


def follow(steps: Steps, state: Any, limits: Tensor) -> list[np.ndarray]:
    """Take the likeliest symbol at every step until "end" or the limit.

    Parameters
    ----------
    steps : Steps
        The decoder.
    state : Rows
        First state of N rows.
    limits : Tensor
        (N,) longest allowed lengths.

    Returns
    -------
    list of np.ndarray
        (T,) int64 symbols of each row, without the end.
    """
    taken: list[Tensor] = []
    lengths = limits.clone()
    symbols: Tensor | None = None
    for t in range(int(limits.max()) if len(limits) else 0):
        log_probs, state, _ = steps.advance(state, symbols)
        log_probs[:, list(steps.banned)] = -torch.inf
        best = log_probs.argmax(-1).cpu()
        lengths = torch.where((best == steps.end) & (lengths > t), torch.full_like(lengths, t), lengths)
        symbols = best.masked_fill(best == steps.end, 0).to(log_probs.device)
        taken.append(best)
        if bool((lengths <= t + 1).all()):
            break
    rows = torch.stack(taken, 1).numpy() if taken else np.empty((len(limits), 0), dtype=np.int64)
    return [row[:n] for row, n in zip(rows, lengths.tolist(), strict=True)]
