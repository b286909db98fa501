"""Opened: states and gates of a recurrent stack at every step, one layer and direction after the other.

The kernel that predicts computes the hidden states. Gates follow from them and the weights by the cell's own equations, all steps at
once; what a cell carries beside h is stepped through with the cell's reference step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from elman.kernels import Call, dispatch, reference
from elman.kernels.stack import Batch, loop
from elman.nn import _stack
from elman.nn._recurrent import Recurrent
from elman.sequences import Ragged
from elman.sequences.geometry import first_rows, steps_and_places


@dataclass(frozen=True, kw_only=True, eq=False)
class Opened:
    """One layer in one direction over a packed batch.

    Notes
    -----
    Shapes:

        states  by name, h first, each (ΣT, H)     gates  by name, each (ΣT, H); none where a cell does not tell
    """

    depth: int
    reverse: bool
    states: dict[str, Tensor]
    gates: dict[str, Tensor]


@torch.no_grad()
def open_stack(layer: Recurrent, x: Ragged, state: Any = None) -> list[Opened]:
    """Run a stack as in evaluation and open each of its parts.

    Parameters
    ----------
    layer : Recurrent
        The stack.
    x : Ragged
        (ΣT, I), what it reads.
    state : Tensor or tuple of Tensor, optional
        First state, as torch shapes it; zeros by default.

    Returns
    -------
    list of Opened
        Bottom first, a layer's directions side by side.
    """
    spec, tensors = _stack.parts(layer, len(x), len(x.data), training=False)
    batch = Batch(n=len(x), steps=len(x.batch_sizes), rows=len(x.data), sizes=x.batch_sizes, order=x.sorted_indices)
    starts = None if state is None else (state if isinstance(state, tuple) else (state,))
    found: list[tuple[Call, Tensor]] = []

    def run(call: Call) -> tuple[Tensor, tuple[Tensor, ...]]:
        output, last = dispatch.run_checked(call)
        found.append((call, output))
        return output, last

    loop(spec, batch, x.data, starts, tensors, run)
    return [_open(call, output, part // spec.directions) for part, (call, output) in enumerate(found)]


def _open(call: Call, output: Tensor, depth: int) -> Opened:
    cell, before = call.cell, previous(call, output)
    gx, gh = reference.from_input(call), reference.from_past(call, before)
    gates = () if cell.activate is None else cell.activate(gx, gh)
    states = {cell.states[0]: output}
    if len(cell.states) > 1:
        states |= _carried(call, gx, gh, before)
    return Opened(depth=depth, reverse=call.reverse, states=states, gates=dict(zip(cell.gates, gates, strict=False)))


def previous(call: Call, output: Tensor) -> Tensor:
    """Return for each packed step the hidden state that it came from, (ΣT, H).

    Parameters
    ----------
    call : Call
        One part of a stack.
    output : Tensor
        (ΣT, H), its hidden states.

    Returns
    -------
    Tensor
        States of the step before in reading order; the first state where there is none.
    """
    sizes, first = call.batch_sizes, len(call.state[0])
    if not len(sizes):
        return output
    steps, places = steps_and_places(sizes)
    come_from = steps + (1 if call.reverse else -1)
    inside = (come_from >= 0) & (come_from < len(sizes))
    inside &= places < sizes[come_from.clamp(0, len(sizes) - 1)]
    rows = first + first_rows(sizes)[come_from.clamp(0, len(sizes) - 1)] + places
    return torch.cat([call.state[0], output])[torch.where(inside, rows, places).to(output.device)]


def _carried(call: Call, gx: Tensor, gh: Tensor, before: Tensor) -> dict[str, Tensor]:
    """States beside h at every step, from the hidden states that the kernel gave."""
    cell, norm = call.cell, reference.inner_norm(call.cell, call.norms)
    sizes, starts = call.batch_sizes.tolist(), first_rows(call.batch_sizes).tolist()
    steps = range(len(sizes))
    keep = float(call.zoneout) if isinstance(call.zoneout, float | int) else 0.0
    found: list[tuple[Tensor, ...]] = [()] * len(sizes)
    carried = call.state[1:]
    for t in reversed(steps) if call.reverse else steps:
        n, rows = sizes[t], slice(starts[t], starts[t] + sizes[t])
        own = tuple(s[:n] for s in carried)
        new = cell.step(gx[rows], gh[rows], (before[rows], *own), norm)[1:]
        new = tuple(keep * old + (1 - keep) * fresh for old, fresh in zip(own, new, strict=True)) if keep else new
        found[t] = new
        carried = tuple(torch.cat([fresh, s[n:]]) if n < len(s) else fresh for fresh, s in zip(new, carried, strict=True))
    columns = zip(*found, strict=True) if found else ((gx.new_zeros(0, call.hidden_size),) for _ in cell.states[1:])
    return {name: torch.cat(list(column)) for name, column in zip(cell.states[1:], columns, strict=True)}
