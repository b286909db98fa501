"""Feedback: how a decoder reads its own last output, "start" included, for every space.

The start is the decoder's own value: index n of a Discrete(n) vocabulary, NaN for numbers and answers.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import torch
from torch import Tensor, nn

from elman.codecs.space import Binary, Continuous, Discrete, Product, Space
from elman.errors import SettingError
from elman.network.stems.stem import SymbolStem, VectorStem


class Feedback(nn.Module):
    """Turn elements of a target, or "start", into vectors.

    Parameters
    ----------
    space : Space
        Space of an element of the target.
    size : int
        Size E of a vector.
    dropout : float
        Dropout on the vectors.

    Notes
    -----
    Shapes:

        values  (M, *) or a dict of them     output  (M, E)
    """

    def __init__(self, space: Space, size: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.space = space
        self.names = list(space.parts) if isinstance(space, Product) else []
        self.parts: nn.ModuleList = nn.ModuleList()
        self.symbols: nn.Embedding | None = None
        if isinstance(space, Product):
            self.parts.extend(Feedback(part, size, dropout) for part in space.parts.values())
        elif isinstance(space, Discrete):
            self.stem = SymbolStem(space.n + 1, size, dropout)
            self.symbols = self.stem.embedding
        elif isinstance(space, Continuous | Binary):
            self.width = space.d if isinstance(space, Continuous) else space.n
            self.stem = VectorStem(self.width, size, dropout)
            self.first = nn.Parameter(torch.zeros(size))
        else:
            raise SettingError(f"A sequence of {type(space).__name__} cannot be generated. Use symbols, numbers or yes/no answers.")

    def start(self, n: int) -> Any:
        """Return n starts."""
        if isinstance(self.space, Product):
            return {name: part.start(n) for name, part in zip(self.names, self.parts, strict=True) if isinstance(part, Feedback)}
        if isinstance(self.space, Discrete):
            return torch.full((n,), self.space.n, device=next(self.parameters()).device)
        return self.first.new_full((n, self.width), torch.nan)

    def forward(self, values: Any) -> Tensor:
        """Return the vectors of elements and starts."""
        if self.names:
            return reduce(torch.add, [part(values[name]) for name, part in zip(self.names, self.parts, strict=True)])
        if isinstance(self.space, Discrete):
            return self.stem(values)
        starts = torch.isnan(values).all(1)
        vectors = self.stem(torch.nan_to_num(values, nan=0.0))
        return torch.where(starts[:, None], self.first, vectors)
