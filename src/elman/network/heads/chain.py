"""Chain: yes/no answers each of which knows those before it, as the notes of a chord do."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from elman.kernels import dense
from elman.network.heads._base import Head, OutputLayer


class ChainHead(Head):
    """``n`` yes/no answers, one after the other: the j-th is a sigmoid of the features and of the answers before it.

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
    A fully visible sigmoid belief network (Neal 1992; Frey 1996) whose biases are the recurrent network's, as in Boulanger-Lewandowski
    2012, "Modeling temporal dependencies in high-dimensional sequences", section 3.1. Independent answers are its case without links.

    Shapes:

        features  (M, F)     target  (M, n) zeros and ones     proba  (M, n)
    """

    def __init__(self, in_features: int, n: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.output = OutputLayer(in_features, n, dropout)
        self.links = nn.Parameter(torch.zeros(n, n))

    def _linked(self) -> Tensor:
        """From each answer (a column) to those after it (rows)."""
        return self.links.tril(-1)

    def loss(self, features: Tensor, target: Tensor) -> Tensor:
        """Return the cross-entropy of each row in nats, summed over its answers."""
        logits = self.output(features)
        answer = target.to(logits.dtype)
        return functional.binary_cross_entropy_with_logits(logits + dense.linear(answer, self._linked()), answer, reduction="none").sum(-1)

    def predict(self, features: Tensor) -> Tensor:
        """Return answers, each 1.0 where yes is likelier after those before it, (M, n)."""
        return self._follow(features, torch.tensor(0.5, device="cpu"))[0]

    def proba(self, features: Tensor) -> Tensor:
        """Return the probability of each yes after the likeliest answers before it, (M, n)."""
        return self._follow(features, torch.tensor(0.5, device="cpu"))[1]

    def sample(self, features: Tensor, generator: torch.Generator | None = None, *, temperature: float = 1.0) -> Tensor:
        """Draw answers, (M, n); a temperature below 1 is bolder on the likely."""
        shape = (len(features), self.links.shape[0])
        borders = torch.rand(shape, generator=generator, dtype=features.dtype, device="cpu").to(features.device)
        return self._follow(features, borders, temperature)[0]

    def _follow(self, features: Tensor, borders: Tensor, temperature: float = 1.0) -> tuple[Tensor, Tensor]:
        """Answer yes where its probability is above a border, one after the other; return answers and probabilities."""
        logits, linked = self.output(features), self._linked()
        borders = borders.to(logits).expand_as(logits)
        answers, chances = torch.zeros_like(logits), torch.zeros_like(logits)
        for j in range(logits.shape[1]):
            chances[:, j] = dense.sigmoid((logits[:, j] / temperature).contiguous())
            answers[:, j] = (chances[:, j] > borders[:, j]).to(logits.dtype)
            logits = logits + answers[:, j : j + 1] * linked[:, j]
        return answers, chances
