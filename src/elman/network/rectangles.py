"""Rectangles (x1, y1, x2, y2) in shares of a picture: how much they overlap, and how cells of a grid name them."""

from __future__ import annotations

import torch
from torch import Tensor

_LARGEST = 6.0
"""Natural logarithm of the largest side in cells: keeps exp finite."""


def overlap(a: Tensor, b: Tensor) -> Tensor:
    """Return intersection over union of rectangles, broadcast.

    Parameters
    ----------
    a : Tensor
        (…, 4).
    b : Tensor
        (…, 4).

    Returns
    -------
    Tensor
        (…) in 0..1; 0 where both are empty.

    Examples
    --------
    >>> overlap(torch.tensor([0.0, 0.0, 0.5, 0.5]), torch.tensor([0.25, 0.0, 0.75, 0.5])).item()  # 1/8 of 3/8
    0.3333333432674408
    """
    both = _common(a, b)
    return both / (area(a) + area(b) - both).clamp_min(1e-12)


def generous(a: Tensor, b: Tensor) -> Tensor:
    """Return the generalised overlap in -1..1, which has a slope where rectangles lie apart (Rezatofighi 2019, "GIoU", algorithm 1)."""
    both = _common(a, b)
    union = (area(a) + area(b) - both).clamp_min(1e-12)
    low, high = torch.minimum(a[..., :2], b[..., :2]), torch.maximum(a[..., 2:], b[..., 2:])
    hull = (high - low).prod(-1).clamp_min(1e-12)
    return both / union - (hull - union) / hull


def area(a: Tensor) -> Tensor:
    """Return areas of (…, 4), 0 for what has no inside."""
    return (a[..., 2:] - a[..., :2]).clamp_min(0).prod(-1)


def _common(a: Tensor, b: Tensor) -> Tensor:
    low, high = torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])
    return (high - low).clamp_min(0).prod(-1)


def placed(numbers: Tensor, grid: tuple[int, int]) -> Tensor:
    """Return the rectangle that each cell names.

    Parameters
    ----------
    numbers : Tensor
        (N, S, 4): how far the centre lies from the cell's, across and down, and the natural logarithms of width and height, all in cells.
    grid : tuple of int
        Rows and columns, S together.

    Returns
    -------
    Tensor
        (N, S, 4) in shares of the picture.
    """
    sides = numbers.new_tensor([grid[1], grid[0]])
    centre = (centres(grid).to(numbers) + numbers[..., :2]) / sides
    half = numbers[..., 2:].clamp(-_LARGEST, _LARGEST).exp() / sides / 2
    return torch.cat([centre - half, centre + half], -1)


def centres(grid: tuple[int, int]) -> Tensor:
    """Return the middle of each cell, across and down, counted in cells, (S, 2)."""
    down, across = torch.meshgrid(torch.arange(grid[0]), torch.arange(grid[1]), indexing="ij")
    return torch.stack([across, down], -1).reshape(-1, 2) + 0.5


def cells_of(boxes: Tensor, grid: tuple[int, int]) -> Tensor:
    """Return the cell in which the middle of each rectangle lies, (…) of (…, 4)."""
    middle = (boxes[..., :2] + boxes[..., 2:]) / 2
    across = (middle[..., 0] * grid[1]).long().clamp(0, grid[1] - 1)
    down = (middle[..., 1] * grid[0]).long().clamp(0, grid[0] - 1)
    return down * grid[1] + across
