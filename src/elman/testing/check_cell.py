"""check_cell: is a cell a proper recurrence? For ours and for other people's."""

from __future__ import annotations

import torch

from elman.cells import Cell
from elman.errors import CheckError
from elman.kernels import aten, reference
from elman.testing._calls import HIDDEN_SIZE, OPTIONS, gradients, make_call, same, same_answer
from elman.testing.check_kernel import run_properties


def check_cell(cell: Cell) -> list[str]:
    """Check a cell's data and its step, looped by the reference backend in float64.

    A cell named as one of torch's must give torch's values and gradients (1e-12). Every cell must be a function of its own
    sequence only: alone as in a batch, whatever the neighbours; two halves with carried state as one pass; derivatives that are
    finite differences; and it must work with every option (zoneout, recurrent mask, layer norm).

    Parameters
    ----------
    cell : Cell
        Registered or not.

    Returns
    -------
    list of str
        The checks; the first fault raises CheckError.

    Examples
    --------
    >>> from elman import cells
    >>> from elman.testing import check_cell
    >>> check_cell(cells.get("gru"))[:2]
    ['data', 'one step']
    """
    _check_data(cell)
    _check_step(cell)
    report = ["data", "one step"]
    if aten.unsupported_reason(make_call(cell)) is None:
        for option in ("plain", "no bias", "reverse"):
            _check_parity(cell, option)
            report.append(f"torch's values and gradients: {option}")
    for option in OPTIONS:
        output, states = reference.run(make_call(cell, option=option))
        if not all(bool(torch.isfinite(part).all()) for part in (output, *states)):
            raise CheckError(f"{cell.name}, {option}: gives values that are not finite for ordinary input.")
        report.append(f"finite: {option}")
    _check_gates(cell)
    run_properties(reference, cell, torch.float64, cell.name)
    return [*report, "properties of a recurrence"]


def _check_data(cell: Cell) -> None:
    if not isinstance(cell, Cell):
        raise CheckError(f"A cell must be an elman.cells.Cell; got {type(cell).__name__}.")
    for field in ("gates", "states"):
        words = getattr(cell, field)
        if not isinstance(words, tuple) or not words or len(set(words)) != len(words) or not all(isinstance(w, str) and w for w in words):
            raise CheckError(f"{cell.name}: {field} must be a tuple of different, non-empty strings; got {words!r}.")
    if not cell.name or not cell.doc.strip():
        raise CheckError(f"{cell.name!r}: a cell needs a name, and a doc with its equations and their source.")


def _check_step(cell: Cell) -> None:
    width = len(cell.gates) * HIDDEN_SIZE
    for n in (0, 1, 4):
        states = tuple(torch.randn(n, HIDDEN_SIZE, dtype=torch.float64, device="cpu") for _ in cell.states)
        before = tuple(s.clone() for s in states)
        new = cell.step(
            torch.zeros(n, width, dtype=torch.float64, device="cpu"), torch.zeros(n, width, dtype=torch.float64, device="cpu"), states
        )
        if not isinstance(new, tuple) or len(new) != len(cell.states):
            raise CheckError(f"{cell.name}: step must return a tuple of {len(cell.states)} states {cell.states}; got {type(new).__name__}.")
        for name, actual, old, saved in zip(cell.states, new, states, before, strict=True):
            if actual.shape != old.shape or actual.dtype != old.dtype:
                raise CheckError(f"{cell.name}: step must keep the shape and dtype of {name}; got {tuple(actual.shape)} {actual.dtype}.")
            same(f"{cell.name}: {name} given to step, which must not write into it", old, saved, 0.0)


def _check_gates(cell: Cell) -> None:
    """Gates, where a cell shows them, must be those of its step: the states that they carry are the step's."""
    if cell.activate is None:
        return
    gx, gh = (torch.randn(4, len(cell.gates) * HIDDEN_SIZE, dtype=torch.float64, device="cpu") for _ in range(2))
    states = tuple(torch.randn(4, HIDDEN_SIZE, dtype=torch.float64, device="cpu") for _ in cell.states)
    gates = cell.activate(gx, gh)
    if not isinstance(gates, tuple) or [tuple(gate.shape) for gate in gates] != [(4, HIDDEN_SIZE)] * len(cell.gates):
        raise CheckError(f"{cell.name}: activate must return a tuple of {len(cell.gates)} gates {cell.gates}, each (N, H).")
    if cell.carry is not None:
        for name, actual, expected in zip(cell.states[1:], cell.carry(gates, states[1:]), cell.step(gx, gh, states)[1:], strict=True):
            same(f"{cell.name}: {name} from carry against step", actual, expected, 1e-12)


def _check_parity(cell: Cell, option: str) -> None:
    call = make_call(cell, option=option)
    answer, answer_gradients = gradients(reference, call)
    expected, expected_gradients = gradients(aten, call)
    what = f"{cell.name}, {option} against torch"
    same_answer(what, answer, expected, 1e-12)
    for name, gradient in expected_gradients.items():
        same(f"{what}, gradient by {name}", answer_gradients[name], gradient, 1e-11)
