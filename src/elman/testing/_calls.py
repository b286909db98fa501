"""Random kernel calls with every option, and functions of their answers: the material of check_cell and check_kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from elman.cells import Cell
from elman.errors import CheckError
from elman.kernels import Call, Norms
from elman.kernels.dispatch import Backend

Answer = tuple[Tensor, tuple[Tensor, ...]]

INPUT_SIZE, HIDDEN_SIZE = 3, 5
LENGTHS = (7, 4, 4, 2, 1, 0)

OPTIONS = ("plain", "no bias", "reverse", "recurrent_mask", "zoneout in training", "zoneout in evaluation", "layer norm", "all at once")


def make_call(cell: Cell, *, option: str = "plain", lengths: Sequence[int] = LENGTHS, dtype: torch.dtype = torch.float64) -> Call:
    """Return a random call, the same one for the same arguments.

    Parameters
    ----------
    cell : Cell
        The cell.
    option : str, default "plain"
        One of ``OPTIONS``.
    lengths : sequence of int
        Longest first.
    dtype : torch.dtype, default torch.float64
        Of every tensor.

    Returns
    -------
    Call
        Fit to run; no tensor requires a gradient.
    """
    source = torch.Generator().manual_seed(20)
    steps = torch.tensor(lengths, dtype=torch.int64, device="cpu")
    sizes = (steps[None, :] > torch.arange(max(lengths, default=0), device="cpu")[:, None]).sum(1)

    def draw(*shape: int, scale: float = 0.5) -> Tensor:
        return (torch.randn(*shape, generator=source, dtype=torch.float64, device="cpu") * scale).to(dtype)

    n, rows, gates, hidden = len(lengths), int(steps.sum()), len(cell.gates) * HIDDEN_SIZE, HIDDEN_SIZE
    call = Call(
        cell=cell,
        x=draw(rows, INPUT_SIZE, scale=1.0),
        batch_sizes=sizes,
        state=tuple(draw(n, hidden) for _ in cell.states),
        weight_ih=draw(gates, INPUT_SIZE),
        weight_hh=draw(gates, hidden),
        bias_ih=draw(gates),
        bias_hh=draw(gates),
    )
    everything = option == "all at once"
    if option == "no bias":
        call = replace(call, bias_ih=None, bias_hh=None)
    if option == "reverse" or everything:
        call = replace(call, reverse=True)
    if option == "recurrent_mask" or everything:
        call = replace(call, recurrent_mask=(draw(n, hidden) > 0).to(dtype) * 2)
    if option == "zoneout in training" or everything:
        call = replace(call, zoneout=tuple((draw(rows, hidden) > 0).to(dtype) for _ in cell.states))
    if option == "zoneout in evaluation":
        call = replace(call, zoneout=0.3)
    if option == "layer norm" or everything:
        inner = (1 + draw(hidden, scale=0.1), draw(hidden)) if len(cell.states) > 1 else (None, None)
        norms = Norms(gain_ih=1 + draw(gates, scale=0.1), gain_hh=1 + draw(gates, scale=0.1), gain_c=inner[0], bias_c=inner[1])
        call = replace(call, norms=norms)
    return call


def leaves(call: Call) -> tuple[Call, list[tuple[str, Tensor]]]:
    """Return the call over fresh tensors that require gradients, and these tensors by name (masks are left out).

    Parameters
    ----------
    call : Call
        Any call.

    Returns
    -------
    tuple
        ``(call, [(name, tensor), …])``.
    """
    results: list[tuple[str, Tensor]] = []

    def leaf(name: str, value: Tensor | None) -> Tensor | None:
        """Copy a tensor so that it has a gradient of its own."""
        if value is None:
            return None
        fresh = value.detach().clone().requires_grad_()
        results.append((name, fresh))
        return fresh

    names = ("x", "weight_ih", "weight_hh", "bias_ih", "bias_hh")
    fresh = {name: leaf(name, getattr(call, name)) for name in names}
    state = tuple(leaf(f"state {name}", s) for name, s in zip(call.cell.states, call.state, strict=True))
    norms = call.norms
    if norms is not None:
        gains = {name: leaf(f"norms.{name}", getattr(norms, name)) for name in ("gain_ih", "gain_hh", "gain_c", "bias_c")}
        norms = replace(norms, **gains)
    return replace(call, **fresh, state=state, norms=norms), results


def gradients(backend: Backend, call: Call) -> tuple[Answer, dict[str, Tensor]]:
    """Return the answer of a backend and the gradient of a fixed random weighing of it by every tensor.

    Parameters
    ----------
    backend : Backend
        Who runs it.
    call : Call
        The backend.

    Returns
    -------
    tuple
        ``(answer, gradients by name)``.
    """
    tracked, named = leaves(call)
    output, states = backend.run(tracked)
    source = torch.Generator().manual_seed(21)
    total = output.new_zeros(())
    for part in (output, *states):
        total = total + (part * torch.randn(part.shape, generator=source, dtype=torch.float64, device="cpu").to(part.dtype)).sum()
    values = torch.autograd.grad(total, [tensor for _, tensor in named], allow_unused=True)
    tensors = {name: torch.zeros_like(tensor) if g is None else g for (name, tensor), g in zip(named, values, strict=True)}
    return (output.detach(), tuple(s.detach() for s in states)), tensors


def same(what: str, given: Tensor, expected: Tensor, tolerance: float) -> None:
    """Raise CheckError unless two tensors agree in shape, dtype and, relative to the largest value, in every element.

    Parameters
    ----------
    what : str
        Name of the comparison, for the message.
    given : Tensor
        Result.
    expected : Tensor
        Expected result.
    tolerance : float
        Largest difference, relative to ``max(1, |expected|)``.
    """
    if given.shape != expected.shape or given.dtype != expected.dtype:
        raise CheckError(f"{what}: expected {tuple(expected.shape)} {expected.dtype}; got {tuple(given.shape)} {given.dtype}.")
    if given.numel() == 0:
        return
    scale = max(1.0, float(expected.abs().max()))
    worst = float((given - expected).abs().max()) / scale
    if not worst <= tolerance:
        raise CheckError(f"{what}: differs by {worst:.2e} (relative), allowed are {tolerance:.0e}.")


def same_answer(what: str, given: Answer, expected: Answer, tolerance: float) -> None:
    """Raise CheckError unless two answers agree in output and last states.

    Parameters
    ----------
    what : str
        Name of the comparison, for the message.
    given : tuple
        ``(output, states)`` that came out.
    expected : tuple
        Expected result.
    tolerance : float
        As for :func:`same`.
    """
    same(f"{what}, output", given[0], expected[0], tolerance)
    if len(given[1]) != len(expected[1]):
        raise CheckError(f"{what}: expected {len(expected[1])} states; got {len(given[1])}.")
    for index, (a, b) in enumerate(zip(given[1], expected[1], strict=True)):
        same(f"{what}, last state {index}", a, b, tolerance)
