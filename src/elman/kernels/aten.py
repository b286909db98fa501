"""The aten backend: torch's own recurrences, with cuDNN on a GPU; any floating dtype, autocast included."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from elman.kernels.call import Call
from elman.sequences.geometry import mirror
from elman.sequences.torch_internals import is_forward_differentiating, is_wrapped

name = "aten"

_OPS: dict[str, Callable[..., tuple[Tensor, ...]]] = {
    "elman": torch.rnn_tanh,
    "elman_relu": torch.rnn_relu,
    "gru": torch.gru,
    "lstm": torch.lstm,
}


def unsupported_reason(call: Call) -> str | None:
    """Return the reason why torch has no operator for a call, or None."""
    if call.cell.name not in _OPS:
        return f"torch has no operator for the cell {call.cell.name!r}"
    if call.norms is not None:
        return "torch has no layer norm inside a recurrence"
    if call.recurrent_mask is not None:
        return "torch has no recurrent dropout"
    if isinstance(call.zoneout, tuple) or call.zoneout:
        return "torch has no zoneout"
    return _reason_against_transforms(call)


def _reason_against_transforms(call: Call) -> str | None:
    if is_forward_differentiating():
        return "torch's fused operators have no forward-mode differentiation"
    if any(is_wrapped(tensor) for _, tensor, _ in call.tensors()):
        return "torch's fused operators have no functional transforms (vmap, jvp)"
    return None


def run(call: Call) -> tuple[Tensor, tuple[Tensor, ...]]:
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
    if len(call.batch_sizes) == 0:
        return call.x.new_empty(0, call.output_size), call.state
    back = mirror(call.batch_sizes).to(call.x.device) if call.reverse else None
    first = int(call.batch_sizes[0])
    x = call.x if back is None else call.x[back]
    output, *states = _OPS[call.cell.name](*_arguments(call, x, first))
    output = output if back is None else output[back]
    # Empty sequences never reach torch, which has none: their state stays as it is.
    return output, tuple(torch.cat([s[0], old[first:]]) if first < len(old) else s[0] for s, old in zip(states, call.state, strict=True))


def _arguments(call: Call, x: Tensor, first: int) -> tuple[object, ...]:
    state = [s[:first].unsqueeze(0) for s in call.state]
    weights = [call.weight_ih, call.weight_hh]
    has_biases = call.bias_ih is not None and call.bias_hh is not None
    if call.bias_ih is not None and call.bias_hh is not None:
        weights += [call.bias_ih, call.bias_hh]
    if call.weight_hr is not None:
        weights.append(call.weight_hr)
    # num_layers, dropout, train, bidirectional: one layer in one direction; only with train does cuDNN keep the values that backward needs.
    train = torch.is_grad_enabled()
    return x, call.batch_sizes, state if len(state) > 1 else state[0], weights, has_biases, 1, 0.0, train, False
