"""The border of our layers: what may come in, turned into one geometry; nothing wrong reaches a kernel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from elman.errors import DataTypeError, ShapeError
from elman.kernels.recording import is_recording
from elman.sequences import Ragged

Kind = Literal["ragged", "packed", "lengths", "batch", "single"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Incoming:
    """A checked input: how it came, and its rows in packed order.

    Notes
    -----
    Shapes:

        data (ΣT, I)      batch_sizes (T,)      order, back (N,): sorted position -> caller's row and the other way; None where they agree
        places (T·N,)     where each time-major padded row stands in ``data``; only of a recorded call, which has padding at the end
    """

    kind: Kind
    data: Tensor
    batch_sizes: Tensor
    n: int
    order: Tensor | None = None
    back: Tensor | None = None
    ragged: Ragged | None = None
    steps: int = 0
    places: Tensor | None = None


def dense(what: str, value: Any, *, like: Tensor) -> Tensor:
    """Return a value if it is a dense tensor of the dtype and device of ``like``; raise otherwise.

    Parameters
    ----------
    what : str
        Its name in messages.
    value : Any
        What came in.
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
    autocast = torch.is_autocast_enabled(like.device.type) and value.dtype.is_floating_point
    if value.dtype != like.dtype and not autocast:
        raise ShapeError(f"{what} must have the layer's dtype {like.dtype}; got {value.dtype}. Convert it or the layer.")
    return value


def read(value: Any, lengths: Any, *, like: Tensor, input_size: int, batch_first: bool) -> Incoming:
    """Check an input of any kind and return its rows in packed order.

    Parameters
    ----------
    value : Tensor, PackedSequence or Ragged
        What the layer was called with.
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
    if isinstance(value, PackedSequence):
        value = Ragged.from_packed(value)
        kind: Kind = "packed"
    else:
        kind = "ragged"
    if isinstance(value, Ragged):
        if lengths is not None:
            raise ShapeError(f"lengths= goes with a padded tensor; a {kind} input knows its own. Leave lengths out.")
        return _from_ragged(value.validate(), kind, like, input_size)
    dense("input", value, like=like)
    if value.dim() not in (2, 3) or value.shape[-1] != input_size:
        form = "(N, T, I)" if batch_first else "(T, N, I)"
        raise ShapeError(f"input must be (T, I) or {form} with I={input_size}; got {tuple(value.shape)}.")
    if value.dim() == 2:
        if lengths is not None:
            raise ShapeError("lengths= needs a batch of rank 3; got an input of rank 2. Cut the sequence to its length instead.")
        return _full(value.unsqueeze(1), "single")
    if lengths is None:
        return _full(value.transpose(0, 1) if batch_first else value, "batch")
    if is_recording(value):
        return _recorded(value.transpose(0, 1) if batch_first else value, lengths)
    return _padded(value if batch_first else value.transpose(0, 1), lengths)


def _from_ragged(batch: Ragged, kind: Kind, like: Tensor, input_size: int) -> Incoming:
    dense("input", batch.data, like=like)
    if batch.data.dim() != 2 or batch.data.shape[1] != input_size:
        raise ShapeError(f"packed input must be (ΣT, I) with I={input_size}; got {tuple(batch.data.shape)}.")
    device = like.device
    return Incoming(
        kind=kind,
        data=batch.data,
        batch_sizes=batch.batch_sizes,
        n=len(batch),
        order=batch.sorted_indices.to(device),
        back=batch.unsorted_indices.to(device),
        ragged=batch,
        steps=len(batch.batch_sizes),
    )


def _full(time_major: Tensor, kind: Kind) -> Incoming:
    """A full batch is packed already: time-major, every step has all N rows."""
    steps, n, width = time_major.shape
    try:
        data = time_major.reshape(steps * n, width)
        sizes = torch.full((steps if n else 0,), n, dtype=torch.int64)
    except RuntimeError as error:  # torch's words for "more than fits into memory, or into an index"
        raise ShapeError(f"An input of {steps} steps and {n} sequences does not fit into memory ({error}). Read it in pieces.") from error
    return Incoming(kind=kind, data=data, batch_sizes=sizes, n=n, steps=steps)


def _padded(padded: Tensor, lengths: Any) -> Incoming:
    packed = _from_ragged(Ragged.from_padded(padded, lengths), "lengths", padded, padded.shape[2])
    return Incoming(**{**packed.__dict__, "steps": padded.shape[1]})


def _recorded(time_major: Tensor, lengths: Any) -> Incoming:
    """Sort padded rows without looking at values, so that a graph can hold it: real rows first, in packed order, then padding."""
    from elman.kernels import ops  # loads the compiled module

    steps, n, width = time_major.shape
    lengths = torch.as_tensor(lengths)
    if tuple(lengths.shape) != (n,) or lengths.dtype.is_floating_point or lengths.dtype.is_complex or lengths.dtype == torch.bool:
        raise ShapeError(f"lengths must be ({n},) whole numbers, one per row; got {tuple(lengths.shape)} {lengths.dtype}.")
    rows, sizes, order, back = ops.order_of(lengths.to("cpu", torch.int64), steps)
    data = time_major.reshape(steps * n, width).index_select(0, rows)
    places = torch.zeros_like(rows).scatter(0, rows, torch.arange(steps * n))
    return Incoming(kind="lengths", data=data, batch_sizes=sizes, n=n, order=order, back=back, steps=steps, places=places)


def read_state(hx: Any, names: tuple[str, ...], shapes: list[tuple[int, ...]], *, like: Tensor, single: bool) -> tuple[Tensor, ...]:
    """Check an initial state and return it as one (L·D, N, H) tensor per state, in the caller's row order; None gives zeros.

    Parameters
    ----------
    hx : Tensor, tuple of Tensor or None
        What the layer was called with.
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
    if hx is None:
        try:
            return tuple([torch.zeros(shape, dtype=like.dtype, device=like.device) for shape in shapes])
        except RuntimeError as error:
            raise ShapeError(f"States of {shapes} do not fit into memory ({error}). Take fewer sequences.") from error
    found = states_of(hx, names)
    for name, state, shape in zip(names, found, shapes, strict=True):
        expected = (shape[0], shape[2]) if single else shape
        dense(f"{name}_0", state, like=like)
        if tuple(state.shape) != expected:
            raise ShapeError(f"{name}_0 must have shape {expected}; got {tuple(state.shape)}.")
    return tuple(state.unsqueeze(1) for state in found) if single else found


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
    if not (isinstance(hx, tuple | list) and len(hx) == len(names)):
        given = f"{len(hx)} values" if isinstance(hx, tuple | list) else type(hx).__name__
        raise DataTypeError(f"hx must be a tuple of {len(names)} tensors {names}; got {given}.")
    return tuple(hx)
