"""Opened: states and gates of a recurrent stack at every step, one layer and direction after the other.

The kernel that predicts computes the hidden states. Gates follow from them and the weights by the cell's own equations, all steps at
once; the states beside h are stepped through from the gates.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman.kernels import Call, dispatch, reference
from elman.kernels.stack import Batch, loop
from elman.nn import stack
from elman.nn.recurrent import Recurrent
from elman.sequences import Ragged
from elman.sequences.geometry import first_rows, steps_and_places


@dataclass(frozen=True, kw_only=True, eq=False)
class Opened:
    """One layer in one direction over a packed batch.

    Notes
    -----
    Shapes:

        states  by name, h first, each (ΣT, H)     gates  by name, each (ΣT, H); none where a cell does not show them
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
        (ΣT, I), its input.
    state : Tensor or tuple of Tensor, optional
        First state, as torch shapes it; zeros by default.

    Returns
    -------
    list of Opened
        Bottom first, a layer's directions side by side.
    """
    spec, tensors = stack.parts(layer, len(x), len(x.data), training=False)
    batch = Batch(n=len(x), steps=len(x.batch_sizes), rows=len(x.data), sizes=x.batch_sizes, order=x.sorted_indices)
    starts = None if state is None else (state if isinstance(state, tuple) else (state,))
    results: list[tuple[Call, Tensor]] = []

    def run(call: Call) -> tuple[Tensor, tuple[Tensor, ...]]:
        output, last = dispatch.run_checked(call)
        results.append((call, output))
        return output, last

    loop(spec, batch, x.data, starts, tensors, run)
    return [_open(call, output, part // spec.directions) for part, (call, output) in enumerate(results)]


def _open(call: Call, output: Tensor, depth: int) -> Opened:
    cell, states = call.cell, {call.cell.states[0]: output}
    if cell.activate is None:
        return Opened(depth=depth, reverse=call.reverse, states=states, gates={})
    gates = cell.activate(reference.from_input(call), reference.from_past(call, previous(call, output)))
    if cell.carry is not None:
        states |= _carried(call, gates)
    return Opened(depth=depth, reverse=call.reverse, states=states, gates=dict(zip(cell.gates, gates, strict=True)))


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


def _carried(call: Call, gates: tuple[Tensor, ...]) -> dict[str, Tensor]:
    """States beside h at every step; as arrays, whose operators cost a fifth of a tensor's for a single row."""
    carry: Any = call.cell.carry
    names = call.cell.states[1:]
    keep = call.zoneout if isinstance(call.zoneout, float) else 0.0
    columns = [gate.cpu().numpy() for gate in gates]
    results = [np.empty_like(columns[0]) for _ in names]
    whole = [state.cpu().numpy().copy() for state in call.state[1:]]  # of all sequences, also of those without a step now
    order = slice(None, None, -1) if call.reverse else slice(None)
    for start, steps, n in _runs(call.batch_sizes.tolist())[order]:
        rows = slice(start, start + steps * n)
        read = zip(*(column[rows].reshape(steps, n, -1)[order] for column in columns), strict=True)
        written = zip(*(column[rows].reshape(steps, n, -1)[order] for column in results), strict=True)
        now = tuple(state[:n] for state in whole)
        for step, places in zip(read, written, strict=True):
            new = carry(step, now)
            now = tuple(keep * old + (1 - keep) * fresh for old, fresh in zip(now, new, strict=True)) if keep else new
            for place, state in zip(places, now, strict=True):
                place[:] = state
        for state, last in zip(whole, now, strict=True):
            state[:n] = last
    return {name: torch.from_numpy(column) for name, column in zip(names, results, strict=True)}


def _runs(sizes: list[int]) -> list[tuple[int, int, int]]:
    """First row, steps and sequences of each run of steps that all have as many sequences."""
    runs, start = [], 0
    for n, steps in groupby(sizes):
        count = sum(1 for _ in steps)
        runs.append((start, count, n))
        start += count * n
    return runs
