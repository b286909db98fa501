"""Questions to torch that only its private functions answer, in one place: modes, wrapped tensors, memory."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

_torch: Any = torch
_forward_ad: Any = forward_ad


def is_wrapped(tensor: Tensor) -> bool:
    """Return whether a functional transform (vmap, jvp) wraps a tensor."""
    return _torch._C._functorch.is_functorch_wrapped_tensor(tensor)


def is_transforming() -> bool:
    """Return whether a functional transform is at work."""
    return _torch._C._functorch.peek_interpreter_stack() is not None


def has_storage(tensor: Tensor) -> bool:
    """Return whether a tensor has memory of its own: batched, fake and sparse ones have none."""
    return _torch._C._has_storage(tensor)


def holds_values(tensor: Tensor) -> bool:
    """Return whether a tensor's memory holds its values.

    A batched or fake tensor has no memory, a zero tensor of torch's derivative formulas has an empty one, and that of a negated or
    conjugate view (``z.conj().imag``) holds the values of its base.
    """
    return has_storage(tensor) and not (tensor.is_neg() or tensor.is_conj() or tensor._is_zerotensor())


def dense(tensor: Tensor) -> Tensor:
    """Return a real tensor without gaps whose memory holds its values; mostly the same one."""
    if tensor.is_contiguous() and not tensor.is_neg() and not tensor._is_zerotensor():
        return tensor
    return tensor.new_zeros(tensor.shape) if tensor._is_zerotensor() else tensor.resolve_neg().contiguous()


def is_dispatching() -> bool:
    """Return whether a dispatch mode sees every operation."""
    return _torch._C._len_torch_dispatch_stack() > 0


def is_tracing() -> bool:
    """Return whether ``torch.jit.trace`` or ONNX's older exporter records."""
    return _torch._C._get_tracing_state() is not None


def is_forward_differentiating() -> bool:
    """Return whether forward-mode differentiation is at work."""
    return _forward_ad._current_level >= 0


def ints(tensor: Tensor) -> list[int]:
    """Return the numbers of an integer tensor (N,)."""
    values: Any = tensor
    return values.tolist()


def apply(function: Any, *arguments: Any) -> Any:
    """Run a ``torch.autograd.Function``, whose ``apply`` torch's stubs leave untyped."""
    return function.apply(*arguments)
