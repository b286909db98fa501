"""Quantiles: several levels of each number, trained with the pinball loss."""

from __future__ import annotations

import torch
from torch import Tensor

from elman.errors import SettingError
from elman.network.heads.continuous import ContinuousHead

LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)


class QuantileHead(ContinuousHead):
    """Quantiles at fixed levels (Koenker & Bassett 1978); they never cross, since they are sorted.

    Parameters
    ----------
    in_features : int
        Size of the features.
    shape : tuple of int
        Shape of one element.
    dropout : float
        Dropout on the features.
    levels : tuple of float
        Rising levels between 0 and 1; 0.5 must be among them.
    """

    def __init__(self, in_features: int, shape: tuple[int, ...], *, dropout: float = 0.0, levels: tuple[float, ...] = LEVELS) -> None:
        if 0.5 not in levels or list(levels) != sorted(set(levels)) or not 0 < levels[0] <= levels[-1] < 1:
            raise SettingError(f"levels must rise between 0 and 1 and hold 0.5; got {levels}. Leave them out for {LEVELS}.")
        self.numbers = len(levels)
        super().__init__(in_features, shape, dropout=dropout)
        self.levels = tuple(levels)

    def _all(self, features: Tensor) -> Tensor:
        return torch.stack(self.parameters_of(features), -1)

    def each(self, features: Tensor, target: Tensor) -> Tensor:
        """Return pinball losses, averaged over the levels (times two: the median's part is then the absolute error)."""
        guess = self._all(features)
        error = target[..., None] - guess
        levels = torch.tensor(self.levels, device="cpu").to(guess)
        return 2 * torch.maximum(levels * error, (levels - 1) * error).mean(-1)

    def predict(self, features: Tensor) -> Tensor:
        """Return the median."""
        return self._all(features).sort(-1).values[..., self.levels.index(0.5)]

    def quantiles(self, features: Tensor, levels: tuple[float, ...]) -> Tensor:
        """Return quantiles; between trained levels on a straight line, beyond them the outermost."""
        values = self._all(features).sort(-1).values
        have, want = (
            torch.tensor(self.levels, device="cpu").to(values),
            torch.tensor(levels, device="cpu").to(values).clamp(self.levels[0], self.levels[-1]),
        )
        right = torch.searchsorted(have, want).clamp(1, len(self.levels) - 1)
        share = (want - have[right - 1]) / (have[right] - have[right - 1])
        return values[..., right - 1] * (1 - share) + values[..., right] * share

    def at(self, features: Tensor, level: Tensor) -> Tensor:
        """Return the quantile of each number at its own level, between trained levels on a straight line."""
        values = self._all(features).sort(-1).values
        have = torch.tensor(self.levels, device="cpu").to(values)
        level = level.to(values).clamp(self.levels[0], self.levels[-1])
        right = torch.searchsorted(have, level.contiguous()).clamp(1, len(self.levels) - 1)
        share = (level - have[right - 1]) / (have[right] - have[right - 1])
        low, high = values.gather(-1, (right - 1)[..., None])[..., 0], values.gather(-1, right[..., None])[..., 0]
        return low * (1 - share) + high * share
