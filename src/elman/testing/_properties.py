"""Properties of every recurrence, whoever computes it. Each function raises CheckError where it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch

from elman.cells import Cell
from elman.kernels import Call
from elman.kernels.dispatch import Backend
from elman.sequences.geometry import first_rows, mirror, steps_and_places
from elman.testing._calls import LENGTHS, gradients, leaves, make_call, same, same_answer

Property = Callable[[Backend, Cell, torch.dtype, float], None]


def alone_is_in_batch(backend: Backend, cell: Cell, dtype: torch.dtype, tolerance: float) -> None:
    """Run each sequence alone and compare with its rows in the batch."""
    call = make_call(cell, dtype=dtype)
    output, states = backend.run(call)
    _, places = steps_and_places(call.batch_sizes)
    for n, length in enumerate(LENGTHS):
        rows = places == n
        alone = replace(
            call,
            x=call.x[rows],
            batch_sizes=torch.ones(length, dtype=torch.int64, device="cpu"),
            state=tuple(s[n : n + 1] for s in call.state),
        )
        expected = output[rows], tuple(s[n : n + 1] for s in states)
        same_answer(f"sequence {n} (length {length}) alone against in its batch", backend.run(alone), expected, tolerance)


def neighbours_do_not_matter(backend: Backend, cell: Cell, dtype: torch.dtype, tolerance: float) -> None:
    """Fill one sequence with NaN; every other one must stay as it was, in values and gradients."""
    call = make_call(cell, dtype=dtype)
    _, places = steps_and_places(call.batch_sizes)
    bad = places == 1
    poisoned = replace(call, x=call.x.masked_fill(bad[:, None], torch.nan))
    output, states = backend.run(call)
    actual, last = backend.run(poisoned)
    same("rows beside a sequence of NaN", actual[~bad], output[~bad], tolerance)
    others = torch.arange(len(LENGTHS), device="cpu") != 1
    for index, (a, b) in enumerate(zip(last, states, strict=True)):
        same(f"last state {index} beside a sequence of NaN", a[others], b[others], tolerance)


def permuting_permutes(backend: Backend, cell: Cell, dtype: torch.dtype, tolerance: float) -> None:
    """Swap sequences of the same length; the answer must be swapped and nothing else."""
    call = make_call(cell, lengths=(3, 3, 3, 3), dtype=dtype)
    order = torch.tensor([2, 0, 3, 1], device="cpu")
    rows = (first_rows(call.batch_sizes)[:, None] + order[None, :]).reshape(-1)
    output, states = backend.run(call)
    actual = backend.run(replace(call, x=call.x[rows], state=tuple(s[order] for s in call.state)))
    same_answer("a permuted batch", actual, (output[rows], tuple(s[order] for s in states)), tolerance)


def halves_make_a_whole(backend: Backend, cell: Cell, dtype: torch.dtype, tolerance: float) -> None:
    """Cut time anywhere and carry the state over; the answer must be that of one pass."""
    call = make_call(cell, dtype=dtype)
    expected = backend.run(call)
    for cut in range(len(call.batch_sizes) + 1):
        rows = int(call.batch_sizes[:cut].sum())
        first, state = backend.run(replace(call, x=call.x[:rows], batch_sizes=call.batch_sizes[:cut]))
        second, last = backend.run(replace(call, x=call.x[rows:], batch_sizes=call.batch_sizes[cut:], state=state))
        same_answer(f"two parts cut at step {cut} against one pass", (torch.cat([first, second]), last), expected, tolerance)


def reversal_commutes(backend: Backend, cell: Cell, dtype: torch.dtype, tolerance: float) -> None:
    """Reading backwards must be reading the mirrored sequences forwards, mirrored again."""
    call = make_call(cell, dtype=dtype)
    back = mirror(call.batch_sizes)
    output, states = backend.run(replace(call, x=call.x[back]))
    same_answer("reading backwards against the mirrored input", backend.run(replace(call, reverse=True)), (output[back], states), tolerance)


def empty_sequences_keep_their_state(backend: Backend, cell: Cell, dtype: torch.dtype, tolerance: float) -> None:
    """A sequence without steps, and a batch of such, must give back the state it started from."""
    call = make_call(cell, dtype=dtype)
    _, states = backend.run(call)
    for index, (last, first) in enumerate(zip(states, call.state, strict=True)):
        same(f"last state {index} of an empty sequence", last[-1], first[-1], 0.0)
    none = replace(call, x=call.x[:0], batch_sizes=call.batch_sizes[:0])
    same_answer("a batch of empty sequences", backend.run(none), (call.x.new_empty(0, call.output_size), call.state), tolerance)


def last_state_is_last_output(backend: Backend, cell: Cell, dtype: torch.dtype, tolerance: float) -> None:
    """The first state after a sequence's own last step must be its last output."""
    call = make_call(cell, dtype=dtype)
    output, states = backend.run(call)
    for n, length in enumerate(LENGTHS[:-1]):
        row = int(first_rows(call.batch_sizes)[length - 1]) + n
        same(f"last state of sequence {n} against its last output", states[0][n], output[row], tolerance)


def full_zoneout_keeps_the_state(backend: Backend, cell: Cell, dtype: torch.dtype, tolerance: float) -> None:
    """Zoneout of one must never change the state, zoneout of zero must change nothing else."""
    call = make_call(cell, dtype=dtype)
    full = replace(call, zoneout=1.0)
    if backend.unsupported_reason(full) is None:
        _, states = backend.run(full)
        for index, (last, first) in enumerate(zip(states, call.state, strict=True)):
            same(f"state {index} under zoneout of one", last, first, tolerance)
    none = replace(call, zoneout=tuple(s.new_zeros(len(call.x), s.shape[1]) for s in call.state))
    if backend.unsupported_reason(none) is None:
        same_answer("zoneout of zero", backend.run(none), backend.run(call), tolerance)


def mask_of_ones_changes_nothing(backend: Backend, cell: Cell, dtype: torch.dtype, tolerance: float) -> None:
    """A recurrent mask of ones must change nothing."""
    call = make_call(cell, dtype=dtype)
    masked = replace(call, recurrent_mask=torch.ones_like(call.state[0]))
    if backend.unsupported_reason(masked) is None:
        same_answer("a recurrent mask of ones", backend.run(masked), backend.run(call), tolerance)


def layer_norm_ignores_scale(backend: Backend, cell: Cell, dtype: torch.dtype, tolerance: float) -> None:
    """With layer norm both weight matrices may be scaled without effect."""
    call = make_call(cell, option="layer norm", dtype=dtype)
    if call.norms is None or backend.unsupported_reason(call) is not None:
        return
    call = replace(call, norms=replace(call.norms, eps=1e-12))
    scaled = replace(call, weight_ih=call.weight_ih * 3, weight_hh=call.weight_hh * 5)
    same_answer("layer norm over scaled weights", backend.run(scaled), backend.run(call), max(tolerance, 1e-6))


def inputs_are_left_alone(backend: Backend, cell: Cell, dtype: torch.dtype, tolerance: float) -> None:
    """A run must not write into its inputs, and a second backward must give the first one's gradients."""
    call = make_call(cell, dtype=dtype)
    before = {name: tensor.clone() for name, tensor, _ in call.tensors()} | {"x": call.x.clone()}
    backend.run(call)
    for name, tensor, _ in [*call.tensors(), ("x", call.x, ())]:
        same(f"{name} after a run", tensor, before[name], 0.0)
    tracked, named = leaves(call)
    output, _ = backend.run(tracked)
    first = torch.autograd.grad(output.sum(), [t for _, t in named], retain_graph=True, allow_unused=True)
    second = torch.autograd.grad(output.sum(), [t for _, t in named], allow_unused=True)
    for (name, _), a, b in zip(named, first, second, strict=True):
        if a is not None and b is not None:
            same(f"second backward by {name}", b, a, tolerance)


def gradients_are_derivatives(backend: Backend, cell: Cell, dtype: torch.dtype, tolerance: float) -> None:  # noqa: ARG001  # a property's signature
    """Compare the backward pass with finite differences; needs float64."""
    if dtype != torch.float64:
        return
    for option in ("plain", "all at once"):
        call = make_call(cell, option=option, lengths=(3, 2, 0))
        if backend.unsupported_reason(call) is None:
            _gradcheck(backend, call)


def _gradcheck(backend: Backend, call: Call) -> None:
    """Probe the derivative along random directions: cheaper than every element, and as sharp in float64."""
    (_, _), actual = gradients(backend, call)
    source = torch.Generator().manual_seed(22)
    _, named = leaves(call)
    for name, tensor in named:
        direction = torch.randn(tensor.shape, generator=source, dtype=torch.float64, device="cpu")
        step = 1e-6
        up, down = (_weighed(backend, moved(call, name, tensor.detach() + sign * step * direction)) for sign in (1, -1))
        expected = (up - down) / (2 * step)
        same(f"derivative by {name} against finite differences", (actual[name] * direction).sum(), expected, 1e-6)


def _weighed(backend: Backend, call: Call) -> torch.Tensor:
    output, states = backend.run(call)
    source = torch.Generator().manual_seed(21)
    parts = [(part * torch.randn(part.shape, generator=source, dtype=torch.float64, device="cpu")).sum() for part in (output, *states)]
    return torch.stack(parts).sum()


def moved(call: Call, name: str, value: torch.Tensor) -> Call:
    """Return the call with one named tensor replaced.

    Parameters
    ----------
    call : Call
        Any call.
    name : str
        As :func:`elman.testing._calls.leaves` names it.
    value : Tensor
        Its new value.

    Returns
    -------
    Call
        A changed copy.
    """
    kind, _, rest = name.partition(" ")
    if kind == "state":
        return replace(call, state=tuple(value if name_ == rest else s for name_, s in zip(call.cell.states, call.state, strict=True)))
    if name.startswith("norms.") and call.norms is not None:
        return replace(call, norms=replace(call.norms, **{name.removeprefix("norms."): value}))
    return replace(call, **{name: value})


ALL: tuple[Property, ...] = (
    alone_is_in_batch,
    neighbours_do_not_matter,
    permuting_permutes,
    halves_make_a_whole,
    reversal_commutes,
    empty_sequences_keep_their_state,
    last_state_is_last_output,
    full_zoneout_keeps_the_state,
    mask_of_ones_changes_nothing,
    layer_norm_ignores_scale,
    inputs_are_left_alone,
    gradients_are_derivatives,
)
