"""The reference backend: loop any cell's own step in plain torch. Slow and readable; the oracle of every test."""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from elman.cells import Cell
from elman.kernels.call import Call, Norms
from elman.sequences.torch_internals import ints

name = "reference"


def unsupported_reason(call: Call) -> str | None:  # noqa: ARG001  # every backend is asked the same question
    """Return None: any cell, dtype, device and option runs here."""
    return None


def run(call: Call) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Return the output (ΣT, H) and each sequence's state after its own last step (N, H).

    Parameters
    ----------
    call : Call
        A checked call.

    Returns
    -------
    tuple
        ``(output, states)``.
    """
    gx = from_input(call)
    sizes = ints(call.batch_sizes)
    starts = ints(torch.cumsum(call.batch_sizes, 0) - call.batch_sizes)
    outputs: list[Tensor] = [gx.new_empty(0, call.output_size)] * len(sizes)
    states = call.state
    for t in reversed(range(len(sizes))) if call.reverse else range(len(sizes)):
        rows = slice(starts[t], starts[t] + sizes[t])
        # Only the first sizes[t] sequences have a step t; the others wait (reverse) or are finished (forward).
        active = tuple(s[: sizes[t]] for s in states)
        new = advance(call, gx[rows], active, rows)
        outputs[t] = new[0]
        states = tuple(torch.cat([n, s[sizes[t] :]]) if sizes[t] < len(s) else n for n, s in zip(new, states, strict=True))
    output = torch.cat(outputs) if outputs else gx.new_empty(0, call.output_size)
    return output, tuple(states)


def advance(call: Call, gx: Tensor, states: tuple[Tensor, ...], rows: slice) -> tuple[Tensor, ...]:
    """Return the states after one step of ``n`` sequences; ``rows`` are their packed rows, for zoneout."""
    h = states[0] if call.recurrent_mask is None else states[0] * call.recurrent_mask[: len(gx)]
    gh = from_past(call, h)
    new = call.cell.step(gx, gh, states, inner_norm(call.cell, call.norms))
    if call.weight_hr is not None:
        new = (F.linear(new[0], call.weight_hr), *new[1:])
    if isinstance(call.zoneout, tuple):
        return tuple(z[rows] * old + (1 - z[rows]) * fresh for old, fresh, z in zip(states, new, call.zoneout, strict=True))
    if call.zoneout:
        z = call.zoneout
        return tuple(z * old + (1 - z) * fresh for old, fresh in zip(states, new, strict=True))
    return new


def from_input(call: Call) -> Tensor:
    """Return the input's part of every step, W_ih·x + b_ih, (ΣT, G·H)."""
    return _product(call.x, call.weight_ih, call.bias_ih, None if call.norms is None else call.norms.gain_ih, call.norms)


def from_past(call: Call, h: Tensor) -> Tensor:
    """Return the past's part, W_hh·h + b_hh, (n, G·H), of masked states (n, H) before any steps."""
    return _product(h, call.weight_hh, call.bias_hh, None if call.norms is None else call.norms.gain_hh, call.norms)


def _product(x: Tensor, weight: Tensor, bias: Tensor | None, gain: Tensor | None, norms: Norms | None) -> Tensor:
    if norms is None:
        return F.linear(x, weight, bias)
    return F.layer_norm(F.linear(x, weight), (weight.shape[0],), gain, bias, norms.eps)


def inner_norm(cell: Cell, norms: Norms | None) -> partial[Tensor] | None:
    """Return the layer norm of a cell's inner state, or None."""
    if norms is None or norms.gain_c is None or len(cell.states) < 2:
        return None
    return partial(F.layer_norm, normalized_shape=norms.gain_c.shape, weight=norms.gain_c, bias=norms.bias_c, eps=norms.eps)
