"""Index arithmetic of packed rows: which step, which sequence, which mirror image. No loop per element."""

from __future__ import annotations

import torch
from torch import Tensor


def first_rows(batch_sizes: Tensor) -> Tensor:
    """Return where each step's rows begin, (T,)."""
    return torch.cumsum(batch_sizes, 0) - batch_sizes


def steps_and_places(batch_sizes: Tensor) -> tuple[Tensor, Tensor]:
    """Return for each packed row its step and its sorted position, both (ΣT,).

    Parameters
    ----------
    batch_sizes : Tensor
        (T,) int64, never rising.

    Returns
    -------
    tuple of Tensor
        ``(steps, places)``.

    Examples
    --------
    >>> steps, places = steps_and_places(torch.tensor([2, 1]))
    >>> steps.tolist(), places.tolist()
    ([0, 0, 1], [0, 1, 0])
    """
    total = int(batch_sizes.sum())
    steps = torch.repeat_interleave(torch.arange(len(batch_sizes), device="cpu"), batch_sizes, output_size=total)
    return steps, torch.arange(total, device="cpu") - first_rows(batch_sizes)[steps]


def sorted_lengths(batch_sizes: Tensor) -> Tensor:
    """Return the lengths of the sequences that have any step, longest first, (batch_sizes[0],)."""
    if len(batch_sizes) == 0:
        return torch.empty(0, dtype=torch.int64, device="cpu")
    rising = batch_sizes.flip(0).contiguous()
    return len(batch_sizes) - torch.searchsorted(rising, torch.arange(int(batch_sizes[0]), device="cpu"), right=True)


def mirror(batch_sizes: Tensor) -> Tensor:
    """Return for each packed row the row that is there when every sequence is read backwards, (ΣT,).

    Parameters
    ----------
    batch_sizes : Tensor
        (T,) int64, never rising.

    Returns
    -------
    Tensor
        (ΣT,) int64; its own inverse.

    Examples
    --------
    >>> mirror(torch.tensor([2, 1])).tolist()
    [2, 1, 0]
    """
    steps, places = steps_and_places(batch_sizes)
    return first_rows(batch_sizes)[sorted_lengths(batch_sizes)[places] - 1 - steps] + places
