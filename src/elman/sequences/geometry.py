"""Index arithmetic of packed rows: which step, which sequence, where the mirror image stands. No loop per element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from torch.nn.utils.rnn import PackedSequence

    from elman.sequences.ragged import Ragged

try:
    from elman import _native
except ImportError:  # sources without a compiled module still run, with torch's operators
    _native: Any = None


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
    steps = torch.repeat_interleave(torch.arange(len(batch_sizes)), batch_sizes, output_size=total)
    return steps, torch.arange(total) - first_rows(batch_sizes)[steps]


def sorted_lengths(batch_sizes: Tensor) -> Tensor:
    """Return the lengths of the sequences that have any step, longest first, (batch_sizes[0],)."""
    if len(batch_sizes) == 0:
        return torch.empty(0, dtype=torch.int64)
    rising = batch_sizes.flip(0).contiguous()
    return len(batch_sizes) - torch.searchsorted(rising, torch.arange(int(batch_sizes[0])), right=True)


def mirror(batch_sizes: Tensor) -> Tensor:
    """Return for each packed row the row that stands there when every sequence is read backwards, (ΣT,).

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


def sort_lengths(lengths: Any, n: int, most: int) -> tuple[int, int, Tensor, Tensor]:
    """Sort N sequences by length, longest first, equal ones in their order.

    Parameters
    ----------
    lengths : Tensor, array or sequence of int
        Whole numbers in 0..``most``, one per sequence; anything else is refused.
    n : int
        N.
    most : int
        The steps there are.

    Returns
    -------
    tuple
        ``(steps, rows, order, batch_sizes)``: the longest length, the sum, sequences by place (N,), and how many reach each step.

    Examples
    --------
    >>> steps, rows, order, sizes = sort_lengths([1, 3, 0], 3, 5)
    >>> steps, rows, order.tolist(), sizes.tolist()
    (3, 4, [1, 0, 2], [2, 1, 1])
    """
    from elman.sequences.ragged import Ragged, read_lengths

    lengths = read_lengths(lengths).contiguous()
    if _native is not None and len(lengths) == n:
        order, sizes = torch.empty_like(lengths), lengths.new_empty(most)
        found = _native.sort_lengths(lengths.data_ptr(), n, most, order.data_ptr(), sizes.data_ptr())
        if found is not None:
            return *found, order, sizes[: found[0]]
    frame = Ragged.from_padded(torch.empty(n, most, 0), lengths)  # refuses what is wrong
    return len(frame.batch_sizes), len(frame.data), frame.sorted_indices, frame.batch_sizes


def fits(batch: PackedSequence | Ragged) -> bool:
    """Say quickly whether the parts of a packed batch agree; False also where that cannot be found out quickly.

    Parameters
    ----------
    batch : PackedSequence or Ragged
        May be put together by hand.

    Returns
    -------
    bool
        True: sizes fall and sum to the rows, the order is a permutation, and so are its inverse and the lengths what they should be.
    """
    sizes, order, back = batch.batch_sizes, batch.sorted_indices, batch.unsorted_indices
    lengths = getattr(batch, "lengths", None)
    if _native is None or not _plain(sizes) or any(part is not None and not _plain(part) for part in (order, back, lengths)):
        return False
    n = len(lengths) if lengths is not None else int(sizes[0]) if len(sizes) else 0
    if any(part is not None and len(part) != n for part in (order, back)):
        return False
    addresses = [0 if part is None else part.data_ptr() for part in (order, back, lengths)]
    return _native.packed_fit(sizes.data_ptr(), len(sizes), len(batch.data) if batch.data.dim() else -1, n, *addresses)


def _plain(part: Any) -> bool:
    return type(part) is Tensor and part.is_cpu and part.dtype is torch.int64 and part.dim() == 1 and part.is_contiguous()
