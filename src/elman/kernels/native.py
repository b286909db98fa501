"""The native backend: elman's own compiled recurrences on the CPU, the same bits in any batch, on any number of threads, step by step."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd import forward_ad

from elman.kernels import _passes
from elman.kernels._function import Recurrence
from elman.kernels._passes import CELLS, Spec
from elman.kernels.call import Call

name = "native"
_PLAIN = {Tensor, torch.nn.Parameter}


def reason_against(call: Call) -> str | None:
    """Say why the compiled kernels cannot run a call, or None.

    Parameters
    ----------
    call : Call
        A checked call.

    Returns
    -------
    str or None
        The reason.
    """
    if call.cell.name not in CELLS:
        return f"no compiled kernel for the cell {call.cell.name!r}"
    if call.x.device.type != "cpu":
        return f"the compiled kernels run on the CPU; the input is on {call.x.device}"
    if call.x.dtype not in (torch.float32, torch.float64):
        return f"the compiled kernels take float32 and float64; the input is {call.x.dtype}"
    if call.weight_hr is not None:
        return "no compiled kernel projects the output (proj_size)"
    if torch.is_autocast_enabled("cpu"):
        return "autocast asks for lower precision"
    return _reason_against_tensors(call)


def _reason_against_tensors(call: Call) -> str | None:
    tensors = [tensor for _, tensor, _ in call.tensors()]
    if not {type(tensor) for tensor in tensors} <= _PLAIN:
        return "a tensor is of another class than torch.Tensor (fake, traced or wrapped)"
    if torch._C._functorch.peek_interpreter_stack() is not None:  # pyright: ignore[reportAttributeAccessIssue]
        return "a functional transform (vmap, jvp) is at work"
    if forward_ad._current_level >= 0:
        return "forward-mode differentiation is at work"
    if any(tensor.requires_grad for tensor in _unlearned(call)):
        return "gradients of a mask or of zoneout are asked for"
    return None


def _unlearned(call: Call) -> list[Tensor]:
    zones = list(call.zoneout) if isinstance(call.zoneout, tuple) else []
    return zones if call.recurrent_mask is None else [call.recurrent_mask, *zones]


def run(call: Call) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Return the output (ΣT, H) and each sequence's state after its own last step (N, H).

    Parameters
    ----------
    call : Call
        A checked call that :func:`reason_against` has nothing against.

    Returns
    -------
    tuple
        ``(output, states)``.
    """
    spec, tensors = split(call)
    batch_sizes = call.batch_sizes.contiguous()
    if torch.is_grad_enabled() and any(tensor is not None and tensor.requires_grad for tensor in tensors.values()):
        output, *states = Recurrence.apply(spec, batch_sizes, *tensors.values())
        return output, tuple(states)
    given = {key: tensor.contiguous() for key, tensor in tensors.items() if tensor is not None}
    out = _passes.forward(spec, batch_sizes, given, save=False)
    return out["y"], (out["h_n"], out["c_n"]) if spec.has_c else (out["h_n"],)


def split(call: Call) -> tuple[Spec, dict[str, Tensor | None]]:
    """Return what is no tensor in a call, and its tensors in the order of ``INPUTS``.

    Parameters
    ----------
    call : Call
        A checked call.

    Returns
    -------
    tuple
        ``(spec, tensors)``.
    """
    norms, zones = call.norms, call.zoneout if isinstance(call.zoneout, tuple) else ()
    number = 0.0 if isinstance(call.zoneout, tuple) else float(call.zoneout)
    spec = Spec(
        cell=call.cell.name,
        reverse=call.reverse,
        eps=None if norms is None else norms.eps,
        zone_h=number,
        zone_c=number,
        recompute=bool(call.recompute) and norms is None,
    )
    return spec, {
        "x": call.x,
        "h_0": call.state[0],
        "c_0": call.state[1] if spec.has_c else None,
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
