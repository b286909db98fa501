"""Head: the distribution over a space, seen from a vector of features."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from elman.network.steady import Linear


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


class OutputLayer(nn.Module):
    """Dropout, then a linear layer; its weights may be those of an embedding.

    Parameters
    ----------
    in_features : int
        Size F of the features.
    out_features : int
        Numbers per row.
    dropout : float
        Share of features set to zero in training.
    tied : nn.Parameter, optional
        (out_features, F) weights to share (Press & Wolf 2017).
    """

    def __init__(self, in_features: int, out_features: int, dropout: float = 0.0, tied: nn.Parameter | None = None) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = Linear(in_features, out_features)
        if tied is not None:
            self.linear.weight = tied

    def forward(self, features: Tensor) -> Tensor:
        """Map (M, F) to (M, out_features)."""
        return self.linear(self.dropout(features))
