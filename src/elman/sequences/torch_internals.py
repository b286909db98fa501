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
