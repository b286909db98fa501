"""The border of our layers: every kind of input, checked and brought into one geometry; nothing wrong reaches a kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from elman.errors import DataTypeError, ShapeError
from elman.kernels.call import is_autocasting
from elman.kernels.recording import is_recording
from elman.kernels.stack import Batch
from elman.sequences import Ragged
from elman.sequences.ragged import fits, sort_lengths

Kind = Literal["ragged", "packed", "padded", "single"]


@dataclass(kw_only=True, eq=False, slots=True)
class Incoming:
    """A checked input: its kind, its rows and their layout.

    Notes
    -----
    ``source`` is the packed input. ``places`` (T·N,) gives the place of each time-major padded row in ``x``: only in a recorded
    call with lengths, whose rows are sorted with the padding at the end.
    """

    kind: Kind
    x: Tensor
    batch: Batch
    source: Ragged | PackedSequence | None = None
    places: Tensor | None = None


def dense(what: str, value: Any, *, like: Tensor) -> Tensor:
    """Return a value if it is a dense tensor of the dtype and device of ``like``; raise otherwise.

    Parameters
    ----------
    what : str
        Its name in messages.
    value : Any
        Input.
    like : Tensor
        A weight of the layer.

    Returns
    -------
    Tensor
        The value.
    """
    if not isinstance(value, Tensor):
        raise DataTypeError(f"{what} must be a tensor; got {type(value).__name__}. Convert it with torch.as_tensor first.")
    if value.is_nested or value.layout is not torch.strided:
        raise ShapeError(f"{what} must be a dense tensor; got {'nested' if value.is_nested else value.layout}. Use lengths= or a Ragged.")
    if value.device != like.device:
        raise ShapeError(f"{what} must be on the layer's device {like.device}; got {value.device}. Move one of them.")
    if value.dtype != like.dtype and not (value.dtype.is_floating_point and is_autocasting(like.device)):
        raise ShapeError(f"{what} must have the layer's dtype {like.dtype}; got {value.dtype}. Convert it or the layer.")
    return value


def read(value: Any, lengths: Any, *, like: Tensor, input_size: int, batch_first: bool) -> Incoming:
    """Check an input of any kind and return its rows in packed order.

    Parameters
    ----------
    value : Tensor, PackedSequence or Ragged
        Argument of the layer.
    lengths : Tensor, sequence of int or None
        Real steps of each padded row.
    like : Tensor
        A weight of the layer.
    input_size : int
        I.
    batch_first : bool
        Whether padded input is (N, T, I).

    Returns
    -------
    Incoming
        The checked input.
    """
    if isinstance(value, PackedSequence | Ragged):
        if lengths is not None:
            kind = "ragged" if isinstance(value, Ragged) else "packed"
            raise ShapeError(f"lengths= goes with a padded tensor; a {kind} input knows its own. Leave lengths out.")
        return _packed(value, like, input_size)
    dense("input", value, like=like)
    shape = value.shape
    if len(shape) not in (2, 3) or shape[-1] != input_size:
        form = "(N, T, I)" if batch_first else "(T, N, I)"
        raise ShapeError(f"input must be (T, I) or {form} with I={input_size}; got {tuple(shape)}.")
    if len(shape) == 2:
        if lengths is not None:
            raise ShapeError("lengths= needs a batch of rank 3; got an input of rank 2. Cut the sequence to its length instead.")
        return Incoming(kind="single", x=value.unsqueeze(1), batch=Batch(n=1, steps=shape[0], rows=shape[0], time=0))
    steps, n = (shape[1], shape[0]) if batch_first else (shape[0], shape[1])
    time = 1 if batch_first else 0
    if lengths is None:
        return Incoming(kind="padded", x=value, batch=Batch(n=n, steps=steps, rows=steps * n, time=time))
    if is_recording(value):
        return _recorded(value.transpose(0, 1) if batch_first else value, lengths)
    steps, rows, order, sizes = sort_lengths(lengths, n, steps)
    batch = Batch(n=n, steps=steps, rows=rows, time=time, padded=shape[time], sizes=sizes, order=order)
    return Incoming(kind="padded", x=value, batch=batch)


def _packed(source: PackedSequence | Ragged, like: Tensor, input_size: int) -> Incoming:
    if is_recording(source.data) or not fits(source):  # the slower check names the fault, or finds that only the quick one was not possible
        Ragged.from_packed(source) if isinstance(source, PackedSequence) else source.validate()
    x, sizes, order = source.data, source.batch_sizes, source.sorted_indices
    dense("input", x, like=like)
    if x.dim() != 2 or x.shape[1] != input_size:
        raise ShapeError(f"packed input must be (ΣT, I) with I={input_size}; got {tuple(x.shape)}.")
    ragged = isinstance(source, Ragged)
    n = len(source) if ragged else int(sizes[0]) if len(sizes) else 0
    batch = Batch(n=n, steps=len(sizes), rows=len(x), sizes=sizes.contiguous(), order=None if order is None else order.cpu().contiguous())
    return Incoming(kind="ragged" if ragged else "packed", x=x, batch=batch, source=source)


def _recorded(time_major: Tensor, lengths: Any) -> Incoming:
    """Sort padded rows without looking at values, so that a graph can hold it: real rows first, in packed order, then padding."""
    from elman.kernels import ops  # loads the compiled module

    steps, n, width = time_major.shape
    lengths = lengths if isinstance(lengths, Tensor) else torch.as_tensor(lengths, device="cpu")
    if tuple(lengths.shape) != (n,) or lengths.dtype.is_floating_point or lengths.dtype.is_complex or lengths.dtype == torch.bool:
        raise ShapeError(f"lengths must be ({n},) whole numbers, one per row; got {tuple(lengths.shape)} {lengths.dtype}.")
    rows, sizes, order, _ = ops.order_of(lengths.to("cpu", torch.int64), steps)
    data = time_major.reshape(steps * n, width).index_select(0, rows)
    places = torch.zeros_like(rows).scatter(0, rows, torch.arange(steps * n, device="cpu"))
    batch = Batch(n=n, steps=steps, rows=steps * n, sizes=sizes, order=order)
    return Incoming(kind="padded", x=data, batch=batch, places=places)


def read_state(hx: Any, names: tuple[str, ...], shapes: list[tuple[int, ...]], *, like: Tensor, single: bool) -> tuple[Tensor, ...]:
    """Check an initial state and return it as one (L·D, N, H) tensor per state, in the caller's row order.

    Parameters
    ----------
    hx : Tensor or tuple of Tensor
        Argument of the layer.
    names : tuple of str
        The cell's states.
    shapes : list of tuple of int
        (L·D, N, H) of each.
    like : Tensor
        A weight of the layer.
    single : bool
        Whether the input was one unbatched sequence, so that states are (L·D, H).

    Returns
    -------
    tuple of Tensor
        One tensor per state.
    """
    result = states_of(hx, names)
    for name, state, shape in zip(names, result, shapes, strict=True):
        expected = (shape[0], shape[2]) if single else shape
        dense(f"{name}_0", state, like=like)
        if tuple(state.shape) != expected:
            raise ShapeError(f"{name}_0 must have shape {expected}; got {tuple(state.shape)}.")
    return tuple(state.unsqueeze(1) for state in result) if single else result


def states_of(hx: Any, names: tuple[str, ...]) -> tuple[Any, ...]:
    """Return an initial state as one value per state of the cell.

    Parameters
    ----------
    hx : Any
        A tensor for one state, a tuple for several.
    names : tuple of str
        The cell's states.

    Returns
    -------
    tuple
        Unchecked values.
    """
    if len(names) == 1:
        return (hx,)
    values = cast("Sequence[Any]", hx)
    several = isinstance(values, tuple | list)
    if not several or len(values) != len(names):
        actual = f"{len(values)} values" if several else type(hx).__name__
        raise DataTypeError(f"hx must be a tuple of {len(names)} tensors {names}; got {actual}.")
    return tuple(values)
