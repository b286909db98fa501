"""check_kernel: does a backend compute recurrences rightly? For ours and for other people's."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from elman import cells
from elman.cells import Cell
from elman.errors import CheckError
from elman.kernels.dispatch import Backend, load
from elman.testing import _properties
from elman.testing._calls import OPTIONS, gradients, make_call, same, same_answer

TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5}


def check_kernel(
    backend: str | Backend, *, cell_names: Sequence[str] | None = None, dtypes: Sequence[torch.dtype] = (torch.float64, torch.float32)
) -> list[str]:
    """Check a backend against the float64 reference and against the properties of every recurrence.

    Values and all gradients are compared for every option, then: a sequence alone equals itself in a batch, NaN neighbours and
    permutations change nothing else, two halves with carried state equal one pass, reversal commutes, empty sequences keep
    their state, zoneout and masks at their ends have their effect, layer norm ignores scale, inputs are never written to.

    Parameters
    ----------
    backend : str or module
        A name of ``elman.kernels.names()`` or an object with ``name``, ``unsupported_reason(call)`` and ``run(call)``.
    cell_names : sequence of str, optional
        Which cells; all that elman comes with by default.
    dtypes : sequence of torch.dtype
        float64 is held to 1e-12, float32 to 1e-5 (gradients ten times that), relative to the largest value.

    Returns
    -------
    list of str
        The checks, and those left out with the backend's reason; the first wrong value raises CheckError.

    Examples
    --------
    >>> from elman.testing import check_kernel
    >>> check_kernel("aten", cell_names=["gru"])[0]
    'gru, float64: plain'
    """
    module = load(backend) if isinstance(backend, str) else backend
    report: list[str] = []
    for name in cell_names if cell_names is not None else ("elman", "elman_relu", "gru", "lstm"):
        for dtype in dtypes:
            report += _check_one(module, cells.get(name), dtype)
    if not any(": skipped" not in line for line in report):
        raise CheckError(f"{module.name}: no call could run at all: {report[:1]}.")
    return report


def _check_one(backend: Backend, cell: Cell, dtype: torch.dtype) -> list[str]:
    title = f"{cell.name}, {str(dtype).removeprefix('torch.')}"
    reason = backend.unsupported_reason(make_call(cell, dtype=dtype))
    if reason is not None:
        return [f"{title}: skipped, {reason}"]
    report = [f"{title}: {_check_option(backend, cell, option, dtype, title)}" for option in OPTIONS]
    run_properties(backend, cell, dtype, title)
    return [*report, *(f"{title}: {check.__name__}" for check in _properties.ALL)]


def run_properties(backend: Backend, cell: Cell, dtype: torch.dtype, title: str) -> None:
    """Run everything that must hold for every recurrence; raise CheckError naming backend and case.

    Parameters
    ----------
    backend : Backend
        Who computes.
    cell : Cell
        The cell.
    dtype : torch.dtype
        In which precision.
    title : str
        Put in front of messages.
    """
    for check in _properties.ALL:
        try:
            check(backend, cell, dtype, TOLERANCE[dtype])
        except CheckError as error:
            raise CheckError(f"{backend.name}, {title}, {check.__name__}: {error}") from error


def _check_option(backend: Backend, cell: Cell, option: str, dtype: torch.dtype, title: str) -> str:
    call = make_call(cell, option=option, dtype=dtype)
    reason = backend.unsupported_reason(call)
    if reason is not None:
        return f"{option}: skipped, {reason}"
    oracle = make_call(cell, option=option)
    what = f"{backend.name}, {title}, {option} against the reference"
    (output, states), expected = gradients(load("reference"), oracle)
    answer, actual = gradients(backend, call)
    same_answer(what, answer, (output.to(dtype), tuple(s.to(dtype) for s in states)), TOLERANCE[dtype])
    for name, gradient in expected.items():
        same(f"{what}, gradient by {name}", actual[name], gradient.to(dtype), 10 * TOLERANCE[dtype])
    return option
