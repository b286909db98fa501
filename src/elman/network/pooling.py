"""How a sequence becomes one vector. No padding enters any pooled value; an empty sequence gives zeros."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from elman.errors import SettingError, did_you_mean
from elman.kernels import dense
from elman.network.batch_invariant import Linear, Tanh
from elman.sequences import Ragged

POOLINGS = ("last", "mean", "max", "attention", "concat")


def mean_of(sequence: Ragged) -> Tensor:
    """Return the mean over each row's own steps, (N, F)."""
    total = sequence.data.new_zeros(len(sequence), sequence.data.shape[1])
    total = total.index_add(0, sequence.row_of().to(sequence.data.device), sequence.data)
    return total / sequence.lengths.clamp_min(1).to(total)[:, None]


def max_of(sequence: Ragged) -> Tensor:
    """Return the maximum over each row's own steps, (N, F)."""
    if not len(sequence.batch_sizes):
        return sequence.data.new_zeros(len(sequence), sequence.data.shape[1])
    padded, mask = sequence.to_padded(torch.finfo(sequence.data.dtype).min)
    return padded.max(1).values * mask.any(1)[:, None]


class Pooling(nn.Module):
    """Turn (ΣT, F) into (N, P).

    Parameters
    ----------
    features : int
        Size F of a step.
    kind : {"last", "mean", "max", "attention", "concat"}
        "last" is the state after each row's own last step (both directions); "attention" learns weights of the steps
        (Yang 2016, eq. 5-7); "concat" is mean, max and last side by side (Howard & Ruder 2018).
    """

    def __init__(self, features: int, kind: str) -> None:
        super().__init__()
        if kind not in POOLINGS:
            raise SettingError(f"pooling must be one of {POOLINGS}; got {kind!r}.{did_you_mean(kind, POOLINGS)}")
        self.kind = kind
        self.out_features = 3 * features if kind == "concat" else features
        self.score = nn.Sequential(Linear(features, features), Tanh(), Linear(features, 1, bias=False)) if kind == "attention" else None

    @property
    def runs(self) -> bool:
        """Whether the pooled vector can be kept up to date step by step; attention weighs all steps anew."""
        return self.score is None

    @property
    def is_last(self) -> bool:
        """Whether the last states alone are read."""
        return self.kind == "last"

    def forward(self, sequence: Ragged, last: Tensor) -> Tensor:
        """Pool a sequence; ``last`` (N, F) are the top layer's last states."""
        if self.kind == "last":
            return last
        if self.kind == "mean":
            return mean_of(sequence)
        if self.kind == "max":
            return max_of(sequence)
        if self.kind == "concat":
            return torch.cat([mean_of(sequence), max_of(sequence), last], 1)
        return self._attend(sequence)

    def weights(self, sequence: Ragged) -> Tensor:
        """Return the weight of each step of an attention pooling, (ΣT,); each row's sum is 1."""
        if self.score is None:
            raise SettingError(f"pooling={self.kind!r} has no weights. Use pooling='attention'.")
        scores = self.score(sequence.data)[:, 0]
        rows = sequence.row_of().to(scores.device)
        highest = scores.new_full((len(sequence),), torch.finfo(scores.dtype).min).scatter_reduce(0, rows, scores.detach(), "amax")
        exponents = dense.exp(scores - highest[rows])
        return exponents / exponents.new_zeros(len(sequence)).index_add(0, rows, exponents)[rows]

    def running(self, states: Tensor) -> Tensor:
        """Return the pooled vector of each beginning of one sequence, (T, P) from (T, F), in one pass.

        Parameters
        ----------
        states : Tensor
            Of a network that reads one way, so that a state knows nothing of later steps.

        Returns
        -------
        Tensor
            Row t pools the steps 0 … t.
        """
        counts = torch.arange(1, len(states) + 1, device=states.device)[:, None]
        mean, highest = states.cumsum(0) / counts, states.cummax(0).values if len(states) else states
        if self.score is not None:
            scores = self.score(states)
            shares = dense.exp(scores - scores.max()) if len(states) else scores
            return (shares * states).cumsum(0) / shares.cumsum(0)
        return {"last": states, "mean": mean, "max": highest}.get(self.kind, torch.cat([mean, highest, states], 1))

    def _attend(self, sequence: Ragged) -> Tensor:
        rows = sequence.row_of().to(sequence.data.device)
        total = sequence.data.new_zeros(len(sequence), sequence.data.shape[1])
        return total.index_add(0, rows, sequence.data * self.weights(sequence)[:, None])
