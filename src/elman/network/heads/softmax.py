"""Softmax: one of n classes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from elman.kernels import dense
from elman.network.heads._base import OutputLayer, SymbolHead


class SoftmaxHead(SymbolHead):
    """Categorical distribution over ``n`` classes, trained with cross-entropy.

    Parameters
    ----------
    in_features : int
        Size of the features.
    n : int
        Classes.
    dropout : float
        Dropout on the features.
    label_smoothing : float
        Share of the target spread over all classes (Szegedy 2016).
    class_weight : sequence of float, optional
        Weight of each class in the loss.
    tied : nn.Parameter, optional
        Embedding weights to share.

    Notes
    -----
    Shapes:

        features  (M, F)     target  (M,) int64     proba  (M, n)
    """

    weight: Tensor | None

    def __init__(
        self,
        in_features: int,
        n: int,
        *,
        dropout: float = 0.0,
        label_smoothing: float = 0.0,
        class_weight: tuple[float, ...] | None = None,
        tied: nn.Parameter | None = None,
    ) -> None:
        super().__init__()
        self.output = OutputLayer(in_features, n, dropout, tied)
        self.label_smoothing = label_smoothing
        self.register_buffer("weight", None if class_weight is None else torch.tensor(class_weight), persistent=False)

    def logits(self, features: Tensor) -> Tensor:
        """Return unnormalised scores (M, n)."""
        return self.output(features)

    def loss(self, features: Tensor, target: Tensor) -> Tensor:
        """Return the cross-entropy of each row in nats."""
        logits = self.logits(features)
        weight = None if self.weight is None else self.weight.to(logits.dtype)
        smoothing = self.label_smoothing if self.training else 0.0
        if not smoothing and dense.runs(logits):
            result = -dense.log_softmax(logits).gather(1, target[:, None])[:, 0]
            return result if weight is None else result * weight[target]
        return dense.cross_entropy(logits, target, weight=weight, label_smoothing=smoothing)

    def predict(self, features: Tensor) -> Tensor:
        """Return the likeliest class (M,)."""
        return self.logits(features).argmax(-1)

    def proba(self, features: Tensor) -> Tensor:
        """Return the probability of each class (M, n)."""
        return dense.softmax(self.logits(features))

    def log_proba(self, features: Tensor) -> Tensor:
        """Return log-probabilities (M, n)."""
        return dense.log_softmax(self.logits(features))

    def sample(self, features: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Draw a class of each row (M,)."""
        return torch.multinomial(self.proba(features), 1, generator=generator)[:, 0]
