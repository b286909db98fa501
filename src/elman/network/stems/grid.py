"""Grid: a picture kept as rows and columns of cells that an answer can look at, one by one."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from elman.codecs.space import Pixels
from elman.network.batch_invariant import Conv2d, Linear
from elman.network.interfaces import Recurrent
from elman.network.pooling import mean_of
from elman.nn.dropouts import Dropout
from elman.sequences import Ragged

_FINEST = 8
"""Cells along a side at most."""
_WIDTHS = (16, 32, 64, 128)
_GROUP = 8
"""Channels that are normalised together."""

Grid = tuple[int, ...]
"""Rows and columns of cells; empty where a picture is one vector."""


def grid_of(space: Pixels) -> Grid:
    """Return the cells a picture is kept as: every side is halved until it has at most 8.

    Parameters
    ----------
    space : Pixels
        Channels, rows, columns.

    Returns
    -------
    tuple of int
        Rows and columns.

    Examples
    --------
    >>> grid_of(Pixels(3, 96, 96)), grid_of(Pixels(1, 8, 8)), grid_of(Pixels(3, 60, 100))
    ((6, 6), (8, 8), (7, 6))
    """
    return _halved(space.h), _halved(space.w)


def _halved(side: int) -> int:
    while side > _FINEST:
        side //= 2
    return side


class GridStem(nn.Module):
    """Convolutions over a picture that keep its cells apart, each with a vector for its place added (Xu 2015, section 3.1.1).

    Blocks of a 3×3 convolution, maxima, normalisation over groups of channels (Wu & He 2018: the same alone and in any batch)
    and ``relu`` halve every side that is twice the grid's or longer; the remainder is averaged into the cells.

    Parameters
    ----------
    space : Pixels
        Channels, rows, columns.
    size : int
        Size of a vector.
    grid : tuple of int
        Rows and columns of cells.
    dropout : float
        Dropout on the vectors.

    Notes
    -----
    Shapes:

        values  (N, c, h, w)     vectors  Ragged (ΣS, size), S = rows · columns of the grid, row by row from the top
    """

    def __init__(self, space: Pixels, size: int, grid: Grid, dropout: float = 0.0) -> None:
        super().__init__()
        self.grid = (grid[0], grid[1])
        blocks: list[nn.Module] = []
        channels, h, w = space.c, space.h, space.w
        while not blocks or h >= 2 * grid[0] or w >= 2 * grid[1]:
            width = _WIDTHS[min(len(blocks) // 4, len(_WIDTHS) - 1)]
            pool = (2 if h >= 2 * grid[0] else 1, 2 if w >= 2 * grid[1] else 1)
            blocks += [Conv2d(channels, width, 3, padding=1), nn.MaxPool2d(pool), nn.GroupNorm(width // _GROUP, width), nn.ReLU()]
            channels, h, w = width, h // pool[0], w // pool[1]
        self.blocks = nn.Sequential(*blocks)
        self.linear = Linear(channels, size)
        self.places = nn.Embedding(grid[0] * grid[1], size)
        self.dropout = Dropout(dropout)

    def forward(self, values: Tensor) -> Ragged:
        """Map pictures to their cells."""
        cells, size = self.places.weight.shape
        lengths = torch.full((len(values),), cells, dtype=torch.int64, device="cpu")
        if not len(values):
            return Ragged.from_padded(self.linear.weight.new_zeros(0, cells, size), lengths)
        seen = functional.adaptive_avg_pool2d(self.blocks(values.to(self.linear.weight.dtype)), self.grid)
        vectors = functional.relu(self.linear(seen.flatten(2).transpose(1, 2))) + self.places.weight
        return Ragged.from_padded(self.dropout(vectors), lengths)


class CellReader(nn.Module):
    """Encoder of cells: nothing runs through them, and their mean is the summary of all (Xu 2015, 3.1.2).

    Parameters
    ----------
    size : int
        Size of a cell's vector.
    """

    directions = 1

    def __init__(self, size: int) -> None:
        super().__init__()
        self.out_features = size

    def forward(self, x: Ragged, state: Recurrent | None = None) -> tuple[Ragged, Tensor]:  # noqa: ARG002  # as encoders are called
        """Return the cells as they are, and their mean (N, size)."""
        return x, mean_of(x)

    def last(self, state: Tensor) -> Tensor:
        """Return the mean, (N, size)."""
        return state
