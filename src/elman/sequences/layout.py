"""Moving rows between packed order and other layouts: natively on the CPU, by indexing elsewhere, with the same results.

Packed row ``(t, p)``, step t of the p-th longest sequence, is at ``starts[p] + t * stride`` among the other rows.
Sequences end to end have their own starts and stride 1; padded batch-first rows start at ``n * T`` with stride 1; padded time-first rows
at ``n`` with stride N.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from elman.sequences.geometry import mirror, steps_and_places
from elman.sequences.threads import num_threads
from elman.sequences.torch_internals import apply, holds_values, is_wrapped

try:
    from elman import _native
except ImportError:  # sources without a compiled module still run, by indexing
    _native: Any = None


def pack(rows: Tensor, starts: Tensor, stride: int, batch_sizes: Tensor) -> Tensor:
    """Copy rows (R, *) into packed order (ΣT, *).

    Parameters
    ----------
    rows : Tensor
        Rows to read, (R, *).
    starts : Tensor
        Row of each sequence's first step, longest sequence first, (N,) int64 on the CPU.
    stride : int
        Rows from one step of a sequence to its next.
    batch_sizes : Tensor
        How many sequences reach each step, (T,) int64 on the CPU, never rising.

    Returns
    -------
    Tensor
        The rows in packed order, (ΣT, *).
    """
    if not _runs_natively(rows):
        return rows[places(starts, stride, batch_sizes).to(rows.device)]
    if rows.requires_grad and torch.is_grad_enabled():
        return apply(_Pack, rows, starts, stride, batch_sizes)
    packed = rows.new_empty((int(batch_sizes.sum()), *rows.shape[1:]))
    _native_call("pack_rows", packed, rows.detach(), starts, stride, batch_sizes)
    return packed


def unpack(packed: Tensor, count: int, starts: Tensor, stride: int, batch_sizes: Tensor, fill: float | None = None) -> Tensor:
    """Copy packed rows (ΣT, *) to their places among ``count`` rows; the others hold ``fill`` (None: there are no others)."""
    if not _runs_natively(packed):
        rows = packed.new_empty((count, *packed.shape[1:])) if fill is None else packed.new_full((count, *packed.shape[1:]), fill)
        return rows.index_copy(0, places(starts, stride, batch_sizes).to(packed.device), packed)
    if packed.requires_grad and torch.is_grad_enabled():
        return apply(_Unpack, packed, count, starts, stride, batch_sizes, fill)
    rows = packed.new_empty((count, *packed.shape[1:])) if fill is None else packed.new_full((count, *packed.shape[1:]), fill)
    _native_call("unpack_rows", rows, packed.detach(), starts, stride, batch_sizes)
    return rows


def flip(packed: Tensor, batch_sizes: Tensor) -> Tensor:
    """Mirror each packed sequence in its own length."""
    if not _runs_natively(packed):
        return packed[mirror(batch_sizes).to(packed.device)]
    if packed.requires_grad and torch.is_grad_enabled():
        return apply(_Flip, packed, batch_sizes)
    source = packed.detach().contiguous()
    flipped = torch.empty_like(source)
    sizes = batch_sizes.contiguous()
    _native.flip_rows(flipped.data_ptr(), source.data_ptr(), sizes.data_ptr(), len(sizes), _row_bytes(source), num_threads())
    return flipped


def _runs_natively(rows: Tensor) -> bool:
    """Plain CPU tensors whose memory holds their values; not subclasses, or code under a compiler or a functional transform."""
    return (
        _native is not None
        and type(rows) in (Tensor, torch.nn.Parameter)
        and rows.device.type == "cpu"
        and rows.layout == torch.strided
        and not torch.compiler.is_compiling()
        and not is_wrapped(rows)
        and holds_values(rows)
    )


def _row_bytes(rows: Tensor) -> int:
    """Size of one row of a contiguous tensor."""
    return rows.element_size() * math.prod(rows.shape[1:])


def _native_call(name: str, to: Tensor, source: Tensor, starts: Tensor, stride: int, batch_sizes: Tensor) -> None:
    """Run one of the native copies between contiguous tensors."""
    source = source.contiguous()
    if source.numel() == 0:
        return
    starts, sizes = starts.contiguous(), batch_sizes.contiguous()
    size, threads = _row_bytes(source), num_threads()
    getattr(_native, name)(to.data_ptr(), source.data_ptr(), starts.data_ptr(), stride, sizes.data_ptr(), len(sizes), size, threads)


def places(starts: Tensor, stride: int, batch_sizes: Tensor) -> Tensor:
    """Return for each packed row its row in the other layout, (ΣT,) int64."""
    steps, positions = steps_and_places(batch_sizes)
    return starts[positions] + steps * stride


class _Pack(Function):
    """Native packing inside a graph; its gradient is unpacking into zeros."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, starts: Tensor, stride: int, batch_sizes: Tensor) -> Tensor:
        """Pack."""
        ctx.geometry = len(rows), starts, stride, batch_sizes
        return pack(rows.detach(), starts, stride, batch_sizes)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        """Unpack; rows that were not read get zero."""
        return unpack(grads[0], *ctx.geometry, fill=0.0), None, None, None


class _Unpack(Function):
    """Native unpacking inside a graph; its gradient is packing."""

    @staticmethod
    def forward(ctx: Any, packed: Tensor, count: int, starts: Tensor, stride: int, batch_sizes: Tensor, fill: float | None) -> Tensor:
        """Unpack."""
        ctx.geometry = starts, stride, batch_sizes
        return unpack(packed.detach(), count, starts, stride, batch_sizes, fill)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        """Pack."""
        return pack(grads[0], *ctx.geometry), None, None, None, None, None


class _Flip(Function):
    """Native mirroring inside a graph; it is its own gradient."""

    @staticmethod
    def forward(ctx: Any, packed: Tensor, batch_sizes: Tensor) -> Tensor:
        """Mirror."""
        ctx.batch_sizes = batch_sizes
        return flip(packed.detach(), batch_sizes)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        """Mirror back."""
        return flip(grads[0], ctx.batch_sizes), None
