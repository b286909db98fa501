"""The compiled recurrences as torch operators, ``torch.ops.elman.lstm`` and its like, for graphs: compile, export, fake tensors.

Eager calls do not come here: ``autograd.Function`` costs less. Each operator has its four blocks: schema, CPU implementation,
fake (shapes only) and autograd. One operator is one layer in one direction over a packed batch.

Shapes of a graph may not depend on values, and the number of real rows does. So an operator takes R ≥ ΣT rows and T steps, the last
of which may be empty: rows beyond the real ones are never read, and give zeros and zero gradients. :func:`order_of` sorts padded
rows like that.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, TypeGuard

import torch  # before the compiled module, so that both share one OpenMP pool
from torch import Tensor

from elman.errors import BackendError, ShapeError
from elman.kernels import _function, _passes, flops, native
from elman.kernels.call import Call, is_autocasting
from elman.kernels.stack import KINDS, Batch, Spec, States, call_of, spec_of
from elman.kernels.stack import LEARNED as LEARNED_KINDS
from elman.sequences import Ragged

# Operator by cell, in torch's words.
NAMES = {"elman": "rnn_tanh", "elman_relu": "rnn_relu", "gru": "gru", "lstm": "lstm"}
_INNER = ("c_0", "gain_c", "bias_c", "zone_c")  # inputs only a cell with an inner state has
INPUTS = ("x", "h_0", "c_0", *KINDS[:-1])
LEARNED = ("x", "h_0", "c_0", *LEARNED_KINDS)
_ALWAYS = ("x", "h_0", "c_0", "w_ih", "w_hh")
_INCOMING = ("d_y", "d_h_n", "d_c_n")
_SETTINGS = "bool reverse, float? eps, float zoneout"

Settings = tuple[bool, float | None, float]


def unsupported_reason(call: Call) -> str | None:
    """Return the reason why a call cannot be recorded as one operator, or None."""
    if call.cell.name not in NAMES:
        return f"no compiled kernel for the cell {call.cell.name!r}"
    return reason_against_weight(call.weight_ih, projected=call.weight_hr is not None)


def reason_against_weight(weight: Tensor, *, projected: bool = False) -> str | None:
    """Return the reason why a layer cannot go into one of our operators, or None.

    Parameters
    ----------
    weight : Tensor
        One of its weights.
    projected : bool, default False
        Whether the output is projected (``proj_size``).

    Returns
    -------
    str or None
        The reason.
    """
    if weight.device.type != "cpu":
        return f"the compiled kernels run on the CPU; the layer is on {weight.device}"
    if weight.dtype not in (torch.float32, torch.float64):
        return f"the compiled kernels take float32 and float64; the layer is {weight.dtype}"
    return "no compiled kernel projects the output (proj_size)" if projected else None


def run(call: Call) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Run a call through its operator, in the precision of its weights even where autocast asks for less; then the result is rounded.

    Parameters
    ----------
    call : Call
        One that :func:`unsupported_reason` has nothing against; ``batch_sizes`` may end in zeros and ``x`` have more rows.

    Returns
    -------
    tuple
        ``(output, states)``.
    """
    result = named(call)
    save = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in result.values())
    operator = getattr(torch.ops.elman, NAMES[call.cell.name])
    dtype = call.weight_ih.dtype
    tensors = {name: tensor.to(dtype) for name, tensor in result.items()}
    absent = call.x.new_empty(0)  # torch.export.draft_export takes a None for a tensor that was changed
    arguments = [tensors.get(name, absent) for name in _inputs(call.cell.name)]
    eps, zoneout = None if call.norms is None else call.norms.eps, 0.0 if isinstance(call.zoneout, tuple) else float(call.zoneout)
    output, *others = operator(call.batch_sizes, *arguments, call.reverse, eps, zoneout, save)
    rounded = _autocast_dtype(call)
    return output.to(rounded), tuple(state.to(rounded) for state in others[: len(call.state)])


def _autocast_dtype(call: Call) -> torch.dtype:
    """Return the dtype that torch's own layer gives: a GRU adds its new state to the old one, which may be in higher precision."""
    with_options = call.norms is not None or call.recurrent_mask is not None or isinstance(call.zoneout, tuple) or call.zoneout
    if with_options or not is_autocasting(call.weight_ih.device):
        return call.weight_ih.dtype
    lower = torch.get_autocast_dtype(call.weight_ih.device.type)
    return torch.promote_types(lower, call.state[0].dtype) if call.cell.name == "gru" else lower


def named(call: Call) -> dict[str, Tensor]:
    """Return a call's tensors by the names of the operators' arguments.

    Parameters
    ----------
    call : Call
        One that :func:`unsupported_reason` has nothing against.

    Returns
    -------
    dict
        Those it has.
    """
    return {"x": call.x, **dict(zip(("h_0", "c_0"), call.state, strict=False)), **native.tensors_of(call)}


def order_of(lengths: Tensor, steps: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return how padded rows are sorted into packed order, padding last.

    Parameters
    ----------
    lengths : Tensor
        (N,) whole numbers in 0..T.
    steps : int
        T.

    Returns
    -------
    tuple of Tensor
        ``rows`` (T·N,): the time-major padded row of each packed row; ``batch_sizes`` (T,), zeros at the end; ``order`` and ``back``
        (N,): sorted position -> row, and the other way.

    Examples
    --------
    >>> [part.tolist() for part in order_of(torch.tensor([1, 2]), 3)]
    [[1, 0, 3, 2, 5, 4], [2, 1, 0], [1, 0], [1, 0]]
    """
    return torch.ops.elman.order_of(lengths, steps)


def _inputs(cell: str) -> tuple[str, ...]:
    return tuple(name for name in INPUTS if cell == "lstm" or name not in _INNER)


def _learned(cell: str) -> tuple[str, ...]:
    return tuple(name for name in _inputs(cell) if name in LEARNED)


def _schema(cell: str) -> str:
    return ", ".join(f"Tensor{'' if name in _ALWAYS else '?'} {name}" for name in _inputs(cell))


def _split(cell: str, settings: Settings, given: dict[str, Tensor]) -> tuple[Spec, States, tuple[Tensor, ...]]:
    """Return a stack of one part, its states (1, N, H) and its tensors."""
    reverse, eps, zoneout = settings
    kinds = tuple(kind for kind in KINDS if kind in given)
    spec = spec_of(cell, given["w_ih"].shape[1], given["w_hh"].shape[1], 1, 1, kinds, reverse, eps, zoneout)
    states = tuple(given[name].unsqueeze(0) for name in ("h_0", "c_0") if name in given)
    return spec, states, tuple(given[kind] for kind in kinds)


def _given(cell: str, tensors: Sequence[Tensor | None]) -> dict[str, Tensor]:
    return {name: _passes.dense(tensor) for name, tensor in zip(_inputs(cell), tensors, strict=True) if _is_there(tensor)}


def _is_there(tensor: Tensor | None) -> TypeGuard[Tensor]:
    """Return whether an optional input is given: neither None nor an empty vector."""
    return tensor is not None and not (tensor.dim() == 1 and tensor.shape[0] == 0)


def _real(batch_sizes: Tensor, x: Tensor) -> tuple[Tensor, int]:
    """Return the steps that have rows, and how many rows they have."""
    if batch_sizes.dim() != 1 or batch_sizes.dtype != torch.int64 or x.dim() != 2:
        raise ShapeError(f"batch_sizes must be (T,) int64 and x (R, I); got {batch_sizes.dtype} and {tuple(x.shape)}.")
    steps = int((batch_sizes > 0).sum())
    return batch_sizes[:steps].contiguous(), int(batch_sizes.sum())


def _checked(cell: str, settings: Settings, batch_sizes: Tensor, given: dict[str, Tensor]) -> Batch:
    """Operators may be called by anybody: nothing wrong reaches the compiled code."""
    sizes, total = _real(batch_sizes, given["x"])
    first = _first_rows(given, total)
    if any(tensor.dim() != 2 for tensor in (given["w_ih"], given["w_hh"])):
        raise ShapeError(f"w_ih and w_hh must have rank 2; got {given['w_ih'].dim()} and {given['w_hh'].dim()}.")
    spec, states, tensors = _split(cell, settings, first)
    call = call_of(spec, 0, first["x"], sizes, tuple(state[0] for state in states), tensors)
    call.check()
    reason = reason_against_weight(call.weight_ih)
    if any(tensor.dtype != call.weight_ih.dtype for tensor in given.values()):  # autocast lets the call pass
        reason = "its tensors differ in dtype"
    if reason is not None:
        raise BackendError(f"torch.ops.elman.{NAMES[cell]} cannot run this call: {reason}. Use elman.kernels.run, which finds who can.")
    return Batch(n=given["h_0"].shape[0], steps=len(sizes), rows=total, sizes=sizes)


def _first_rows(given: dict[str, Tensor], total: int) -> dict[str, Tensor]:
    return given | {name: given[name][:total] for name in ("x", "zone_h", "zone_c") if name in given}


def _forward(cell: str, batch_sizes: Tensor, *rest: Any) -> list[Tensor]:
    tensors, settings, save = rest[:-4], rest[-4:-1], rest[-1]
    inputs = _given(cell, [None if t is None else t.detach() for t in tensors])
    batch = _checked(cell, settings, batch_sizes, inputs)
    spec, states, parameters = _split(cell, settings, inputs)
    x = inputs["x"]
    # Zeros, not just any memory: torch's checks compare all tensors of a graph, unused ends of rows too.
    y, *last = x.new_zeros(x.shape[0], spec.hidden), *(torch.zeros_like(inputs[name]) for name in ("h_0", "c_0") if name in inputs)
    saved = x.new_zeros(x.shape[0], _passes.saved_width(spec, x.element_size())) if save else None
    _passes.run_forward(spec, batch, x, states, parameters, y, last[0], last[1] if len(last) > 1 else None, saved)
    return [y, *last] if saved is None else [y, *last, saved]


def _forward_fake(cell: str, batch_sizes: Tensor, *rest: Any) -> list[Tensor]:  # noqa: ARG001  # the same arguments as _forward
    tensors, settings, save = rest[:-4], rest[-4:-1], rest[-1]
    inputs = _given(cell, tensors)
    x = inputs["x"]
    out = [x.new_empty(x.shape[0], inputs["w_hh"].shape[1])]
    out += [inputs[name].new_empty(inputs[name].shape) for name in ("h_0", "c_0") if name in inputs]
    if not save:
        return out
    # Only H must be a number, and not a symbol, to know the width of the saved values.
    narrow = inputs | {"w_ih": x.new_empty(0, 1), "w_hh": x.new_empty(0, int(inputs["w_hh"].shape[1]))}
    spec, _, _ = _split(cell, settings, narrow)
    return [*out, x.new_empty(x.shape[0], _passes.saved_width(spec, x.element_size()))]


def _setup(cell: str, ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
    batch_sizes, tensors, ctx.settings = inputs[0], inputs[1:-4], inputs[-4:-1]
    answers = 3 if cell == "lstm" else 2
    ctx.present = [_is_there(tensor) for tensor in tensors]
    ctx.set_materialize_grads(False)
    ctx.mark_non_differentiable(*output[answers:])
    ctx.save_for_backward(batch_sizes, *(tensor for tensor in tensors if _is_there(tensor)), output[0], *output[answers:])


def _backward_formula(cell: str, ctx: Any, incoming: list[Tensor | None]) -> tuple[Any, ...]:
    batch_sizes, *result = ctx.saved_tensors
    rest = iter(result)
    tensors = [next(rest) if there else None for there in ctx.present]
    saved_values = list(rest)
    requested = dict(zip(_inputs(cell), ctx.needs_input_grad[1:-4], strict=True))
    needed = [requested[name] and tensors[_inputs(cell).index(name)] is not None for name in _learned(cell)]
    names = [name for name, want in zip(_learned(cell), needed, strict=True) if want]
    grads: dict[str, Tensor | None] = dict(zip(_INCOMING, incoming, strict=False))
    if torch.is_grad_enabled():  # a graph of the gradients is asked for: the reference has one
        gradients = _differentiable(cell, ctx.settings, batch_sizes, tensors, grads, set(names))
    else:
        operator = getattr(torch.ops.elman, f"{NAMES[cell]}_backward")
        dense = [grads.get(name) for name in _INCOMING[: 3 if cell == "lstm" else 2]]
        gradients = dict(zip(names, operator(*dense, batch_sizes, *tensors, saved_values, *ctx.settings, needed), strict=True))
    return (None, *(gradients.get(name) for name in _inputs(cell)), *[None] * 4)


def _differentiable(
    cell: str,
    settings: Settings,
    batch_sizes: Tensor,
    tensors: Sequence[Tensor | None],
    grads: dict[str, Tensor | None],
    wanted: set[str],
) -> dict[str, Tensor]:
    inputs = {name: tensor for name, tensor in zip(_inputs(cell), tensors, strict=True) if tensor is not None}
    sizes, total = _real(batch_sizes, inputs["x"])
    spec, states, parameters = _split(cell, settings, _first_rows(inputs, total))
    batch = Batch(n=inputs["h_0"].shape[0], steps=len(sizes), rows=total, sizes=sizes)
    d_y, *d_last = [grads.get(name) for name in _INCOMING[: 1 + len(states)]]
    incoming = (None if d_y is None else d_y[:total], *(None if d is None else d.unsqueeze(0) for d in d_last))
    requested = tuple(name in wanted for name in _order_of_gradients(spec))
    gradients = _function.differentiable(spec, batch, inputs["x"][:total], states, parameters, incoming, requested)
    entries = dict(zip(_order_of_gradients(spec), gradients, strict=True))
    result = {name: grad.squeeze(0) if name in ("h_0", "c_0") else grad for name, grad in entries.items() if grad is not None}
    if "x" in result:
        result["x"] = torch.nn.functional.pad(result["x"], (0, 0, 0, inputs["x"].shape[0] - total))
    return result


def _order_of_gradients(spec: Spec) -> tuple[str, ...]:
    return ("x", *("h_0", "c_0")[: 2 if spec.has_c else 1], *spec.kinds)


def _backward(cell: str, *arguments: Any) -> list[Tensor]:
    incoming, batch_sizes, tensors, saved_values, settings, needed = _split_backward(cell, arguments)
    inputs = _given(cell, tensors)
    batch = _checked(cell, settings, batch_sizes, inputs)
    spec, states, parameters = _split(cell, settings, inputs)
    y, saved = _kept(spec, batch, inputs, states, parameters, saved_values)
    grads = {name: _passes.dense(grad.to(inputs["x"].dtype)) for name, grad in zip(_INCOMING, incoming, strict=False) if grad is not None}
    _check_incoming(grads, inputs)
    names = {name for name, want in zip(_learned(cell), needed, strict=True) if want}
    order = _order_of_gradients(spec)
    dense = tuple(grads.get(name) for name in _INCOMING[: 1 + len(states)])
    requested = tuple(name in names for name in order)
    entries = dict(zip(order, _passes.backward(spec, batch, inputs["x"], states, parameters, y, saved, dense, requested), strict=True))
    result = {name: grad.view(inputs[name].shape) for name, grad in entries.items() if grad is not None}
    if "x" in result:
        result["x"][batch.rows :] = 0
    return [result[name] for name, want in zip(_learned(cell), needed, strict=True) if want]


def _kept(
    spec: Spec, batch: Batch, given: dict[str, Tensor], states: States, own: tuple[Tensor, ...], kept: Sequence[Tensor]
) -> tuple[Tensor, Tensor]:
    """Return the output and the values that forward saved; a graph recorded without gradients kept nothing, so forward runs again."""
    x, rows = given["x"], given["x"].shape[0]
    shapes = {"y": (rows, spec.hidden), "values": (rows, _passes.saved_width(spec, x.element_size()))}
    if len(kept) == len(shapes):
        y, saved = (_passes.dense(tensor) for tensor in kept)
    else:
        y, last = x.new_empty(shapes["y"]), [torch.empty_like(state) for state in states]
        saved = x.new_empty(shapes["values"])
        _passes.run_forward(spec, batch, x, states, own, y, last[0], last[1] if len(last) > 1 else None, saved)
    for (name, shape), tensor in zip(shapes.items(), (y, saved), strict=True):
        if tuple(tensor.shape) != shape or tensor.dtype != x.dtype:
            raise ShapeError(f"saved {name} must be {shape} {x.dtype}; got {tuple(tensor.shape)} {tensor.dtype}.")
    return y, saved


def _check_incoming(grads: dict[str, Tensor], given: dict[str, Tensor]) -> None:
    rows, (n, hidden) = given["x"].shape[0], given["h_0"].shape
    for name, grad in grads.items():
        shape = (rows, hidden) if name == "d_y" else (n, hidden)
        if tuple(grad.shape) != shape or grad.device.type != "cpu":
            raise ShapeError(f"{name} must have shape {shape} on the CPU; got {tuple(grad.shape)} on {grad.device}.")


def _backward_fake(cell: str, *arguments: Any) -> list[Tensor]:
    _, _, tensors, _, _, needed = _split_backward(cell, arguments)
    inputs = _given(cell, tensors)
    return [inputs[name].new_empty(inputs[name].shape) for name, want in zip(_learned(cell), needed, strict=True) if want]


def _split_backward(cell: str, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    grads = 3 if cell == "lstm" else 2
    *tensors, saved_values, reverse, eps, zoneout, needed = arguments[grads + 1 :]
    return arguments[:grads], arguments[grads], tensors, saved_values, (reverse, eps, zoneout), needed


def _order(lengths: Tensor, steps: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    n = lengths.shape[0] if lengths.dim() else 0
    frame = Ragged.from_padded(torch.empty(n, steps, 0, device="cpu"), lengths)
    sizes = torch.zeros(steps, dtype=torch.int64, device="cpu")
    sizes[: len(frame.batch_sizes)] = frame.batch_sizes
    real = sizes[:, None] > torch.arange(n, device="cpu")[None, :]
    padded_rows = (torch.arange(steps, device="cpu")[:, None] * n + frame.sorted_indices[None, :]).flatten()
    rows = padded_rows[torch.argsort((~real).flatten().to(torch.int8), stable=True)]
    return rows, sizes, frame.sorted_indices.clone(), frame.unsorted_indices.clone()


def _order_fake(lengths: Tensor, steps: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    n = lengths.shape[0]
    outputs = [torch.empty(size, dtype=torch.int64, device="cpu") for size in (n * steps, steps, n, n)]
    return outputs[0], outputs[1], outputs[2], outputs[3]


_library: Any = torch.library  # its stubs leave callables untyped


def _register(library: Any, cell: str) -> None:
    """Give one cell its two operators, each in its blocks."""
    name = NAMES[cell]
    grads = ", ".join(f"Tensor? {grad}" for grad in _INCOMING[: 3 if cell == "lstm" else 2])
    library.define(f"{name}(Tensor batch_sizes, {_schema(cell)}, {_SETTINGS}, bool save) -> Tensor[]")
    library.define(f"{name}_backward({grads}, Tensor batch_sizes, {_schema(cell)}, Tensor[] kept, {_SETTINGS}, bool[] wanted) -> Tensor[]")

    library.impl(name, partial(_forward, cell), "CPU")
    library.impl(f"{name}_backward", partial(_backward, cell), "CPU")

    _library.register_fake(f"elman::{name}", partial(_forward_fake, cell), lib=library)
    _library.register_fake(f"elman::{name}_backward", partial(_backward_fake, cell), lib=library)

    def set_up(ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
        """Save inputs and outputs; torch passes both by name."""
        _setup(cell, ctx, inputs, output)

    _library.register_autograd(f"elman::{name}", partial(_backward_formula, cell), setup_context=set_up, lib=library)
    flops.register(name, _inputs(cell), _learned(cell))


_operators: Any = torch.library.Library("elman", "FRAGMENT")
for _cell in NAMES:
    _register(_operators, _cell)
_operators.define("order_of(Tensor lengths, SymInt steps) -> (Tensor, Tensor, Tensor, Tensor)")
_operators.impl("order_of", _order, "CPU")
_library.register_fake("elman::order_of", _order_fake, lib=_operators)
