"""The compiled passes inside a graph: gradients from the compiled backward pass, gradients of gradients from the reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import Parameter

from elman.errors import ShapeError
from elman.kernels import _passes, reference
from elman.kernels.stack import LEARNED, Batch, Spec, States, loop
from elman.sequences.torch_internals import has_storage, is_transforming


class Recurrence(Function):
    """``Recurrence.apply(spec, batch, states, x, *states, *tensors)`` gives ``(y, *last states)``; ``states`` is their number."""

    @staticmethod
    def forward(ctx: Any, spec: Spec, batch: Batch, states: int, x: Tensor, *given: Tensor) -> tuple[Tensor, ...]:
        """Run and save."""
        y, last, saved = _passes.forward(spec, batch, x, given[:states] or None, given[states:], save=True)
        ctx.spec, ctx.batch, ctx.states = spec, batch, states
        ctx.set_materialize_grads(False)
        kept: tuple[Any, ...] = (x, *given, y, saved)
        ctx.save_for_backward(*kept)
        ctx.shapes = [tensor.shape for tensor in kept]
        ctx.dtype = x.dtype
        return (y, *last)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> Any:
        """Run backward; where a graph of the gradients is asked for, or they are batched, differentiate the reference instead."""
        x, *saved_inputs, y, saved = _restored(ctx, _unpacked(ctx))
        needed = ctx.needs_input_grad[3:]
        states, tensors = tuple(saved_inputs[: ctx.states]), tuple(saved_inputs[ctx.states :])
        if torch.is_grad_enabled() or not _are_plain(grads):
            with torch.enable_grad():
                gradients = differentiable(ctx.spec, ctx.batch, x, states, tensors, grads, needed)
            return None, None, None, *gradients
        if y is None:
            y, _, _ = _passes.forward(ctx.spec, ctx.batch, x, states or None, tensors, save=False)
        dense = tuple(None if grad is None else _passes.dense(grad if grad.dtype is x.dtype else grad.to(x.dtype)) for grad in grads)
        return None, None, None, *_passes.backward(ctx.spec, ctx.batch, x, states or None, tensors, y, saved, dense, needed)


def _unpacked(ctx: Any) -> list[Any]:
    """Return the saved tensors, None for the output if it was changed in place (``y.relu_()``), which torch's layers allow."""
    try:
        return list(ctx.saved_tensors)
    except RuntimeError as error:
        if "modified by an inplace operation" not in str(error):
            raise
        *inputs, _, saved = ctx._raw_saved_tensors
        return [*(tensor.unpack() for tensor in inputs), None, saved.unpack()]  # raises the same error if it was one of these


def _restored(ctx: Any, tensors: list[Any]) -> list[Any]:
    """Return the saved tensors in the strides that the compiled pass reads.

    Hooks of ``torch.autograd.graph.saved_tensors_hooks`` may have exchanged any of them, so each is checked like an input: the compiled
    pass would follow a wrong address. Strides are free, as they are for torch's own layers.
    """
    for place, (tensor, shape) in enumerate(zip(tensors, ctx.shapes, strict=True)):
        if tensor is None:
            continue
        if tensor.shape != shape or tensor.dtype is not ctx.dtype or not tensor.is_cpu or tensor.layout is not torch.strided:
            raise ShapeError(
                f"a tensor saved for backward must come back as it was, {tuple(shape)} {ctx.dtype} on the CPU; got {tuple(tensor.shape)} "
                f"{tensor.dtype} on {tensor.device}. Let the unpack hook of saved_tensors_hooks undo what its pack hook did."
            )
        tensors[place] = _passes.readable(ctx.batch, tensor) if place == 0 else _passes.dense(tensor)
    return tensors


def _are_plain(grads: Sequence[Tensor | None]) -> bool:
    """Whether gradients have memory of their own: none is batched (``is_grads_batched``), sparse, fake or of another class."""
    if is_transforming():
        return False
    return all(grad is None or (type(grad) in (Tensor, Parameter) and has_storage(grad)) for grad in grads)


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
    arguments = (x, *states, *tensors)
    inputs = [value for value, want, can in zip(arguments, wanted, learned, strict=True) if want and can]
    pairs = [(value, grad) for value, grad in zip((output, *last), grads, strict=True) if grad is not None and value.requires_grad]
    if not pairs:
        return [None] * len(arguments)
    values = torch.autograd.grad([value for value, _ in pairs], inputs, [grad for _, grad in pairs], create_graph=True, allow_unused=True)
    rest = iter(values)
    return [next(rest) if want and can else None for want, can in zip(wanted, learned, strict=True)]
