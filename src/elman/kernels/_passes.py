"""The compiled passes on tensors: allocate outputs, hand over addresses. Everything here is plain data, no autograd."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import torch  # before the compiled module, so that both share one OpenMP pool
from torch import Tensor

from elman import _native
from elman.kernels.stack import COMPILED, Batch, Spec, States
from elman.sequences.threads import num_threads
from elman.sequences.torch_internals import dense

_MEMBERS: dict[str, int] = {name: index for index, name in enumerate(_native.TENSORS)}
_FRESH_BYTES = 1 << 20  # torch's allocator is quicker below; above, fresh pages cost more than a tensor of our own
draw = _native.draw


@lru_cache(maxsize=1024)
def _plan(spec: Spec) -> tuple[tuple[int, ...], tuple[float, ...], tuple[int, ...]]:
    """Return a stack's sizes, numbers and kinds as the compiled module reads them."""
    sizes = (COMPILED.index(spec.cell), spec.inputs, spec.hidden, spec.layers, spec.directions, spec.reverse, spec.eps is not None)
    sizes += (spec.recompute,)
    return sizes, (spec.eps or 0.0, spec.zoneout, spec.zoneout), tuple(_MEMBERS[kind] for kind in spec.kinds)


@lru_cache(maxsize=1024)
def saved_width(spec: Spec, element_size: int) -> int:
    """Return how many elements a row forward keeps for backward; recomputed gates and a plain Elman cell's, its output, are not kept."""
    return _native.saved_width(_plan(spec)[0], "zone_h" in spec.kinds or spec.zoneout != 0, element_size)


def forward(
    spec: Spec, batch: Batch, x: Tensor, states: States | None, tensors: tuple[Tensor, ...], save: bool
) -> tuple[Tensor, States, Tensor | None]:
    """Run the forward pass.

    Parameters
    ----------
    spec : Spec
        To run.
    batch : Batch
        Layout of the rows.
    x : Tensor
        Rows as in ``batch``, each without gaps (see :func:`readable`).
    states : tuple of Tensor or None
        (L·D, N, H), contiguous; None: zeros.
    tensors : tuple of Tensor
        Contiguous, of all parts.
    save : bool
        Also return the tensors that backward needs.

    Returns
    -------
    tuple
        ``(y, states, saved)``: rows of width D·H laid out as those of x, (L·D, N, H) per state, and (ΣT, saved) or None.
    """
    try:
        y = room(x, *x.shape[:-1], spec.directions * spec.hidden)
        h_n = x.new_empty(spec.parts, batch.n, spec.hidden)
        c_n = torch.empty_like(h_n) if spec.has_c else None
        saved = room(x, batch.rows, saved_width(spec, x.element_size())) if save else None
    except RuntimeError as error:
        raise batch.too_large(error) from error
    run_forward(spec, batch, x, states, tensors, y, h_n, c_n, saved)
    return y, (h_n,) if c_n is None else (h_n, c_n), saved


def run_forward(
    spec: Spec,
    batch: Batch,
    x: Tensor,
    states: States | None,
    tensors: tuple[Tensor, ...],
    y: Tensor,
    h_n: Tensor,
    c_n: Tensor | None,
    saved: Tensor | None,
) -> None:
    """Run the forward pass into tensors that are there; see :func:`forward`."""
    sizes, numbers, kinds = _plan(spec)
    whole = (x.data_ptr(), *_two(states), y.data_ptr(), h_n.data_ptr(), _address(c_n), _address(saved), 0, 0, 0, 0, 0, 0)
    addresses = (*whole, *[t.data_ptr() for t in tensors])
    _native.forward(x.dtype == torch.float64, sizes, _geometry(batch, x, y, None, saved), numbers, kinds, addresses)


def backward(
    spec: Spec,
    batch: Batch,
    x: Tensor,
    states: States | None,
    tensors: tuple[Tensor, ...],
    y: Tensor,
    saved: Tensor | None,
    grads: tuple[Tensor | None, ...],
    wanted: tuple[bool, ...],
) -> list[Tensor | None]:
    """Run the backward pass; nothing that was saved is changed.

    Parameters
    ----------
    spec : Spec
        As forward had it.
    batch : Batch
        As forward had it.
    x : Tensor
        As forward had it.
    states : tuple of Tensor or None
        As forward had them.
    tensors : tuple of Tensor
        As forward had them.
    y : Tensor
        Output of forward.
    saved : Tensor or None
        Values that forward saved.
    grads : tuple of Tensor or None
        Of y and of each last state; None is zero.
    wanted : tuple of bool
        Whose gradients are asked for: x, each state, each of ``tensors``.

    Returns
    -------
    list of Tensor or None
        Gradients in the order of ``wanted``.
    """
    needs = iter(wanted)
    d_x = _like(x) if next(needs) else None
    d_states = [torch.empty_like(state) if next(needs) else None for state in states or ()]
    d_tensors = [torch.empty_like(t) if want and can else None for t, want, can in zip(tensors, needs, spec.learned, strict=True)]
    d_y, *d_last = grads
    if d_y is not None and d_y.stride() != y.stride():
        d_y = d_y.contiguous()
    d_last = [None if grad is None else grad.contiguous() for grad in d_last]
    sizes, numbers, kinds = _plan(spec)
    whole = (x.data_ptr(), *_two(states), y.data_ptr(), 0, 0, _address(saved), _address(d_y), *_two(d_last), _address(d_x), *_two(d_states))
    parts = [t.data_ptr() for t in tensors] + [0 if d is None else d.data_ptr() for d in d_tensors]
    _native.backward(x.dtype == torch.float64, sizes, _geometry(batch, x, y, d_x, saved), numbers, kinds, (*whole, *parts))
    return [d_x, *d_states, *d_tensors]


def readable(batch: Batch, x: Tensor) -> Tensor:
    """Return a tensor whose rows have no gaps and do not overlap, as the passes read them; mostly the same one."""
    stride = x.stride()
    if stride[-1] == 1 and 0 not in stride and not x.is_neg() and not x._is_zerotensor():
        return x
    try:
        return dense(x)
    except RuntimeError as error:
        raise batch.too_large(error) from error


def room(x: Tensor, *shape: int) -> Tensor:
    """Return uninitialised memory; much of it as a block that the next call uses again: fresh pages cost a quarter of a training step."""
    if math.prod(shape) * x.element_size() < _FRESH_BYTES:
        return x.new_empty(*shape)
    return _native.empty(x.dtype == torch.float64, shape)


def _like(tensor: Tensor) -> Tensor:
    """Return uninitialised memory as a tensor's; of large ones as :func:`room` gives it."""
    return room(tensor, *tensor.shape) if tensor.numel() >= _FRESH_BYTES and tensor.is_contiguous() else torch.empty_like(tensor)


def _geometry(batch: Batch, x: Tensor, y: Tensor, d_x: Tensor | None, saved: Tensor | None) -> tuple[int, ...]:
    return (
        batch.n,
        batch.steps if batch.n else 0,
        batch.padded,
        0 if batch.sizes is None else batch.sizes.data_ptr(),
        0 if batch.order is None else batch.order.data_ptr(),
        num_threads(),
        batch.rows if saved is None else saved.shape[0],
        *_spread(batch, x),
        *_spread(batch, y),
        *((0, 0) if d_x is None else _spread(batch, d_x)),
    )


def _spread(batch: Batch, rows: Tensor) -> tuple[int, int]:
    """Return the strides of time and of sequences; 0 for time where rows are in packed order."""
    stride = rows.stride()
    if batch.time is None:
        return 0, stride[0]
    step, sequence = stride[batch.time] or 1, stride[1 - batch.time]  # a single step may have no stride
    return (0, sequence) if batch.sizes is None and step == batch.n * sequence else (step, sequence)


def _address(tensor: Tensor | None) -> int:
    return 0 if tensor is None else tensor.data_ptr()


def _two(states: Sequence[Tensor | None] | None) -> tuple[int, int]:
    """Return the addresses of the tensors of h and of c."""
    if not states:
        return 0, 0
    return _address(states[0]), _address(states[1]) if len(states) > 1 else 0


def new_stream(is_double: bool, count: int, layers: list[tuple[Spec, States, dict[str, Tensor]]]) -> Any:
    """Return a compiled stream of layers, bottom first, for ``count`` sequences.

    Parameters
    ----------
    is_double : bool
        float64 instead of float32.
    count : int
        N.
    layers : list
        Of each layer its spec, its states (N, H) and its tensors by their kinds; they are copied.

    Returns
    -------
    _native.Stream
        With the states that the layers name.
    """
    stream = _native.Stream(is_double, count)
    for spec, states, tensors in layers:
        named = dict(zip(("h_0", "c_0"), states, strict=False)) | tensors
        inputs = {name: dense(tensor.detach()) for name, tensor in named.items()}
        sizes = (COMPILED.index(spec.cell), spec.inputs, spec.hidden, count, 1, 1, spec.reverse, spec.eps is not None, 0)
        addresses = tuple(inputs[name].data_ptr() if name in inputs else 0 for name in _native.TENSORS)
        stream.add(sizes, (spec.eps or 0.0, spec.zoneout, spec.zoneout), addresses)
    return stream
