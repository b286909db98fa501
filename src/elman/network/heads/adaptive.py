"""Adaptive softmax: a large vocabulary in bands of falling frequency; exact, and cheap to learn."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from elman.kernels import dense
from elman.network.batch_invariant import Linear
from elman.network.heads._base import SymbolHead
from elman.nn.dropouts import Dropout

_NARROWER = 4
"""Each further band sees the features in a space that is this much smaller, where weights are its own (Grave 2017, section 4.3)."""
_NARROWEST = 16


class AdaptiveHead(SymbolHead):
    """Softmax in two levels: frequent classes and one class for each band of rarer ones, then the classes inside a band.

    Grave et al. 2017, "Efficient softmax approximation for GPUs". Log-probabilities are exact and sum to one; learning computes a band
    only for the rows whose class is in it. Classes are taken to be numbered from the most frequent on, the last one (the end of a
    sequence) being frequent too; another order costs time, not exactness. With ``tied`` weights every band uses the rows of the embedding.

    Parameters
    ----------
    in_features : int
        Size F of the features.
    n : int
        Classes.
    cutoffs : tuple of int
        Where bands begin, rising, each in 2..n-1: the first ``cutoffs[0] - 1`` classes and the last are the frequent ones.
    dropout : float
        Dropout on the features.
    tied : nn.Parameter, optional
        (n, E) embedding weights to share.

    Notes
    -----
    Shapes:

        features  (M, F)     target  (M,) int64     log-probabilities  (M, n)
    """

    def __init__(
        self, in_features: int, n: int, cutoffs: tuple[int, ...], *, dropout: float = 0.0, tied: nn.Parameter | None = None
    ) -> None:
        super().__init__()
        self.n, self.cutoffs, self.dropout = n, tuple(cutoffs), Dropout(dropout)
        self.edges = (*self.cutoffs, n)
        width = in_features if tied is None else tied.shape[1]
        self.projection = None if width == in_features else Linear(in_features, width, bias=False)
        self.bands = Linear(width, len(cutoffs))
        self.bias = nn.Parameter(torch.zeros(n))
        self.tied = tied
        sizes = [self.cutoffs[0], *(b - a for a, b in zip(self.edges, self.edges[1:], strict=False))]
        narrow = [width, *(max(_NARROWEST, width // _NARROWER**k) for k in range(1, len(sizes)))]
        self.narrow = nn.ModuleList([] if tied is not None else [Linear(width, d, bias=False) for d in narrow[1:]])
        self.own = nn.ParameterList(
            [] if tied is not None else [nn.Parameter(torch.empty(a, d)) for a, d in zip(sizes, narrow, strict=True)]
        )
        for weight in self.own:
            nn.init.xavier_uniform_(weight)

    def loss(self, features: Tensor, target: Tensor) -> Tensor:
        """Return the cross-entropy of each row in nats."""
        x = self._project(features)
        rank = (target + 1) % self.n
        band = torch.bucketize(rank, torch.tensor(self.cutoffs, device=rank.device), right=True)
        first = self.edges[0]
        losses = dense.cross_entropy(self._frequent(x), torch.where(band == 0, rank, first + band - 1))
        for k in range(1, len(self.edges)):
            rows = torch.nonzero(band == k).flatten()
            if len(rows):
                inside = dense.cross_entropy(self._inside(x[rows], k), rank[rows] - self.edges[k - 1])
                losses = losses.index_add(0, rows, inside)
        return losses

    def log_proba(self, features: Tensor) -> Tensor:
        """Return normalised log-probabilities (M, n)."""
        x = self._project(features)
        frequent = dense.log_softmax(self._frequent(x))
        first = self.edges[0]
        bands = [dense.log_softmax(self._inside(x, k)) + frequent[:, first + k - 1, None] for k in range(1, len(self.edges))]
        return torch.cat([frequent[:, 1:first], *bands, frequent[:, :1]], 1)

    def predict(self, features: Tensor) -> Tensor:
        """Return the likeliest class (M,)."""
        return self.log_proba(features).argmax(-1)

    def proba(self, features: Tensor) -> Tensor:
        """Return the probability of each class (M, n)."""
        return dense.exp(self.log_proba(features))

    def sample(self, features: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Draw a class of each row (M,)."""
        return torch.multinomial(self.proba(features), 1, generator=generator)[:, 0]

    def _project(self, features: Tensor) -> Tensor:
        features = self.dropout(features)
        return features if self.projection is None else self.projection(features)

    def _frequent(self, x: Tensor) -> Tensor:
        """Scores of the frequent classes, the last class first, and of the bands."""
        return dense.linear(x, *self._part(0))

    def _inside(self, x: Tensor, k: int) -> Tensor:
        """Scores of the classes of band k, 1 and up."""
        return dense.linear(x if self.tied is not None else self.narrow[k - 1](x), *self._part(k))

    def _part(self, k: int) -> tuple[Tensor, Tensor]:
        """Return weights and biases of the frequent classes and bands (0), or of the classes of band k."""
        if k:
            classes = slice(self.edges[k - 1] - 1, self.edges[k] - 1)
            return (self.own[k] if self.tied is None else self.tied[classes]), self.bias[classes]
        last, others = slice(self.n - 1, self.n), slice(0, self.edges[0] - 1)
        weight = self.own[0] if self.tied is None else torch.cat([self.tied[last], self.tied[others]])
        return torch.cat([weight, self.bands.weight]), torch.cat([self.bias[last], self.bias[others], self.bands.bias])

    def parts(self) -> list[tuple[Tensor, Tensor]]:
        """Return weights and biases of the frequent classes with the bands, then of each band, for scoring a row alone."""
        return [self._part(k) for k in range(len(self.edges))]
