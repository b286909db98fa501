"""Operations around a recurrence at inference: products, elementwise functions and softmax with the same bits in any batch.

Torch's own differ in the last bits with the number of rows, the place in memory and the number of threads. These do not: an element
of a product is one chain of fused multiply-adds in a fixed order, a function of an element knows nothing of its neighbours, a softmax
depends on its own row. They run where gradients are off (``torch.no_grad()``, ``torch.inference_mode()``), on the CPU, in float32 and
float64; everywhere else every function here is torch's.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch  # before the compiled module, so that both share one OpenMP pool
import torch.nn.functional as F
from torch import Tensor
from torch.nn import Parameter

from elman.errors import ShapeError
from elman.kernels import sliced
from elman.kernels.dispatch import wanted
from elman.kernels.recording import is_recording
from elman.sequences.threads import num_threads
from elman.sequences.torch_internals import dense

try:
    from elman import _native
except ImportError:  # torch's functions run everything
    _native: Any = None

_FUNCTIONS = {"tanh": 0, "sigmoid": 1, "exp": 2, "softplus": 3}


def runs(*tensors: Tensor | None) -> bool:
    """Return whether the functions of this module run natively on some tensors, with the same bits in any batch."""
    if _native is None or torch.is_grad_enabled() or torch.is_autocast_enabled("cpu") or wanted() not in (None, "native"):
        return False
    actual = [tensor for tensor in tensors if tensor is not None]
    plain = all(type(t) in (Tensor, Parameter) and t.layout is torch.strided and t.device.type == "cpu" for t in actual)
    return plain and {t.dtype for t in actual} in ({torch.float32}, {torch.float64}) and not is_recording(actual[0])


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return ``x · weightᵀ + bias``.

    Parameters
    ----------
    x : Tensor
        (*, K).
    weight : Tensor
        (C, K).
    bias : Tensor, optional
        (C,).

    Returns
    -------
    Tensor
        (*, C).

    Examples
    --------
    >>> with torch.inference_mode():
    ...     x, weight = torch.randn(50, 7), torch.randn(9, 7)
    ...     torch.equal(linear(x, weight)[3:4], linear(x[3:4], weight))
    True
    """
    if not runs(x, weight, bias):
        return sliced.linear(x, weight, bias) if sliced.is_large(x, weight) else F.linear(x, weight, bias)
    fits = x.dim() > 0 and weight.dim() == 2 and x.shape[-1] == weight.shape[1] and (bias is None or bias.shape == weight.shape[:1])
    if not fits:
        actual = (tuple(x.shape), tuple(weight.shape), None if bias is None else tuple(bias.shape))
        raise ShapeError(f"linear takes x (*, K), weight (C, K) and bias (C,); got {actual}.")
    rows = x.shape[:-1].numel()
    return _product(x.reshape(1, rows, x.shape[-1]), weight, bias, True, None).view(*x.shape[:-1], len(weight))


def matmul(a: Tensor, b: Tensor, lengths: Tensor | None = None, *, transposed: bool = False) -> Tensor:
    """Return the product of each pair of matrices of two batches, over the real rows of the second.

    Parameters
    ----------
    a : Tensor
        (N, R, K).
    b : Tensor
        (N, K, C), or (N, C, K) if ``transposed``.
    lengths : Tensor, optional
        (N,) int64: only the first rows of each ``b[n]`` are real. Others count nothing, and as columns of a transposed product are zero.
    transposed : bool, default False
        Whether ``b`` holds its columns as rows.

    Returns
    -------
    Tensor
        (N, R, C).
    """
    fits = a.dim() == b.dim() == 3 and len(a) == len(b) and a.shape[2] == b.shape[2 if transposed else 1]
    if not fits or (lengths is not None and not _lengths_fit(lengths, len(b), b.shape[1])):
        actual = (tuple(a.shape), tuple(b.shape), lengths)
        raise ShapeError(f"matmul takes a (N, R, K), b (N, {'C, K' if transposed else 'K, C'}) and lengths (N,) within b; got {actual}.")
    if runs(a, b):
        return _product(a, b, None, transposed, lengths)
    if lengths is not None:
        real = torch.arange(b.shape[1], device=b.device) < lengths.to(b.device)[:, None]
        b = b.masked_fill(~real[..., None], 0.0)
        a = a if transposed else a.masked_fill(~real[:, None], 0.0)
    return torch.bmm(a, b.transpose(1, 2) if transposed else b)


def _lengths_fit(lengths: Tensor, n: int, most: int) -> bool:
    right = lengths.shape == (n,) and lengths.dtype == torch.int64 and lengths.layout is torch.strided and not lengths.is_meta
    return right and (n == 0 or (int(lengths.min()) >= 0 and int(lengths.max()) <= most))


def _product(a: Tensor, b: Tensor, bias: Tensor | None, transposed: bool, lengths: Tensor | None) -> Tensor:
    a, b = dense(a), dense(b)
    bias = None if bias is None else dense(bias)
    lengths = None if lengths is None else dense(lengths.to("cpu"))
    (n, rows, depth), columns = a.shape, b.shape[-2 if transposed else -1]
    y = a.new_empty(n, rows, columns)
    addresses = a.data_ptr(), b.data_ptr(), 0 if bias is None else bias.data_ptr(), y.data_ptr()
    real = 0 if lengths is None else lengths.data_ptr()
    _native.product(a.dtype == torch.float64, *addresses, n, rows, depth, columns, transposed, real, num_threads())
    return y


def tanh(x: Tensor) -> Tensor:
    """Return tanh of each element."""
    return _apply("tanh", x) if runs(x) else torch.tanh(x)


def sigmoid(x: Tensor) -> Tensor:
    """Return the logistic function of each element."""
    return _apply("sigmoid", x) if runs(x) else torch.sigmoid(x)


def exp(x: Tensor) -> Tensor:
    """Return the exponential of each element."""
    return _apply("exp", x) if runs(x) else torch.exp(x)


def softplus(x: Tensor) -> Tensor:
    """Return ``log(1 + exp(x))`` of each element."""
    return _apply("softplus", x) if runs(x) else F.softplus(x)


def _apply(name: str, x: Tensor) -> Tensor:
    x = dense(x)
    y = torch.empty_like(x)
    _native.apply(x.dtype == torch.float64, _FUNCTIONS[name], x.data_ptr(), y.data_ptr(), x.numel(), num_threads())
    return y


def softmax(x: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Return the softmax over the last axis.

    Parameters
    ----------
    x : Tensor
        (*, C).
    lengths : Tensor, optional
        (N,) int64, N the first axis of ``x``: only so many columns are real, the others become zero.

    Returns
    -------
    Tensor
        As ``x``; zeros for a row without real columns.
    """
    if lengths is not None and not (x.dim() > 1 and _lengths_fit(lengths, len(x), x.shape[-1])):
        raise ShapeError(f"lengths must be (N,) int64 in 0..C for x (N, *, C) {tuple(x.shape)}; got {lengths}.")
    if runs(x):
        return _softmax(x, lengths, log=False)
    if lengths is None:
        return x.softmax(-1)
    shape = (len(x), *[1] * (x.dim() - 2), x.shape[-1])
    real = (torch.arange(x.shape[-1], device=x.device) < lengths.to(x.device)[:, None]).view(shape)
    return x.masked_fill(~real, torch.finfo(x.dtype).min).softmax(-1) * real


def cross_entropy(logits: Tensor, target: Tensor, *, weight: Tensor | None = None, label_smoothing: float = 0.0) -> Tensor:
    """Return the cross-entropy of each row: logits (M, C), target (M,) int64, weight (C,) or None; in nats."""
    entropy = partial(F.cross_entropy, weight=weight, label_smoothing=label_smoothing, reduction="none")
    return sliced.by_rows(entropy, logits, target) if sliced.is_wide(logits) else entropy(logits, target)


def log_softmax(x: Tensor) -> Tensor:
    """Return the logarithm of the softmax over the last axis, (*, C)."""
    return _softmax(x, None, log=True) if runs(x) else x.log_softmax(-1)


def _softmax(x: Tensor, lengths: Tensor | None, *, log: bool) -> Tensor:
    x = dense(x)
    y, columns = torch.empty_like(x), x.shape[-1] if x.dim() else 1
    rows = x.numel() // columns if columns else 0
    lengths = None if lengths is None else dense(lengths.to("cpu"))
    real, repeat = (0, 1) if lengths is None else (lengths.data_ptr(), max(rows // max(len(lengths), 1), 1))
    threads = num_threads()
    _native.softmax(x.dtype == torch.float64, log, x.data_ptr(), y.data_ptr(), rows, columns, real, repeat, threads)
    return y
