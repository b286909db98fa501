"""Pointer: give a symbol of the vocabulary or copy one of the source, known or not (See, Liu and Manning 2017, section 2.2).

A class of the mixture is a symbol of the target (0 … n-1), the end (n), or "the symbol at step p of the source" (n + 1 + p) where the
target has no such symbol; of equal symbols in a source the first step represents all.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from elman.kernels import dense
from elman.network.batch_invariant import Linear
from elman.network.heads import SoftmaxHead

_TINY = 1e-12
"""Least probability in a loss: its logarithm stays finite where all attention lies elsewhere."""


class Pointer(nn.Module):
    """Mix a distribution over the vocabulary with the attention over the source.

    Parameters
    ----------
    copies : tuple of int
        For each symbol of the source its index in the target, -1 where it has none.
    target_symbols : int
        Symbols n of the target, the end not counted.
    in_features : int
        Input size of the switch: context, hidden state and input side by side (eq. 8).

    Notes
    -----
    Shapes:

        symbols  (N, S) of a padded source     classes  (N, S)     gate  (M, 1), log-odds of the vocabulary     weights  (M, S)
    """

    copies: Tensor

    def __init__(self, copies: tuple[int, ...], target_symbols: int, in_features: int) -> None:
        super().__init__()
        self.register_buffer("copies", torch.tensor(copies, dtype=torch.int64), persistent=False)
        self.target_symbols = target_symbols
        self.switch = Linear(in_features, 1)

    def classes(self, symbols: Tensor) -> Tensor:
        """Return the class of each step of a source; symbols beyond the source's vocabulary are words never seen."""
        classes = self.copies[symbols.clamp_max(len(self.copies) - 1)]
        classes = torch.where(symbols < len(self.copies), classes, torch.full_like(classes, -1))
        first = (symbols[:, :, None] == symbols[:, None, :]).to(torch.int8).argmax(2)
        return torch.where(classes >= 0, classes, self.target_symbols + 1 + first)

    def gate(self, context: Tensor, hidden: Tensor, vectors: Tensor, weights: Tensor) -> Tensor:
        """Return the log-odds of saying rather than copying, (M, 1); from an empty source nothing can be copied."""
        nothing = (weights == 0).all(1, keepdim=True)
        return self.switch(torch.cat([context, hidden, vectors], 1)).masked_fill(nothing, torch.inf)

    def log_proba(self, head: SoftmaxHead, features: Tensor, gate: Tensor, weights: Tensor, classes: Tensor) -> Tensor:
        """Return log-probabilities of all classes of the mixture, (M, n + 1 + S).

        Parameters
        ----------
        head : SoftmaxHead
            Over the vocabulary.
        features : Tensor
            (M, F).
        gate : Tensor
            (M, 1).
        weights : Tensor
            (M, S) attention.
        classes : Tensor
            (M, S) of the source of each row.

        Returns
        -------
        Tensor
            (M, n + 1 + S).
        """
        answer = dense.sigmoid(gate) * head.proba(features)
        mixed = functional.pad(answer, (0, weights.shape[1]))
        return mixed.scatter_add(1, classes, dense.sigmoid(-gate) * weights).log()

    def loss(self, head: SoftmaxHead, features: Tensor, gate: Tensor, copied: Tensor, wanted: Tensor) -> Tensor:
        """Return the negative log-likelihood of wanted classes; smoothing spreads over the vocabulary.

        Parameters
        ----------
        head : SoftmaxHead
            Over the vocabulary.
        features : Tensor
            (M, F).
        gate : Tensor
            (M, 1).
        copied : Tensor
            (M,) attention on the steps of the wanted class.
        wanted : Tensor
            (M,) classes.

        Returns
        -------
        Tensor
            (M,).
        """
        log_proba, log_odds = head.log_proba(features), gate[:, 0]
        in_vocabulary = wanted <= self.target_symbols
        say = log_proba.gather(1, wanted.clamp_max(self.target_symbols)[:, None])[:, 0].exp() * in_vocabulary
        likelihood = dense.sigmoid(log_odds) * say + dense.sigmoid(-log_odds) * copied
        each = -likelihood.clamp_min(_TINY).log()
        smoothing = head.label_smoothing if head.training else 0.0
        return each if not smoothing else (1 - smoothing) * each - smoothing * log_proba.mean(1)
