"""The compiled passes inside a graph: gradients from the compiled backward pass, gradients of gradients from the reference."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from elman.kernels import _passes, reference
from elman.kernels.stack import LEARNED, Batch, Spec, States, loop


class Recurrence(Function):
    """``Recurrence.apply(spec, batch, states, x, *states, *tensors)`` gives ``(y, *last states)``; ``states`` says how many there are."""

    @staticmethod
    def forward(ctx: Any, spec: Spec, batch: Batch, states: int, x: Tensor, *given: Tensor) -> tuple[Tensor, ...]:
        """Run and save."""
        y, last, saved = _passes.forward(spec, batch, x, given[:states] or None, given[states:], save=True)
        ctx.spec, ctx.batch, ctx.states = spec, batch, states
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(x, *given, y, saved)
        return (y, *last)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> Any:
        """Run backward; when a graph of it is asked for, differentiate the reference instead."""
        x, *given, y, saved = ctx.saved_tensors
        wanted = ctx.needs_input_grad[3:]
        states, tensors = tuple(given[: ctx.states]), tuple(given[ctx.states :])
        if torch.is_grad_enabled():
            return None, None, None, *differentiable(ctx.spec, ctx.batch, x, states, tensors, grads, wanted)
        dense = tuple(grad if grad is None or grad.dtype == x.dtype else grad.to(x.dtype) for grad in grads)
        return None, None, None, *_passes.backward(ctx.spec, ctx.batch, x, states or None, tensors, y, saved, dense, wanted)


def differentiable(
    spec: Spec,
    batch: Batch,
    x: Tensor,
    states: States,
    tensors: tuple[Tensor, ...],
    grads: tuple[Tensor | None, ...],
    wanted: tuple[bool, ...],
) -> list[Tensor | None]:
    """Return gradients that have a graph of their own; see :func:`elman.kernels._passes.backward`."""
    output, last = loop(spec, batch, x, states or None, tensors, reference.run)
    learned = [True] * (1 + len(states)) + [kind in LEARNED for kind in spec.kinds] * spec.parts
    given = (x, *states, *tensors)
    inputs = [value for value, want, can in zip(given, wanted, learned, strict=True) if want and can]
    pairs = [(value, grad) for value, grad in zip((output, *last), grads, strict=True) if grad is not None and value.requires_grad]
    if not pairs:
        return [None] * len(given)
    found = torch.autograd.grad([value for value, _ in pairs], inputs, [grad for _, grad in pairs], create_graph=True, allow_unused=True)
    rest = iter(found)
    return [next(rest) if want and can else None for want, can in zip(wanted, learned, strict=True)]
