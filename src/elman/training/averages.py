"""Running averages of weights: validation and the best model use weights smoother than the last step (Polyak and Juditsky 1992)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Averages:
    """Exponential running average of a model's weights.

    Parameters
    ----------
    model : Module
        Network whose weights are averaged, on their own device.
    decay : float
        Weight of the past, as 0.99; the first steps use less, ``(1 + t) / (10 + t)``. 0 turns averaging off.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay, self.steps = decay, 0
        self.names = [name for name, p in model.named_parameters() if p.requires_grad] if decay else []
        self.weights: list[Tensor] = [p for p in model.parameters() if p.requires_grad] if decay else []
        self.averages = [p.detach().clone() for p in self.weights]

    @torch.no_grad()
    def update(self) -> None:
        """Add the current weights to the average."""
        if not self.weights:
            return
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(self.averages, self.weights, 1 - decay)  # pyright: ignore[reportPrivateImportUsage]

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Give the model its averaged weights inside a block, and the current ones after it."""
        current = [p.detach().clone() for p in self.weights]
        try:
            self._copy(self.averages)
            yield
        finally:
            self._copy(current)

    @torch.no_grad()
    def _copy(self, values: list[Tensor]) -> None:
        for weight, value in zip(self.weights, values, strict=True):
            weight.copy_(value)

    def tensors(self) -> dict[str, Tensor]:
        """Return the averages by parameter name."""
        return dict(zip(self.names, self.averages, strict=True))

    def load(self, tensors: dict[str, Tensor], steps: int) -> None:
        """Load averages by parameter name, and the number of steps in them."""
        self.steps = steps
        for name, average in zip(self.names, self.averages, strict=True):
            average.copy_(tensors[name])
