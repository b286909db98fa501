"""Stream: a layer read step by step, as values arrive; its state is an object that can be forked, saved and put back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self, TypeVar, cast

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor

from elman.errors import DataError, DataTypeError, SettingError, ShapeError
from elman.nn import _border
from elman.nn._layer import RecurrentLayer
from elman.nn._stepper import native_stepper, stepper, zeros

Value = TypeVar("Value", Tensor, np.ndarray)


class StreamState:
    """State of a stream: one tensor (L, N, H) per state of the cell.

    Parameters
    ----------
    names : tuple of str
        The cell's states.
    tensors : tuple of Tensor
        One per name.
    refresh : callable, optional
        Called before the tensors are read, to bring them up to date.
    """

    def __init__(self, names: tuple[str, ...], tensors: tuple[Tensor, ...], refresh: Callable[[], None] | None = None) -> None:
        self.names = names
        self.version = 0
        self._tensors = tensors
        self._refresh = refresh

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """The numbers, one tensor (L, N, H) per state; they may be written to."""
        if self._refresh is not None:
            self._refresh()
        self.version += 1  # whoever holds the tensors may change them
        return self._tensors

    @tensors.setter
    def tensors(self, tensors: tuple[Tensor, ...]) -> None:
        """Take over other numbers."""
        self.version += 1
        self._tensors = tensors

    def fetched(self, tensors: tuple[Tensor, ...]) -> None:
        """Take over the numbers of the compiled steps, which are no change."""
        self._tensors = tensors

    def copy(self) -> StreamState:
        """Return an independent copy, to go back to or to fork from."""
        return StreamState(self.names, tuple(t.clone() for t in self.tensors))

    def reset(self) -> None:
        """Forget everything: zeros, as at the beginning."""
        self.tensors = tuple(torch.zeros_like(t) for t in self.tensors)

    def save(self) -> bytes:
        """Return the state as the bytes of a safetensors file."""
        return safetensors.torch.save({name: t.detach().cpu().clone() for name, t in zip(self.names, self.tensors, strict=True)})

    def load(self, data: bytes) -> None:
        """Take over the result of :meth:`save`.

        Parameters
        ----------
        data : bytes
            A state of a layer of the same cell, sizes and dtype.
        """
        value = cast(object, data)
        if not isinstance(value, bytes):
            raise DataTypeError(f"A state is loaded from the bytes that save() gave; got {type(data).__name__}.")
        try:
            tensors = safetensors.torch.load(data)
        except (safetensors.SafetensorError, ValueError, KeyError) as error:
            raise DataError(f"These {len(data)} bytes are not a saved state ({error}). Give what save() returned.") from error
        actual = {name: (tuple(t.shape), t.dtype) for name, t in tensors.items()}
        expected = {name: (tuple(t.shape), t.dtype) for name, t in zip(self.names, self.tensors, strict=True)}
        if actual != expected:
            raise ShapeError(
                f"The saved state holds {actual}, this stream's is {expected}. Load it into a stream of the same layer and batch."
            )
        self.tensors = tuple(tensors[name].to(t.device) for name, t in zip(self.names, self.tensors, strict=True))

    def __repr__(self) -> str:
        """Show the shapes."""
        return f"StreamState({', '.join(f'{n}={tuple(t.shape)}' for n, t in zip(self.names, self.tensors, strict=True))})"


class Stream:
    """A layer read step by step, with its state kept between steps; made by ``layer.stream(batch)``.

    Steps are evaluation steps whatever mode the layer is in, and record no gradient. The layer's weights are packed once, when the stream
    is made: after training on, make a new stream or call :meth:`refresh`.

    Parameters
    ----------
    layer : RecurrentLayer
        ``nn.RNN``, ``nn.GRU`` or ``nn.LSTM`` in one direction.
    batch : int, default 1
        How many sequences are read side by side.

    Examples
    --------
    >>> from elman import nn
    >>> stream = nn.GRU(3, 4).stream()
    >>> stream.step(np.zeros((1, 3), np.float32)).shape
    (1, 4)
    >>> before = stream.state.copy()
    >>> stream.feed(torch.zeros(1, 10, 3)).shape
    torch.Size([1, 10, 4])
    >>> stream.state = before
    """

    def __init__(self, layer: RecurrentLayer, batch: int = 1) -> None:
        value = cast(object, batch)
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or batch < 1:
            raise SettingError(f"batch must be a whole number of at least 1; got {batch!r}.")
        self.layer = layer
        self.batch = batch
        self._run = stepper(layer)
        self._own_state(zeros(layer, batch))
        self.refresh()

    def refresh(self) -> None:
        """Read the layer's weights again; the state stays."""
        tensors = self._state.tensors
        self._native = native_stepper(self.layer, tensors)
        self._seen, self._ahead = self._state.version, False

    def _own_state(self, tensors: tuple[Tensor, ...]) -> None:
        self._native, self._ahead, self._seen = None, False, -1
        self._state = StreamState(self.layer.cell.states, tensors, self._fetch)

    def _fetch(self) -> None:
        """Copy the state out of the compiled steps, where they are ahead of it."""
        if self._ahead and self._native is not None:
            self._state.fetched(tuple(torch.stack(layers) for layers in zip(*self._native.state(), strict=True)))
        self._ahead = False

    def _hand_over(self) -> None:
        """Copy the state into the compiled steps: somebody may have changed it."""
        if self._native is not None:
            tensors = self._state.tensors
            self._native.set_state([tuple(t[k] for t in tensors) for k in range(self.layer.num_layers)])
        self._seen = self._state.version

    @property
    def state(self) -> StreamState:
        """State of the stream; may be replaced by a copy taken before."""
        return self._state

    @state.setter
    def state(self, state: StreamState) -> None:
        """Go on from a copy of ``state``."""
        shapes = [tuple(t.shape) for t in self._state.tensors]
        value = cast(object, state)
        if not isinstance(value, StreamState) or [tuple(t.shape) for t in state.tensors] != shapes:
            raise ShapeError(f"state must be a StreamState of shapes {shapes}; got {state!r}.")
        self._state.tensors = tuple(t.clone() for t in state.tensors)

    def step(self, x: Value) -> Value:
        """Read one step.

        Parameters
        ----------
        x : Tensor or ndarray
            (batch, I).

        Returns
        -------
        Tensor or ndarray
            (batch, H), of the kind that came in.
        """
        native = self._native
        if native is not None and self._state.version == self._seen:
            self._ahead = True
            output = native.quick_step(x)
            if output is not NotImplemented:
                return output
        return self._step(x)

    def _step(self, x: Value) -> Value:
        """Read a step that the quick way does not take: after a change of state, to be converted first, or a mistake to be explained."""
        rows = as_rows(x, self.layer, (self.batch,))
        native = self._native
        if native is None:
            return like(x, self._advance(rows, 1))
        if self._state.version != self._seen:
            self._hand_over()
        self._ahead = True
        return like(x, native.step(rows.detach().contiguous()))

    def feed(self, xs: Value) -> Value:
        """Read a chunk of any number of steps.

        Parameters
        ----------
        xs : Tensor or ndarray
            (batch, T, I), T from 0.

        Returns
        -------
        Tensor or ndarray
            (batch, T, H), of the kind that came in.
        """
        tensor = as_rows(xs, self.layer, (self.batch, -1))
        steps = tensor.shape[1]
        rows = self._advance(tensor.transpose(0, 1).reshape(steps * self.batch, -1) if steps else tensor.reshape(0, tensor.shape[2]), steps)
        return like(xs, rows.view(steps, self.batch, rows.shape[1]).transpose(0, 1))

    def copy(self) -> Self:
        """Return a fork: the same layer, an independent state."""
        fork = type(self)(self.layer, self.batch)
        fork.state = self._state
        return fork

    def reset(self) -> None:
        """Start anew from zeros."""
        self._state.reset()

    @torch.inference_mode()
    def _advance(self, rows: Tensor, steps: int) -> Tensor:
        output, self._state.tensors = self._run(rows, steps, self._state.tensors)
        return output


def as_rows(x: Tensor | np.ndarray, layer: RecurrentLayer, leading: tuple[int, ...]) -> Tensor:
    """Return checked input as a tensor of the layer's dtype.

    Parameters
    ----------
    x : Tensor or ndarray
        Input; a NumPy array of any floating dtype is converted, a tensor is not.
    layer : RecurrentLayer
        The layer that will read it.
    leading : tuple of int
        Sizes before the features, -1 for any.

    Returns
    -------
    Tensor
        (*leading, I).
    """
    like_weight = layer.weight_ih_l0
    if isinstance(x, np.ndarray):
        if x.dtype.kind != "f":
            raise DataTypeError(f"x must hold floating-point numbers; got a NumPy array of {x.dtype}.")
        tensor = torch.as_tensor(np.ascontiguousarray(x), device="cpu").to(like_weight.device, like_weight.dtype)
    else:
        tensor = _border.dense("x", x, like=like_weight)
    expected = (*leading, layer.input_size)
    if tensor.dim() != len(expected) or any(want not in (-1, got) for want, got in zip(expected, tensor.shape, strict=True)):
        words = ", ".join("T" if size == -1 else str(size) for size in expected)
        raise ShapeError(f"x must have shape ({words}); got {tuple(tensor.shape)}.")
    return tensor


def like(x: Value, rows: Tensor) -> Value:
    """Return rows as the kind of ``x``, sharing nothing with a stream's state.

    Parameters
    ----------
    x : Tensor or ndarray
        Input.
    rows : Tensor
        Output.

    Returns
    -------
    Tensor or ndarray
        The rows.
    """
    if isinstance(x, np.ndarray):
        return rows.to("cpu", torch.float32 if rows.dtype == torch.bfloat16 else rows.dtype).numpy()
    return rows
