"""Targets of the cells of a grid for the boxes in a picture, and overlaps of boxes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

_MIDDLE = 0.25
"""Cells within so much of a box's sides of its middle answer for it."""
_FOUND = 0.5
"""Overlap from which a box is found."""


def overlaps(left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    """Return intersection over union of boxes (..., 4), and the share of the hull that neither covers (Rezatofighi 2019)."""
    shared = (torch.minimum(left[..., 2:], right[..., 2:]) - torch.maximum(left[..., :2], right[..., :2])).clamp(min=0).prod(-1)
    hull = (torch.maximum(left[..., 2:], right[..., 2:]) - torch.minimum(left[..., :2], right[..., :2])).prod(-1)
    areas = [(boxes[..., 2:] - boxes[..., :2]).prod(-1) for boxes in (left, right)]
    union = areas[0] + areas[1] - shared
    return shared / union.clamp(min=1e-12), (hull - union) / hull.clamp(min=1e-12)


def centres(height: int, width: int, like: Tensor) -> Tensor:
    """Return the middle of every cell as shares of the picture, (h·w, 2): x, y."""
    y, x = torch.meshgrid(
        (torch.arange(height, device=like.device, dtype=like.dtype) + 0.5) / height,
        (torch.arange(width, device=like.device, dtype=like.dtype) + 0.5) / width,
        indexing="ij",
    )
    return torch.stack([x.flatten(), y.flatten()], 1)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Targets of the cells of N grids for T boxes a picture.

    Notes
    -----
    Shapes:

        heat    (N, S) 1 at the cell in the middle of a box, less around it     middle  (N, T) this cell
        owner   (N, S) the box a cell answers for, -1 for none                  share   (N, S) its weight; those of a box sum to 1
    """

    heat: Tensor
    middle: Tensor
    owner: Tensor
    share: Tensor

    @classmethod
    def of(cls, boxes: Tensor, mask: Tensor, height: int, width: int) -> Wanted:
        """Work it out for boxes (N, T, 4) of which ``mask`` (N, T) are real, on a grid of h rows and w columns."""
        places = centres(height, width, boxes)
        middles, sides = (boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]
        grid = torch.tensor([width, height], device=boxes.device)
        at = (middles * grid).long().clamp(min=0).minimum(grid - 1)
        middle = at[..., 1] * width + at[..., 0]
        apart = (places[None, :, None] - middles[:, None]).abs()
        spread = (sides / 6).maximum(0.7 / grid.to(boxes.dtype))[:, None]
        heat = torch.exp(-((apart / spread) ** 2).sum(-1) / 2)
        here = torch.arange(height * width, device=boxes.device)[None, :, None] == middle[:, None]
        heat = heat.masked_fill(here, 1.0).masked_fill(~mask[:, None], 0.0).amax(2) if boxes.shape[1] else heat.sum(2)
        answers = ((apart <= _MIDDLE * sides[:, None]).all(-1) | here) & mask[:, None]
        area = sides.prod(-1)[:, None].expand(answers.shape).masked_fill(~answers, torch.inf)
        area = area.masked_fill(here & answers, 0.0)  # a box always has the cell in its middle, unless a second one is there too
        owner = area.argmin(2) if boxes.shape[1] else middle.new_zeros(len(boxes), height * width)
        owner = torch.where(answers.any(2), owner, torch.full_like(owner, -1))
        counts = torch.zeros(boxes.shape[0], boxes.shape[1] + 1, device=boxes.device, dtype=boxes.dtype)
        counts = counts.scatter_add(1, owner + 1, torch.ones_like(owner, dtype=boxes.dtype))
        share = (1 / counts.gather(1, owner + 1).clamp(min=1)).masked_fill(owner < 0, 0.0)
        return cls(heat=heat, middle=middle, owner=owner, share=share)


def hits(predicted: Tensor, boxes: Tensor, mask: Tensor, middle: Tensor) -> Tensor:
    """Return the overlap of each cell's box with each true one, 0 below the limit, (N, S, T); the cell in the middle always has some.

    Parameters
    ----------
    predicted : Tensor
        (N, S, 4) boxes of the cells.
    boxes : Tensor
        (N, T, 4) the true ones.
    mask : Tensor
        (N, T) which are real.
    middle : Tensor
        (N, T) the cell in the middle of each.

    Returns
    -------
    Tensor
        0..1.
    """
    overlap = overlaps(predicted[:, :, None], boxes[:, None])[0]
    here = torch.arange(predicted.shape[1], device=predicted.device)[None, :, None] == middle[:, None]
    values = torch.where(overlap >= _FOUND, overlap, torch.zeros_like(overlap))
    return torch.where(here, values.clamp(min=_FOUND / 2), values).masked_fill(~mask[:, None], 0.0)
