"""What a grid of cells is told about the rectangles of its picture: where there is one, and how it lies."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from elman.network.rectangles import cells_of, centres, generous
from elman.sequences import Ragged

_SPREAD = 0.125
"""Standard deviation of the hill around a middle, in sides of its rectangle."""
_LEAST_SPREAD = 0.4
"""The same in cells, at least."""
_NEAR = 0.3
"""Height of the hill from which a cell learns how the rectangle lies."""
_BOX_WEIGHT = 2.0


@dataclass(frozen=True, kw_only=True)
class Truth:
    """The rectangles of a batch of pictures on a grid.

    Notes
    -----
    Shapes:

        boxes  (N, M, 4)     kinds  (N, M)     real  (N, M) bool     cells  (N, M) where the middles lie     hills  (N, M, S) 1 in that cell
    """

    boxes: Tensor
    kinds: Tensor
    real: Tensor
    cells: Tensor
    hills: Tensor

    @classmethod
    def of(cls, target: Ragged, grid: tuple[int, int]) -> Truth:
        """Lay collated rectangles, (ΣT, 5), on a grid."""
        if len(target.batch_sizes):
            padded, real = target.to_padded()
            real = real.to(padded.device)
        else:
            padded = target.data.new_zeros(len(target), 0, 5)
            real = torch.zeros(len(target), 0, dtype=torch.bool, device=padded.device)
        boxes, cells = padded[..., :4], cells_of(padded[..., :4], grid)
        return cls(boxes=boxes, kinds=padded[..., 4].long(), real=real, cells=cells, hills=_hills(boxes, cells, grid) * real[..., None])


def _hills(boxes: Tensor, cells: Tensor, grid: tuple[int, int]) -> Tensor:
    """A bell over each rectangle's middle (Zhou 2019, "Objects as points", section 3)."""
    sides = boxes.new_tensor([grid[1], grid[0]])
    middle, size = (boxes[..., :2] + boxes[..., 2:]) / 2 * sides, (boxes[..., 2:] - boxes[..., :2]) * sides
    away = (centres(grid).to(boxes) - middle[..., None, :]) / (size * _SPREAD).clamp_min(_LEAST_SPREAD)[..., None, :]
    hills = (-away.square().sum(-1) / 2).exp()
    return hills.scatter(2, cells[..., None], 1.0)


def objectness_loss(logits: Tensor, truth: Truth) -> Tensor:
    """Return the focal loss of "a middle lies here", softer on the slopes of hills (Zhou 2019, equation 1), summed."""
    height = truth.hills.amax(1) if truth.hills.shape[1] else torch.zeros_like(logits)
    chance = torch.sigmoid(logits)
    here, elsewhere = functional.logsigmoid(logits), functional.logsigmoid(-logits)
    missed = (height == 1) * (1 - chance).square() * here
    false = (1 - height).pow(4) * chance.square() * elsewhere
    return -(missed + false).sum()


def box_loss(boxes: Tensor, kinds: Tensor, truth: Truth) -> Tensor:
    """Return how far rectangles of cells near a middle lie from it, and how wrong their kinds are, summed over rectangles.

    Parameters
    ----------
    boxes : Tensor
        (N, S, 4) of each cell.
    kinds : Tensor
        (N, S, K) logits; K = 1 where there is one kind.
    truth : Truth
        The rectangles.

    Returns
    -------
    Tensor
        ().
    """
    weights = truth.hills * (truth.hills >= _NEAR)
    row, which, cell = weights.nonzero(as_tuple=True)
    weight = (weights / weights.sum(-1, keepdim=True).clamp_min(1e-6))[row, which, cell]
    loss = _BOX_WEIGHT * (weight * (1 - generous(boxes[row, cell], truth.boxes[row, which]))).sum()
    if kinds.shape[-1] > 1:
        loss = loss + (weight * functional.cross_entropy(kinds[row, cell], truth.kinds[row, which], reduction="none")).sum()
    return loss
