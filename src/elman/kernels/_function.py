"""The compiled recurrence inside a graph: gradients from the compiled backward pass, gradients of gradients from the reference."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from elman import cells
from elman.kernels import _passes, reference
from elman.kernels._passes import INPUTS, LEARNED, Spec
from elman.kernels.call import Call, Norms

_OUTPUTS = ("y", "h_n", "c_n")


class Recurrence(Function):
    """``Recurrence.apply(spec, batch_sizes, *tensors)``, tensors in the order of ``INPUTS``, None where a call has none."""

    @staticmethod
    def forward(ctx: Any, spec: Spec, batch_sizes: Tensor, *tensors: Tensor | None) -> tuple[Tensor, ...]:
        """Run and save."""
        given = _named(tensors)
        out = _passes.forward(spec, batch_sizes, given, save=True)
        kept = [name for name in out if name not in ("h_n", "c_n")]
        ctx.spec, ctx.names, ctx.kept = spec, tuple(given), kept
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(batch_sizes, *given.values(), *(out[name] for name in kept))
        return tuple(out[name] for name in _OUTPUTS if name in out)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> Any:
        """Run backward; when a graph of it is asked for, differentiate the reference instead."""
        batch_sizes, *tensors = ctx.saved_tensors
        given = dict(zip(ctx.names, tensors[: len(ctx.names)], strict=True))
        wanted = {name for name, asked in zip(INPUTS, ctx.needs_input_grad[2:], strict=True) if asked}
        incoming = {f"d_{name}": grad for name, grad in zip(_OUTPUTS, grads, strict=False) if grad is not None}
        if torch.is_grad_enabled():
            found = _differentiable(ctx.spec, batch_sizes, given, incoming, wanted)
        else:
            saved = dict(zip(ctx.kept, tensors[len(ctx.names) :], strict=True))
            dense = {name: grad.to(given["x"].dtype).contiguous() for name, grad in incoming.items()}
            found = _passes.backward(ctx.spec, batch_sizes, given, saved, dense, wanted)
        return (None, None, *(found.get(name) for name in INPUTS))


def _named(tensors: tuple[Tensor | None, ...]) -> dict[str, Tensor]:
    return {name: tensor.contiguous() for name, tensor in zip(INPUTS, tensors, strict=True) if tensor is not None}


def _differentiable(
    spec: Spec, batch_sizes: Tensor, given: dict[str, Tensor], incoming: dict[str, Tensor], wanted: set[str]
) -> dict[str, Tensor]:
    """Gradients with a graph of their own."""
    inputs = {name: given[name] for name in LEARNED if name in wanted and name in given}
    output, states = reference.run(as_call(spec, batch_sizes, given))
    outputs = dict(zip(("d_y", "d_h_n", "d_c_n"), (output, *states), strict=False))
    pairs = [(outputs[name], grad) for name, grad in incoming.items() if outputs[name].requires_grad]
    if not pairs:
        return {}
    found = torch.autograd.grad(
        [value for value, _ in pairs], list(inputs.values()), [grad for _, grad in pairs], create_graph=True, allow_unused=True
    )
    return {name: grad for name, grad in zip(inputs, found, strict=True) if grad is not None}


def as_call(spec: Spec, batch_sizes: Tensor, given: dict[str, Tensor]) -> Call:
    """Return the call that a spec and tensors came from.

    Parameters
    ----------
    spec : Spec
        What is no tensor.
    batch_sizes : Tensor
        (T,).
    given : dict
        Tensors by the names of ``INPUTS``.

    Returns
    -------
    Call
        The same call.
    """
    norms = None
    if spec.eps is not None:
        norms = Norms(
            gain_ih=given["gain_ih"], gain_hh=given["gain_hh"], gain_c=given.get("gain_c"), bias_c=given.get("bias_c"), eps=spec.eps
        )
    zones = tuple(given[name] for name in ("zone_h", "zone_c") if name in given)
    return Call(
        cell=cells.get(spec.cell),
        x=given["x"],
        batch_sizes=batch_sizes,
        state=tuple(given[name] for name in ("h_0", "c_0") if name in given),
        weight_ih=given["w_ih"],
        weight_hh=given["w_hh"],
        bias_ih=given.get("b_ih"),
        bias_hh=given.get("b_hh"),
        norms=norms,
        recurrent_mask=given.get("mask"),
        zoneout=zones or spec.zone_h,
        reverse=spec.reverse,
    )
