"""Attention over an encoded source: dot, general (Luong 2015) and additive (Bahdanau 2015) scores."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from elman.errors import SettingError, did_you_mean
from elman.kernels import dense
from elman.network.batch_invariant import Linear

SCORES = ("general", "dot", "additive")


class Attention(nn.Module):
    """Weigh the steps of a source for each query and mix them.

    Parameters
    ----------
    query_size : int
        Size of a query (the decoder's hidden state).
    memory_size : int
        Size of a source step (the encoder's output).
    score : {"general", "dot", "additive"}
        ``q·W·m`` (Luong 2015, eq. 8), ``q·m`` (needs equal sizes) or ``v·tanh(W q + U m)`` (Bahdanau 2015, A.1.2).
    coverage : bool
        Let each step know how much it was looked at before: its key becomes ``k + c·w`` (See 2017, eq. 11).

    Notes
    -----
    Shapes:

        query  (N, T, Q)     memory  (N, S, M)     mask  (N, S), True = real     covered  (N, T, S)
        context  (N, T, M)   weights  (N, T, S)
    """

    def __init__(self, query_size: int, memory_size: int, score: str = "general", coverage: bool = False) -> None:
        super().__init__()
        if score not in SCORES:
            raise SettingError(f"attention must be one of {SCORES}; got {score!r}.{did_you_mean(score, SCORES)}")
        if score == "dot" and query_size != memory_size:
            raise SettingError(
                f"attention='dot' needs queries and source steps of one size; got {query_size} and {memory_size}. Use attention='general'."
            )
        self.score = score
        self.key = nn.Identity() if score == "dot" else Linear(memory_size, query_size, bias=False)
        self.query = Linear(query_size, query_size) if score == "additive" else nn.Identity()
        self.energy = Linear(query_size, 1, bias=False) if score == "additive" else None
        self.seen = nn.Parameter(torch.zeros(query_size)) if coverage else None

    def keys(self, memory: Tensor) -> Tensor:
        """Project the memory once per source, (N, S, Q)."""
        return self.key(memory)

    def forward(self, query: Tensor, keys: Tensor, memory: Tensor, mask: Tensor, covered: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return context and weights; a row with no real step gets a context of zeros."""
        lengths = mask.sum(1)
        real = lengths if dense.runs(query, keys, memory) else None  # torch's products need no leaving out: padding is zero
        weights = dense.softmax(self._scores(query, keys, real, covered), lengths)
        return dense.matmul(weights, memory, real), weights

    def _scores(self, query: Tensor, keys: Tensor, real: Tensor | None, covered: Tensor | None) -> Tensor:
        seen = self.seen
        if self.energy is None:
            scores = dense.matmul(query, keys, real, transposed=True)
            return scores if seen is None or covered is None else scores + covered * dense.linear(query, seen[None])
        mixed = self.query(query)[:, :, None] + keys[:, None]
        if seen is not None and covered is not None:
            mixed = mixed + covered[..., None] * seen
        return self.energy(dense.tanh(mixed)).squeeze(-1)
