"""Ragged: the one batch type inside elman, torch's PackedSequence layout plus lengths, so that empty sequences exist."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from elman.errors import DataTypeError, ShapeError
from elman.sequences import layout as _rows
from elman.sequences.geometry import first_rows, sorted_lengths, steps_and_places
from elman.sequences.torch_internals import ints

try:
    from elman import _native
except ImportError:  # sources without a compiled module still run, with torch's operators
    _native: Any = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Ragged:
    """A batch of N sequences of lengths 0..T without padding.

    Rows of ``data`` are time-major: first all first steps, longest sequence first, then all second steps, and so on.

    Notes
    -----
    Shapes:

        data              (ΣT, *)   any dtype and device
        batch_sizes       (T,)      int64, CPU, never rising: how many sequences reach step t
        sorted_indices    (N,)      int64, CPU: sorted position -> caller's row (longest first, stable)
        unsorted_indices  (N,)      int64, CPU: caller's row -> sorted position
        lengths           (N,)      int64, CPU, in the caller's order

    Examples
    --------
    >>> batch = Ragged.from_list([np.ones((3, 2), np.float32), np.ones((0, 2), np.float32)])
    >>> batch.lengths.tolist(), tuple(batch.data.shape)
    ([3, 0], (3, 2))
    """

    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor
    unsorted_indices: Tensor
    lengths: Tensor

    def __len__(self) -> int:
        """Number of sequences N."""
        return len(self.lengths)

    @classmethod
    def from_lengths(cls, data: Tensor, lengths: Tensor) -> Self:
        """Lay a geometry over rows that are already in packed order."""
        lengths = read_lengths(lengths)
        order = torch.argsort(lengths, descending=True, stable=True)
        inverse = torch.empty_like(order)
        inverse[order] = torch.arange(len(order), device="cpu")
        longest = int(lengths.max()) if len(lengths) else 0
        counts = torch.bincount(lengths, minlength=longest + 1)
        batch_sizes = (len(lengths) - torch.cumsum(counts, 0))[:longest]
        if data.dim() == 0 or int(batch_sizes.sum()) != len(data):
            actual = f"{len(data)} rows" if data.dim() else "a single number"
            raise ShapeError(f"data must have {int(batch_sizes.sum())} rows, the sum of the lengths; got {actual}.")
        return cls(data=data, batch_sizes=batch_sizes, sorted_indices=order, unsorted_indices=inverse, lengths=lengths)

    @classmethod
    def from_list(cls, arrays: Sequence[np.ndarray | Tensor]) -> Self:
        """Pack sequences of shape (T_n, *), each of any length from 0."""
        tensors = [_as_tensor(a, row) for row, a in enumerate(arrays)]
        first = next((t for t in tensors if len(t)), tensors[0] if tensors else None)
        for row, tensor in enumerate(tensors):
            _check_like(tensor, first, row)
        lengths = torch.tensor([len(t) for t in tensors], dtype=torch.int64, device="cpu")
        return cls._pack_rows(torch.cat(tensors) if tensors else torch.empty(0, device="cpu"), lengths)

    @classmethod
    def _pack_rows(cls, rows: Tensor, lengths: Tensor) -> Self:
        """Pack rows that lie one sequence after the other."""
        shape = cls.from_lengths(rows, lengths)
        return replace(shape, data=_rows.pack(rows, shape._starts(), 1, shape.batch_sizes))

    def _starts(self) -> Tensor:
        """First row of each sequence, longest first, when sequences lie end to end in the caller's order."""
        return (torch.cumsum(self.lengths, 0) - self.lengths)[self.sorted_indices]

    @classmethod
    def from_padded(cls, padded: Tensor, lengths: Tensor) -> Self:
        """Pack a batch-first padded tensor (N, T, *); elements beyond a length are never read."""
        if padded.dim() < 2:
            raise ShapeError(f"padded must be (N, T, *); got shape {tuple(padded.shape)}.")
        lengths = read_lengths(lengths)
        if len(lengths) != len(padded):
            raise ShapeError(f"lengths must have one entry per row, {len(padded)}; got {len(lengths)}.")
        too_long = torch.nonzero(lengths > padded.shape[1]).flatten()
        if len(too_long):
            at = int(too_long[0])
            actual = f"got {int(lengths[at])} at index {at}"
            raise ShapeError(f"lengths must be in 0..T (T={padded.shape[1]}); {actual}. Trim the lengths or pad the batch first.")
        longest = padded.shape[1]
        shape = cls.from_lengths(padded.new_empty(int(lengths.sum()), 0), lengths)
        if padded.transpose(0, 1).is_contiguous():  # time-first memory is read as it is
            data = _rows.pack(padded.transpose(0, 1).flatten(0, 1), shape.sorted_indices, len(padded), shape.batch_sizes)
        else:
            data = _rows.pack(padded.flatten(0, 1), shape.sorted_indices * longest, 1, shape.batch_sizes)
        return replace(shape, data=data)

    @classmethod
    def from_packed(cls, packed: PackedSequence) -> Self:
        """Take torch's PackedSequence without copying its data."""
        sizes = packed.batch_sizes
        _check_sizes(sizes, packed.data)
        n = int(sizes[0]) if len(sizes) else 0
        order = packed.sorted_indices.cpu() if packed.sorted_indices is not None else torch.arange(n, device="cpu")
        _check_permutation(order, n)
        inverse = torch.empty_like(order)
        inverse[order] = torch.arange(n, device="cpu")
        lengths = sorted_lengths(sizes)[inverse]
        return cls(data=packed.data, batch_sizes=sizes, sorted_indices=order, unsorted_indices=inverse, lengths=lengths)

    def to_packed(self) -> PackedSequence:
        """Give torch's PackedSequence without copying; empty sequences are refused, as torch has none."""
        if len(self) == 0 or int(self.lengths.min()) == 0:
            empty = ints(torch.nonzero(self.lengths == 0).flatten())
            raise ShapeError(
                f"A PackedSequence cannot hold empty sequences; rows {empty[:5]} are empty. Keep the Ragged or drop these rows."
            )
        device = self.data.device
        return PackedSequence(self.data, self.batch_sizes, self.sorted_indices.to(device), self.unsorted_indices.to(device))

    def with_data(self, data: Tensor) -> Self:
        """Return the same geometry over other rows (ΣT, *)."""
        if len(data) != len(self.data):
            raise ShapeError(f"data must keep its {len(self.data)} rows; got {len(data)}.")
        return replace(self, data=data)

    def to_list(self) -> list[Tensor]:
        """Give back the sequences, (T_n, *) each, in the caller's order."""
        rows = _rows.unpack(self.data, len(self.data), self._starts(), 1, self.batch_sizes)
        return list(torch.split(rows, ints(self.lengths)))

    def to_padded(self, fill: float = 0.0) -> tuple[Tensor, Tensor]:
        """Return a batch-first padded tensor (N, T, *) and its mask (N, T), True where real."""
        longest = len(self.batch_sizes)
        mask = (torch.arange(longest, device="cpu")[None, :] < self.lengths[:, None]).to(self.data.device)
        rows = _rows.unpack(self.data, len(self) * longest, self.sorted_indices * longest, 1, self.batch_sizes, fill)
        return rows.view(len(self), longest, *rows.shape[1:]), mask

    def flip(self) -> Self:
        """Reverse each sequence in its own length."""
        return replace(self, data=_rows.flip(self.data, self.batch_sizes))

    def to(self, device: torch.device | str) -> Self:
        """Move the data; the geometry stays on the CPU."""
        return replace(self, data=self.data.to(device))

    def row_of(self) -> Tensor:
        """For each packed row, the caller's row it belongs to, (ΣT,) int64."""
        _, places = steps_and_places(self.batch_sizes)
        return self.sorted_indices[places]

    def step_of(self) -> Tensor:
        """For each packed row, its step in its own sequence, (ΣT,) int64."""
        return steps_and_places(self.batch_sizes)[0]

    def last(self) -> Tensor:
        """Return the row of each sequence's last step, (N, *), in the caller's order; zeros for an empty sequence."""
        real = self.lengths > 0
        rows = first_rows(self.batch_sizes)[self.lengths[real] - 1] + self.unsorted_indices[real]
        device = self.data.device
        result = self.data.new_zeros(len(self), *self.data.shape[1:])
        return result.index_copy(0, torch.nonzero(real).flatten().to(device), self.data[rows.to(device)])

    def select(self, rows: Tensor | Sequence[int]) -> Self:
        """Return some sequences, in the order asked for; the same one may be asked for twice.

        Parameters
        ----------
        rows : Tensor or sequence of int
            Caller's rows in 0..N-1.

        Returns
        -------
        Ragged
            A batch of ``len(rows)`` sequences.
        """
        rows = torch.as_tensor(rows, dtype=torch.int64, device="cpu").flatten()
        if len(rows) and not 0 <= int(rows.min()) <= int(rows.max()) < len(self):
            raise ShapeError(f"rows must be in 0..{len(self) - 1}; got {int(rows.min())}..{int(rows.max())}.")
        lengths = self.lengths[rows]
        frame = type(self).from_lengths(torch.empty(int(lengths.sum()), 0, device="cpu"), lengths)
        steps, places = steps_and_places(frame.batch_sizes)
        index = first_rows(self.batch_sizes)[steps] + self.unsorted_indices[rows[frame.sorted_indices[places]]]
        return replace(frame, data=self.data[index.to(self.data.device)])

    @classmethod
    def concat(cls, batches: Sequence[Ragged]) -> Self:
        """Put the sequences of several batches one after another into one batch.

        Parameters
        ----------
        batches : sequence of Ragged
            At least one; same features, dtype and device.

        Returns
        -------
        Ragged
            All sequences, in order.
        """
        if not batches:
            raise ShapeError("concat needs at least one batch; got none.")
        for row, batch in enumerate(batches):
            _check_like(batch.data, batches[0].data, row)
        rows = [_rows.unpack(batch.data, len(batch.data), batch._starts(), 1, batch.batch_sizes) for batch in batches]
        return cls._pack_rows(torch.cat(rows), torch.cat([batch.lengths for batch in batches]))

    def chunks(self, step: int) -> Iterator[Self]:
        """Cut time into windows of at most ``step`` steps, without copying: truncated backpropagation reads them in turn.

        Every window holds the same N sequences in the same order; those that are over are empty in it.

        Parameters
        ----------
        step : int
            Longest window, at least 1.

        Yields
        ------
        Self
            A view of this batch's rows.

        Examples
        --------
        >>> batch = Ragged.from_list([torch.arange(3.0), torch.arange(1.0)])
        >>> [window.lengths.tolist() for window in batch.chunks(2)]
        [[2, 1], [1, 0]]
        """
        value = cast(object, step)
        if isinstance(value, bool) or not isinstance(value, int) or step < 1:
            raise ShapeError(f"step must be a whole number of at least 1; got {step!r}.")
        begin = 0
        for start in range(0, len(self.batch_sizes), step):
            sizes = self.batch_sizes[start : start + step]
            end = begin + int(sizes.sum())
            yield replace(self, data=self.data[begin:end], batch_sizes=sizes, lengths=(self.lengths - start).clamp(0, step))
            begin = end

    def validate(self) -> Self:
        """Return the batch itself, or raise ShapeError when its parts contradict each other.

        Every constructor here gives a valid batch; one put together by hand is checked before it reaches native code.
        """
        _check_sizes(self.batch_sizes, self.data)
        for name in ("sorted_indices", "unsorted_indices", "lengths"):
            value = getattr(self, name)
            if value.dtype != torch.int64 or value.device.type != "cpu" or value.dim() != 1:
                raise ShapeError(f"{name} must be (N,) int64 on the CPU; got {tuple(value.shape)} {value.dtype} on {value.device}.")
        _check_permutation(self.sorted_indices, len(self))
        if not torch.equal(
            self.sorted_indices[self.unsorted_indices.clamp(0, max(len(self) - 1, 0))], torch.arange(len(self), device="cpu")
        ):
            raise ShapeError("unsorted_indices must be the inverse of sorted_indices; they contradict each other.")
        expected = sorted_lengths(self.batch_sizes)
        actual = self.lengths[self.sorted_indices]
        if not torch.equal(actual[: len(expected)], expected) or bool(actual[len(expected) :].any()):
            raise ShapeError("lengths and batch_sizes contradict each other. Build the batch with from_lengths, from_list or from_padded.")
        return self


def read_lengths(lengths: Any) -> Tensor:
    """Return lengths as (N,) int64 on the CPU, or raise for anything but whole numbers from 0.

    Parameters
    ----------
    lengths : Tensor, array or sequence of int
        Of the caller.

    Returns
    -------
    Tensor
        (N,) int64.
    """
    try:
        result = lengths if isinstance(lengths, Tensor) else torch.as_tensor(lengths, device="cpu")
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise DataTypeError(f"lengths must be whole numbers; got {type(lengths).__name__} ({error}).") from error
    if result.layout is not torch.strided or result.is_nested or result.is_meta:
        raise DataTypeError(f"lengths must be a dense tensor with values; got {result.layout} on {result.device}. Convert it first.")
    if result.dim() != 1 or (len(result) and (result.dtype.is_floating_point or result.dtype.is_complex or result.dtype == torch.bool)):
        raise DataTypeError(f"lengths must be (N,) whole numbers; got shape {tuple(result.shape)}, {result.dtype}.")
    result = result.to("cpu", torch.int64)
    if len(result) and int(result.min()) < 0:
        raise ShapeError(f"lengths must be at least 0; got {int(result.min())} at index {int(result.argmin())}.")
    return result


def _as_tensor(array: Any, row: int) -> Tensor:
    try:
        tensor = array if isinstance(array, Tensor) else torch.as_tensor(array, device="cpu")
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataTypeError(f"a sequence must be an array of numbers; got {type(array).__name__} ({error}).", row=row) from error
    if tensor.dim() == 0:
        raise ShapeError(f"row {row}: a sequence must be (T, *); got a single number.")
    return tensor


def _check_like(tensor: Tensor, first: Tensor | None, row: int) -> None:
    if first is not None and (tensor.shape[1:] != first.shape[1:] or tensor.dtype != first.dtype or tensor.device != first.device):
        actual, expected = (f"(·, {list(t.shape[1:])}) {t.dtype} on {t.device}" for t in (tensor, first))
        raise ShapeError(f"row {row}: sequences of one batch must agree in features, dtype and device; got {actual}, expected {expected}.")


def _check_sizes(batch_sizes: Tensor, data: Tensor) -> None:
    if batch_sizes.dim() != 1 or batch_sizes.dtype != torch.int64 or batch_sizes.device.type != "cpu":
        actual = f"{tuple(batch_sizes.shape)} {batch_sizes.dtype} on {batch_sizes.device}"
        raise ShapeError(f"batch_sizes must be (T,) int64 on the CPU; got {actual}.")
    if len(batch_sizes) and (int(batch_sizes[-1]) < 1 or bool((batch_sizes[1:] > batch_sizes[:-1]).any())):
        raise ShapeError(f"batch_sizes must be at least 1 and never rise; got {ints(batch_sizes[:8])}. Sort by length, longest first.")
    if data.dim() == 0 or len(data) != int(batch_sizes.sum()):
        raise ShapeError(f"batch_sizes must sum to the rows of data; got {int(batch_sizes.sum())} for shape {tuple(data.shape)}.")


def _check_permutation(order: Tensor, n: int) -> None:
    if order.dtype != torch.int64 or order.shape != (n,) or not torch.equal(torch.sort(order).values, torch.arange(n, device="cpu")):
        raise ShapeError(f"sorted_indices must be a permutation of 0..{n - 1}; got {ints(order[:8]) if order.dim() else order}.")


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
    lengths = read_lengths(lengths).contiguous()
    if _native is not None and len(lengths) == n:
        order, sizes = torch.empty_like(lengths), lengths.new_empty(most)
        result = _native.sort_lengths(lengths.data_ptr(), n, most, order.data_ptr(), sizes.data_ptr())
        if result is not None:
            return *result, order, sizes[: result[0]]
    frame = Ragged.from_padded(torch.empty(n, most, 0, device="cpu"), lengths)  # refuses wrong lengths
    return len(frame.batch_sizes), len(frame.data), frame.sorted_indices, frame.batch_sizes


def fits(batch: PackedSequence | Ragged) -> bool:
    """Return quickly whether the parts of a packed batch agree; False also where that cannot be found out quickly.

    Parameters
    ----------
    batch : PackedSequence or Ragged
        May be put together by hand.

    Returns
    -------
    bool
        True: sizes fall and sum to the rows, the order is a permutation, and so are its inverse and the lengths right.
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
