"""Head: the distribution over a space, seen from a vector of features."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from elman.network.batch_invariant import Linear
from elman.nn.dropouts import Dropout


class Head(nn.Module):
    """Turn features (M, F) into a distribution over one element each.

    Every method takes features; nothing is remembered between calls.
    """

    @abstractmethod
    def loss(self, features: Tensor, target: Any) -> Tensor:
        """Return the loss of each row, (M,)."""

    @abstractmethod
    def predict(self, features: Tensor) -> Any:
        """Return the best element of each row, shaped as the codec encodes it."""

    @abstractmethod
    def proba(self, features: Tensor) -> Any:
        """Return probabilities of each row; heads over numbers give their mean."""

    @abstractmethod
    def sample(self, features: Tensor, generator: torch.Generator | None = None) -> Any:
        """Draw one element of each row."""


class SymbolHead(Head):
    """A head over n classes with a probability for each; searches and samplers go over these."""

    @abstractmethod
    def log_proba(self, features: Tensor) -> Tensor:
        """Return normalised log-probabilities (M, n)."""


class OutputLayer(nn.Module):
    """Dropout, then a linear layer; its weights may be those of an embedding, behind a projection where sizes differ.

    Parameters
    ----------
    in_features : int
        Size F of the features.
    out_features : int
        Numbers per row.
    dropout : float
        Share of features set to zero in training.
    tied : nn.Parameter, optional
        (out_features, E) weights to share (Press & Wolf 2017); where E is not F, features are projected to E first.
    """

    projection: nn.Linear | None

    def __init__(self, in_features: int, out_features: int, dropout: float = 0.0, tied: nn.Parameter | None = None) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        width = in_features if tied is None else tied.shape[1]
        self.projection = None if width == in_features else Linear(in_features, width, bias=False)
        self.linear = Linear(width, out_features)
        if tied is not None:
            self.linear.weight = tied

    def forward(self, features: Tensor) -> Tensor:
        """Map (M, F) to (M, out_features)."""
        features = self.dropout(features)
        return self.linear(features if self.projection is None else self.projection(features))
