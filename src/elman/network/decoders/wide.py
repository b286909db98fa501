"""Wide part: a linear model on n-grams beside the recurrent one (Cheng 2016, "Wide & deep learning").

Every text has a few n-grams that decide it, and a linear model finds them from few rows (Wang & Manning 2012). The recurrent network
learns by itself; the linear weights are fitted apart (:mod:`elman.fitting.wide`), and the answer weighs both scores.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from elman.network.ngram_features import Grams, grams
from elman.sequences import Ragged


class Wide(nn.Module):
    """Linear scores of the n-grams a row has, each group (n-grams, pieces of words) of unit length.

    Parameters
    ----------
    features : int
        n-grams known.
    outputs : int
        Scores.

    Notes
    -----
    Shapes:

        keys  (F,) int64 rising     weight  (F, C)     bias  (C,)     scores  (N, C)
    """

    keys: Tensor

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.register_buffer("keys", torch.arange(features))
        self.weight = nn.Parameter(torch.zeros(features, outputs), requires_grad=False)
        self.bias = nn.Parameter(torch.zeros(outputs), requires_grad=False)

    def forward(self, source: Ragged) -> Tensor:
        """Return the scores of each row, (N, C)."""
        places, rows, shares = self.active(grams(source).distinct(), len(source))
        scores = self.bias.expand(len(source), -1)
        return scores.index_add(0, rows, self.weight[places] * shares[:, None].to(self.weight.dtype))

    def active(self, found: Grams, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return the known n-grams of a batch.

        Parameters
        ----------
        found : Grams
            Distinct, of ``count`` rows.
        count : int
            Rows.

        Returns
        -------
        tuple of Tensor
            Place of each among the features, its row, and its value 1 / sqrt(n), all (K,).
        """
        places = torch.searchsorted(self.keys, found.keys).clamp_max(len(self.keys) - 1)
        weighted = self.keys[places] == found.keys
        places, rows = places[weighted], found.rows[weighted]
        group = rows * 2 + (found.keys[weighted] < 0)
        sizes = torch.bincount(group, minlength=2 * count)
        return places, rows, sizes[group].to(torch.float32).rsqrt()


class MixedOutput(nn.Module):
    """An output layer whose features end with the scores of the wide part.

    Learning sees the layer alone, and so does the choice of the best epoch, until the shares are set: else an epoch in which the
    recurrent network has learned nothing yet may win by its companion's merit.

    Parameters
    ----------
    inner : nn.Module
        The recurrent network's own output layer.
    outputs : int
        Scores.

    Notes
    -----
    Shapes:

        features  (M, F) in training, (M, F + C) in evaluation     result  (M, C) = a · inner + b · wide
    """

    shares: Tensor

    def __init__(self, inner: nn.Module, outputs: int) -> None:
        super().__init__()
        self.inner, self.outputs = inner, outputs
        self.register_buffer("shares", torch.tensor([1.0, 0.0]))

    def forward(self, features: Tensor) -> Tensor:
        """Map features to scores."""
        if self.training:
            return self.inner(features)
        deep, wide = features[:, : -self.outputs], features[:, -self.outputs :]
        return self.shares[0] * self.inner(deep) + self.shares[1] * wide
