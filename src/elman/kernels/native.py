"""The native backend: elman's own compiled recurrences on the CPU, the same bits in any batch, on any number of threads, step by step."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import Parameter

from elman.kernels import _passes
from elman.kernels._function import Recurrence
from elman.kernels.call import Call
from elman.kernels.stack import COMPILED, Batch, Spec, States, spec_of
from elman.sequences.torch_internals import apply, is_forward_differentiating, is_transforming

name = "native"
_FLOATS = (torch.float32, torch.float64)


def unsupported_reason(call: Call) -> str | None:
    """Return the reason why the compiled kernels cannot run a call, or None."""
    if call.cell.name not in COMPILED:
        return f"no compiled kernel for the cell {call.cell.name!r}"
    if call.x.device.type != "cpu":
        return f"the compiled kernels run on the CPU; the input is on {call.x.device}"
    if call.x.dtype not in _FLOATS:
        return f"the compiled kernels take float32 and float64; the input is {call.x.dtype}"
    if call.weight_hr is not None:
        return "no compiled kernel projects the output (proj_size)"
    if not {type(tensor) for _, tensor, _ in call.tensors()} <= {Tensor, Parameter}:
        return "a tensor is of another class than torch.Tensor (fake, traced or wrapped)"
    reason = _reason_against_mode()
    if reason is None and any(tensor.requires_grad for tensor in _unlearned(call)):
        return "gradients of a mask or of zoneout are asked for"
    return reason


def _reason_against_mode() -> str | None:
    """Return the mode around the call that compiled code cannot follow, or None."""
    if torch.is_autocast_enabled("cpu"):
        return "autocast asks for lower precision"
    if is_transforming():
        return "a functional transform (vmap, jvp) is at work"
    return "forward-mode differentiation is at work" if is_forward_differentiating() else None


def _unlearned(call: Call) -> list[Tensor]:
    zones = list(call.zoneout) if isinstance(call.zoneout, tuple) else []
    return zones if call.recurrent_mask is None else [call.recurrent_mask, *zones]


def takes(spec: Spec, x: Tensor, states: States | None, tensors: tuple[Tensor, ...]) -> bool:
    """Return quickly whether a stack can run here just as it is; where not, the calls of its parts are asked for their reasons.

    Parameters
    ----------
    spec : Spec
        The stack.
    x : Tensor
        Its input, of the right shape.
    states : tuple of Tensor or None
        Checked states.
    tensors : tuple of Tensor
        Of all parts, in any shape: they are looked at here.

    Returns
    -------
    bool
        Whether everything is a plain dense tensor of one dtype on the CPU, weights as in ``spec``, and no mode is at work.
    """
    dtype = x.dtype
    if dtype not in _FLOATS or not x.is_cpu or (type(x) is not Tensor and type(x) is not Parameter) or not spec.compiled:
        return False
    for tensor, shape in zip(tensors, spec.shapes, strict=True):
        if (
            (type(tensor) is not Parameter and type(tensor) is not Tensor)
            or tensor.dtype is not dtype
            or not tensor.is_cpu
            or tensor.layout is not torch.strided
            or not tensor.is_contiguous()
            or tensor.is_neg()
            or tensor._is_zerotensor()
            or (shape is not None and tensor.shape != shape)
            or (shape is None and tensor.requires_grad)
        ):
            return False
    for state in states or ():
        if type(state) is not Tensor and type(state) is not Parameter:
            return False
    return _reason_against_mode() is None


def run(call: Call) -> tuple[Tensor, States]:
    """Return the output (ΣT, H) and each sequence's state after its own last step (N, H).

    Parameters
    ----------
    call : Call
        A checked call that :func:`unsupported_reason` has nothing against.

    Returns
    -------
    tuple
        ``(output, states)``.
    """
    spec, tensors = split(call)
    batch = Batch(n=len(call.state[0]), steps=len(call.batch_sizes), rows=len(call.x), sizes=call.batch_sizes.contiguous())
    states = tuple(state.unsqueeze(0) for state in call.state)
    output, last = run_stack(spec, batch, call.x, states, tuple(_passes.dense(tensor) for tensor in tensors.values()))
    return output, tuple(state.squeeze(0) for state in last)


def run_stack(spec: Spec, batch: Batch, x: Tensor, states: States | None, tensors: tuple[Tensor, ...]) -> tuple[Tensor, States]:
    """Run a stack in one entry; see :func:`elman.kernels.stack.loop`.

    Parameters
    ----------
    spec : Spec
        The stack.
    batch : Batch
        Layout of its rows.
    x : Tensor
        As in ``batch``.
    states : tuple of Tensor or None
        Each (L·D, N, H); None: zeros.
    tensors : tuple of Tensor
        Of all parts, contiguous.

    Returns
    -------
    tuple
        ``(output, states)``.
    """
    x = _passes.readable(batch, x)
    if states is not None:
        states = tuple(_passes.dense(state) for state in states)
    if torch.is_grad_enabled() and _learns(x, states, tensors):
        output, *last = apply(Recurrence, spec, batch, len(states) if states else 0, x, *(states or ()), *tensors)
        return output, tuple(last)
    output, last, _ = _passes.forward(spec, batch, x, states, tensors, save=False)
    return output, last


def _learns(x: Tensor, states: States | None, tensors: tuple[Tensor, ...]) -> bool:
    return x.requires_grad or any(t.requires_grad for t in tensors) or any(s.requires_grad for s in states or ())


def split(call: Call) -> tuple[Spec, dict[str, Tensor]]:
    """Return a call as a stack of one part: its spec, and its tensors by their kinds.

    Parameters
    ----------
    call : Call
        A checked call.

    Returns
    -------
    tuple
        ``(spec, tensors)``.
    """
    tensors = tensors_of(call)
    number = 0.0 if isinstance(call.zoneout, tuple) else float(call.zoneout)
    eps = None if call.norms is None else call.norms.eps
    inputs, hidden = call.weight_ih.shape[1], call.weight_hh.shape[1]
    recompute = bool(call.recompute) and call.norms is None
    return spec_of(call.cell.name, inputs, hidden, 1, 1, tuple(tensors), call.reverse, eps, number, recompute), tensors


def tensors_of(call: Call) -> dict[str, Tensor]:
    """Return a call's tensors but for its input and its states, by their kinds.

    Parameters
    ----------
    call : Call
        A checked call.

    Returns
    -------
    dict
        In the order of ``KINDS``.
    """
    norms, zones = call.norms, call.zoneout if isinstance(call.zoneout, tuple) else ()
    entries = {
        "w_ih": call.weight_ih,
        "w_hh": call.weight_hh,
        "b_ih": call.bias_ih,
        "b_hh": call.bias_hh,
        "gain_ih": None if norms is None else norms.gain_ih,
        "gain_hh": None if norms is None else norms.gain_hh,
        "gain_c": None if norms is None else norms.gain_c,
        "bias_c": None if norms is None else norms.bias_c,
        "mask": call.recurrent_mask,
        "zone_h": zones[0] if zones else None,
        "zone_c": zones[1] if len(zones) > 1 else None,
    }
    return {kind: tensor for kind, tensor in entries.items() if tensor is not None}
