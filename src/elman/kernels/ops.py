"""The compiled passes as torch operators, ``elman::recurrence`` and ``elman::recurrence_backward``, for compilers and exporters.

Four blocks: schema, implementation, fake (shapes only), autograd. Eager code does not come this way, ``autograd.Function`` costs less.
A tensor that a call has not is None going in and an empty tensor coming out.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from elman import _native
from elman.kernels import _passes
from elman.kernels._passes import CELLS, INPUTS, LEARNED, Spec

OUTPUTS = ("y", "h_n", "c_n", "gates", "c", "norm_x", "norm_h", "norm_c", "scales")
_GRADS = ("d_y", "d_h_n", "d_c_n")

# --- schema ---
_OPTIONAL = {"c_0", "b_ih", "b_hh", *INPUTS[7:]}
_TENSORS = ", ".join(f"Tensor{'?' if name in _OPTIONAL else ''} {name}" for name in INPUTS)
_SPEC = "str cell, bool reverse, float? eps, float zone_h_mean, float zone_c_mean"
_library = torch.library.Library("elman", "DEF")
_library.define(f"recurrence(Tensor batch_sizes, {_TENSORS}, {_SPEC}, bool save) -> ({', '.join(['Tensor'] * len(OUTPUTS))})")
_library.define(
    f"recurrence_backward(Tensor batch_sizes, {_TENSORS}, {_SPEC}, Tensor[] saved, {', '.join(f'Tensor? {name}' for name in _GRADS)}, "
    f"bool[] wanted) -> ({', '.join(['Tensor'] * len(LEARNED))})"
)


def recurrence(spec: Spec, batch_sizes: Tensor, tensors: dict[str, Tensor | None], save: bool) -> tuple[Tensor, ...]:
    """Run the forward operator.

    Parameters
    ----------
    spec : Spec
        What is no tensor.
    batch_sizes : Tensor
        (T,).
    tensors : dict
        By the names of ``INPUTS``, in their order.
    save : bool
        Also return what backward needs; necessary for gradients.

    Returns
    -------
    tuple of Tensor
        By the names of ``OUTPUTS``.
    """
    return torch.ops.elman.recurrence(batch_sizes, *tensors.values(), *_flat(spec), save)


def _flat(spec: Spec) -> tuple[Any, ...]:
    return spec.cell, spec.reverse, spec.eps, spec.zone_h, spec.zone_c


def _spec(cell: str, reverse: bool, eps: float | None, zone_h: float, zone_c: float) -> Spec:
    return Spec(cell=cell, reverse=reverse, eps=eps, zone_h=zone_h, zone_c=zone_c)


def _given(tensors: tuple[Tensor | None, ...]) -> dict[str, Tensor]:
    return {name: tensor.contiguous() for name, tensor in zip(INPUTS, tensors, strict=True) if tensor is not None}


# --- implementation ---
@torch.library.impl(_library, "recurrence", "CPU")
def _forward(batch_sizes: Tensor, *arguments: Any) -> tuple[Tensor, ...]:
    tensors, spec, save = arguments[: len(INPUTS)], _spec(*arguments[len(INPUTS) : -1]), arguments[-1]
    out = _passes.forward(spec, batch_sizes.contiguous(), _given(tensors), save, clear=True)
    return tuple(out[name] if name in out else tensors[0].new_empty(0) for name in OUTPUTS)


@torch.library.impl(_library, "recurrence_backward", "CPU")
def _backward(batch_sizes: Tensor, *arguments: Any) -> tuple[Tensor, ...]:
    tensors, spec, (saved, *grads, asked) = arguments[: len(INPUTS)], _spec(*arguments[len(INPUTS) : -5]), arguments[-5:]
    incoming = {name: grad.contiguous() for name, grad in zip(_GRADS, grads, strict=True) if grad is not None}
    kept = {name: tensor for name, tensor in zip(OUTPUTS, saved, strict=True) if name not in ("h_n", "c_n")}
    wanted = {name for name, want in zip(LEARNED, asked, strict=True) if want}
    found = _passes.backward(spec, batch_sizes.contiguous(), _given(tensors), kept, incoming, wanted)
    return tuple(found[name] if name in found else tensors[0].new_empty(0) for name in LEARNED)


# --- fake ---
@torch.library.register_fake("elman::recurrence", lib=_library)
def _fake_forward(batch_sizes: Tensor, *arguments: Any) -> tuple[Tensor, ...]:  # noqa: ARG001  # the operator's signature
    given = dict(zip(INPUTS, arguments, strict=False))
    spec, save = _spec(*arguments[len(INPUTS) : -1]), arguments[-1]
    x, (count, hidden) = given["x"], given["h_0"].shape
    gates, units = _native.widths(CELLS[spec.cell], int(given["w_hh"].shape[1]), x.element_size())
    rows, shapes = x.shape[0], {"y": hidden}
    if save:
        shapes |= {"gates": gates} if spec.keeps_gates or given["zone_h"] is not None else {}
        shapes |= {"c": hidden} if spec.has_c else {}
        shapes |= {"norm_x": gates, "norm_h": gates, "scales": 4} if spec.eps is not None else {}
        shapes |= {"norm_c": units} if spec.eps is not None and spec.has_c else {}
    out = {name: x.new_empty(rows, columns) for name, columns in shapes.items()} | {"h_n": x.new_empty(count, hidden)}
    if spec.has_c:
        out["c_n"] = x.new_empty(count, hidden)
    return tuple(out[name] if name in out else x.new_empty(0) for name in OUTPUTS)


@torch.library.register_fake("elman::recurrence_backward", lib=_library)
def _fake_backward(batch_sizes: Tensor, *arguments: Any) -> tuple[Tensor, ...]:  # noqa: ARG001  # the operator's signature
    pairs = zip(arguments[: len(LEARNED)], arguments[-1], strict=True)
    x = arguments[0]
    return tuple(torch.empty_like(t, memory_format=torch.contiguous_format) if want and t is not None else x.new_empty(0) for t, want in pairs)


# --- autograd ---
def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    batch_sizes, *arguments = inputs
    tensors, ctx.rest = arguments[: len(INPUTS)], arguments[len(INPUTS) : -1]
    ctx.present = [tensor is not None for tensor in tensors]
    ctx.save_for_backward(batch_sizes, *(tensor for tensor in tensors if tensor is not None), *output)
    ctx.set_materialize_grads(False)


def _gradient(ctx: Any, *grads: Tensor | None) -> tuple[Any, ...]:
    batch_sizes, *saved = ctx.saved_tensors
    given = iter(saved[: sum(ctx.present)])
    tensors = [next(given) if present else None for present in ctx.present]
    wanted = list(ctx.needs_input_grad[1 : 1 + len(LEARNED)])
    found = torch.ops.elman.recurrence_backward(batch_sizes, *tensors, *ctx.rest, saved[sum(ctx.present) :], *grads[:3], wanted)
    learned = [grad if want else None for grad, want in zip(found, wanted, strict=True)]
    return (None, *learned, *[None] * (len(INPUTS) - len(LEARNED)), *[None] * (len(ctx.rest) + 1))


torch.library.register_autograd("elman::recurrence", _gradient, setup_context=_setup, lib=_library)
