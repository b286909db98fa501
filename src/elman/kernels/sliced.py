"""Large products of torch in training, in eight slices on several threads, with the same bits for any number of them.

Torch splits an operation by the number of threads, and its sums then differ in their last bits. Here the slices are the same whatever the
number of threads is, each runs on one, and sums over them are made in their order. Used within :func:`elman.sequences.threads.reproducible`
only, where torch itself has one thread; small operations are not worth it.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from elman.kernels.recording import is_recording
from elman.sequences.threads import is_reproducible, num_threads

_SLICES = 8
_LARGE = 1 << 26
"""Multiplications from which slices pay."""
_WIDE = 1 << 20
"""Elements from which slices of an elementwise function pay."""
_POOL: dict[int, ThreadPoolExecutor] = {}
os.register_at_fork(after_in_child=_POOL.clear)  # a child has none of the threads


def is_large(x: Tensor, weight: Tensor) -> bool:
    """Return whether a product of rows with weights, (*, K) with (C, K), is worth slicing."""
    return weight.numel() * (x.numel() // max(x.shape[-1], 1)) >= _LARGE and _can_slice(x)


def is_wide(x: Tensor) -> bool:
    """Return whether an elementwise function of a tensor is worth slicing."""
    return x.numel() >= _WIDE and _can_slice(x)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Return ``x · weightᵀ + bias`` for x (*, K), weight (C, K) and bias (C,)."""
    return _Linear.apply(x.reshape(-1, x.shape[-1]), weight, bias).view(*x.shape[:-1], len(weight))  # type: ignore[union-attr]


def by_rows(function: Callable[..., Tensor], x: Tensor, *further: Tensor) -> Tensor:
    """Return a function of rows: ``function(x[slice], *(f[slice] for f in further))``, joined; its gradient reaches ``x`` alone."""
    return _Rows.apply(function, x, *further)  # type: ignore[return-value]


def _can_slice(x: Tensor) -> bool:
    plain = type(x) is Tensor and x.device.type == "cpu" and x.dtype in (torch.float32, torch.float64)
    return plain and is_reproducible() and torch.is_grad_enabled() and not torch.is_autocast_enabled("cpu") and not is_recording(x)


def _each(count: int, work: Callable[[slice], None]) -> None:
    """Do the work of every slice of ``count`` things."""
    ends = [count * i // _SLICES for i in range(_SLICES + 1)]
    slices = [slice(a, b) for a, b in itertools.pairwise(ends) if a < b]
    workers = min(num_threads(), _SLICES)
    if workers < 2:
        for one in slices:
            work(one)
        return
    if workers not in _POOL:
        _POOL[workers] = ThreadPoolExecutor(workers, "elman-slices", initializer=torch.set_num_threads, initargs=(1,))
    list(_POOL[workers].map(work, slices))


class _Linear(Function):
    """A linear layer: rows of the output and of the gradient of the input in slices, and rows of the gradient of the weight."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Map (M, K) to (M, C)."""
        ctx.save_for_backward(x, weight)
        ctx.has_bias = bias is not None
        y = x.new_empty(len(x), len(weight))
        _each(len(x), lambda s: _put(y[s], F.linear(x[s], weight, bias)))
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]  # the decorator hides its names
        """Return the gradients of the rows, the weight and the bias."""
        (grad,) = grads
        x, weight = ctx.saved_tensors
        grad = grad.contiguous()
        d_x = d_weight = d_bias = None
        if ctx.needs_input_grad[0]:
            d_x = torch.empty_like(x)
            _each(len(x), lambda s: _put(d_x[s], grad[s] @ weight))
        if ctx.needs_input_grad[1]:
            d_weight = torch.empty_like(weight)
            _each(len(weight), lambda s: _put(d_weight[s], grad[:, s].t() @ x))
        if ctx.has_bias and ctx.needs_input_grad[2]:
            d_bias = grad.new_empty(grad.shape[1])
            _each(grad.shape[1], lambda s: _put(d_bias[s], grad[:, s].sum(0)))
        return d_x, d_weight, d_bias


class _Rows(Function):
    """A function of rows, with torch's own gradient of each slice."""

    @staticmethod
    def forward(ctx: Any, function: Callable[..., Tensor], x: Tensor, *further: Tensor) -> Tensor:
        """Join the results of all slices."""
        parts: dict[int, tuple[Tensor, Tensor]] = {}

        def work(rows: slice) -> None:
            with torch.enable_grad():
                part = x[rows].detach().requires_grad_()
                parts[rows.start] = part, function(part, *(one[rows] for one in further))

        _each(len(x), work)
        ctx.parts, ctx.shape, ctx.count = parts, x.shape, len(further)
        return torch.cat([parts[start][1].detach() for start in sorted(parts)])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]  # the decorator hides its names
        """Return the gradient of ``x``."""
        (grad,) = grads
        d_x, parts = grad.new_empty(ctx.shape), cast(dict[int, tuple[Tensor, Tensor]], ctx.parts)

        def work(rows: slice) -> None:
            part, result = parts[rows.start]
            _put(d_x[rows], torch.autograd.grad(result, part, grad[rows], retain_graph=True)[0])

        _each(ctx.shape[0], work)
        return None, d_x, *[None] * ctx.count


def _put(to: Tensor, value: Tensor) -> None:
    with torch.no_grad():
        to.copy_(value)
