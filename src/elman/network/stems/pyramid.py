"""Pyramid: a picture becomes a grid of cells, a vector each, with the context around them."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from elman.codecs.space import Pixels
from elman.network.batch_invariant import Conv2d

_GROUPS = 8


class PyramidStem(nn.Module):
    """Convolutions down to a sixteenth of the picture and up again to a quarter, as a pyramid of features (Lin 2017).

    Parameters
    ----------
    space : Pixels
        Channels, rows, columns.
    size : int
        Size of a cell's vector, a multiple of 8.
    dropout : float
        Dropout on whole features.

    Notes
    -----
    Shapes:

        pictures  (N, c, h, w)     output  (N, size, ⌈h / 4⌉, ⌈w / 4⌉)
    """

    def __init__(self, space: Pixels, size: int, dropout: float = 0.0) -> None:
        super().__init__()
        begin = max(size // 4 // _GROUPS, 1) * _GROUPS
        deeper = size * 3 // 16 * _GROUPS, size * 2
        self.first = block(space.c, begin, stride=2, kernel=5)
        self.fine = nn.Sequential(block(begin, begin * 2), block(begin * 2, size, stride=2), Residual(size))
        self.middle = nn.Sequential(block(size, deeper[0], stride=2), Residual(deeper[0]))
        self.coarse = nn.Sequential(block(deeper[0], deeper[1], stride=2), Residual(deeper[1]))
        self.down = nn.ModuleList([Conv2d(deeper[0], size, 1), Conv2d(deeper[1], deeper[0], 1)])
        self.mix = nn.ModuleList([block(size, size), block(deeper[0], deeper[0])])
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the vectors of all cells."""
        fine = self.fine(self.first(pictures.to(next(self.parameters()).dtype)))
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        middle = self.mix[1](middle + functional.interpolate(self.down[1](coarse), size=middle.shape[2:]))
        return self.dropout(self.mix[0](fine + functional.interpolate(self.down[0](middle), size=fine.shape[2:])))


class Residual(nn.Module):
    """Two convolutions beside a way straight through (He 2016)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.blocks = nn.Sequential(block(size, size), Conv2d(size, size, 3, padding=1), nn.GroupNorm(_GROUPS, size))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, size, h, w) to the same shape."""
        return functional.relu(x + self.blocks(x))


def block(channels: int, size: int, *, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    """Return a convolution, normalised in groups of features so that a picture knows nothing of its batch (Wu 2018), rectified."""
    return nn.Sequential(
        Conv2d(channels, size, kernel, stride=stride, padding=kernel // 2, bias=False), nn.GroupNorm(_GROUPS, size), nn.ReLU()
    )
