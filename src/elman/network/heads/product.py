"""Product: several independent heads over the same features."""

from __future__ import annotations

from functools import reduce
from typing import Any

import torch
from torch import Tensor, nn

from elman.network.heads._base import Head


class ProductHead(Head):
    """One head per part; losses add up, predictions are dicts.

    Parameters
    ----------
    heads : dict of str to Head
        Head of each part.
    """

    def __init__(self, heads: dict[str, Head]) -> None:
        super().__init__()
        self.names = list(heads)
        self.parts = nn.ModuleList(heads.values())

    def _each(self) -> list[tuple[str, Head]]:
        return [(name, part) for name, part in zip(self.names, self.parts, strict=True) if isinstance(part, Head)]

    def loss(self, features: Tensor, target: dict[str, Any]) -> Tensor:
        """Return the sum of the parts' losses, (M,)."""
        return reduce(torch.add, [head.loss(features, target[name]) for name, head in self._each()])

    def predict(self, features: Tensor) -> dict[str, Any]:
        """Return the best element of each part."""
        return {name: head.predict(features) for name, head in self._each()}

    def proba(self, features: Tensor) -> dict[str, Any]:
        """Return the probabilities of each part."""
        return {name: head.proba(features) for name, head in self._each()}

    def sample(self, features: Tensor, generator: torch.Generator | None = None) -> dict[str, Any]:
        """Draw an element of each part."""
        return {name: head.sample(features, generator) for name, head in self._each()}
