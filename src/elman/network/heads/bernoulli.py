"""Bernoulli: independent yes/no answers."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from elman.kernels import dense
from elman.network.heads._base import Head, OutputLayer


class BernoulliHead(Head):
    """``n`` independent yes/no answers, trained with binary cross-entropy.

    Parameters
    ----------
    in_features : int
        Size of the features.
    n : int
        Answers.
    dropout : float
        Dropout on the features.

    Notes
    -----
    Shapes:

        features  (M, F)     target  (M, n) zeros and ones     proba  (M, n)
    """

    def __init__(self, in_features: int, n: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.output = OutputLayer(in_features, n, dropout)

    def loss(self, features: Tensor, target: Tensor) -> Tensor:
        """Return the cross-entropy of each row in nats, summed over its answers."""
        logits = self.output(features)
        return functional.binary_cross_entropy_with_logits(logits, target.to(logits.dtype), reduction="none").sum(-1)

    def predict(self, features: Tensor) -> Tensor:
        """Return 1.0 where yes is likelier, (M, n)."""
        logits = self.output(features)
        return (logits > 0).to(logits.dtype)

    def proba(self, features: Tensor) -> Tensor:
        """Return the probability of yes, (M, n)."""
        return dense.sigmoid(self.output(features))

    def sample(self, features: Tensor, generator: torch.Generator | None = None, *, temperature: float = 1.0) -> Tensor:
        """Draw answers, (M, n); a temperature below 1 is bolder on the likely."""
        return torch.bernoulli(dense.sigmoid(self.output(features) / temperature), generator=generator)
