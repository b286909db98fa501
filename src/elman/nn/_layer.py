"""Protocol of a recurrent layer, as its stack, streams and pools see it; they know no class."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from typing import Protocol

from torch import Tensor
from torch.nn import Parameter

from elman.cells import Cell
from elman.nn._options import Options


class Route(Enum):
    """Way of one call of a layer."""

    STACK = auto()
    """All layers and directions in one entry of the compiled kernels."""
    TORCH = auto()
    """All layers and directions in torch's own operator: cuDNN, or the precision of autocast."""
    PARTS = auto()
    """Part by part, each on the backend that can run it."""


class RecurrentLayer(Protocol):
    """Layers over layers of one cell, in one direction or two."""

    input_size: int
    hidden_size: int
    proj_size: int
    num_layers: int
    bias: bool
    bidirectional: bool
    batch_first: bool
    training: bool
    dropout: float
    options: Options
    _parameters: dict[str, Parameter | None]
    _flat_weights: list[Tensor | None]

    @property
    def cell(self) -> Cell:
        """The layer's cell, as data."""
        ...

    @property
    def directions(self) -> int:
        """D: 2 if bidirectional, else 1."""
        ...

    @property
    def weight_ih_l0(self) -> Tensor:
        """(G·H, I) the first layer's weights of the input."""
        ...

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Yield all parameters."""
        ...

    def forward(self, input: Tensor, hx: Tensor | tuple[Tensor, ...] | None = None) -> tuple[Tensor, Tensor | tuple[Tensor, ...]]:  # noqa: A002  # torch's word
        """Run the layer over a tensor."""
        ...
