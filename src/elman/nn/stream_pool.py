"""StreamPool: thousands of independent streams of one layer, stepped together; they join and leave at any time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor

from elman.errors import DataError, SettingError, ShapeError
from elman.nn._layer import RecurrentLayer
from elman.nn._pooled import Places, TensorPlaces, native_places
from elman.nn._stepper import zeros
from elman.nn.stream import StreamState, Value, as_rows, like
from elman.sequences.torch_internals import ints

try:
    from elman import _native
except ImportError:  # numbers are then checked by torch
    _native: Any = None


class StreamPool:
    """Independent streams of one layer in one block of memory, so that any of them can be stepped in one call.

    Weights are packed once, when the pool is made; after training on, call :meth:`refresh`. A stream has the bits of a stream by itself.

    Parameters
    ----------
    layer : RecurrentLayer
        ``nn.RNN``, ``nn.GRU`` or ``nn.LSTM`` in one direction.

    Examples
    --------
    >>> from elman import nn
    >>> pool = StreamPool(nn.LSTM(3, 4))
    >>> anna, bert, carl = pool.join(3)
    >>> pool.step([anna, carl], torch.zeros(2, 3)).shape
    torch.Size([2, 4])
    >>> pool.leave([bert])
    >>> len(pool)
    2
    """

    def __init__(self, layer: RecurrentLayer) -> None:
        self.layer = layer
        self._places: Places = TensorPlaces(layer)
        self._places = native_places(layer) or self._places
        self._active = torch.zeros(0, dtype=torch.bool, device="cpu")
        self._marks = torch.zeros(0, dtype=torch.int64, device="cpu")
        self._calls = 0
        self._free: list[int] = []

    def __len__(self) -> int:
        """Number of streams that are in."""
        return len(self._active) - len(self._free)

    def ids(self) -> list[int]:
        """Return the numbers of all streams that are in, rising."""
        return ints(torch.nonzero(self._active).flatten())

    def refresh(self) -> None:
        """Read the layer's weights again; all states stay."""
        index = torch.nonzero(self._active).flatten()
        states = self._places.get(index)
        self._places = native_places(self.layer) or TensorPlaces(self.layer)
        self._places.resize(len(self._active))
        self._places.put(index, states)

    def join(self, count: int = 1) -> list[int]:
        """Let new streams in, from zero states.

        Parameters
        ----------
        count : int, default 1
            How many.

        Returns
        -------
        list of int
            Their numbers; a number is given again after its stream has left.
        """
        value = cast(object, count)
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or count < 0:
            raise SettingError(f"count must be a whole number of at least 0; got {count!r}.")
        if count > len(self._free):
            self._grow(max(count - len(self._free), len(self._active)))
        results = [self._free.pop() for _ in range(count)]
        index = torch.tensor(results, dtype=torch.int64, device="cpu")
        self._active[index] = True
        self._places.put(index, None)
        return results

    def leave(self, ids: Sequence[int] | Tensor) -> None:
        """Let streams go and forget their states.

        Parameters
        ----------
        ids : sequence of int or Tensor
            Numbers that ``join`` gave.
        """
        index = self._index(ids)
        self._active[index] = False
        self._free.extend(ints(index))

    def step(self, ids: Sequence[int] | Tensor, x: Value) -> Value:
        """Read one step of some streams, each from its own state.

        Parameters
        ----------
        ids : sequence of int or Tensor
            Which streams, each at most once; an int64 tensor or array is quickest.
        x : Tensor or ndarray
            (len(ids), I), a row per stream.

        Returns
        -------
        Tensor or ndarray
            (len(ids), H), of the kind that came in.
        """
        index = self._index(ids)
        rows = as_rows(x, self.layer, (len(index),)).detach().contiguous()
        return like(x, self._places.step(index, rows))

    def state(self, id: int) -> StreamState:  # noqa: A002  # the word of join and leave
        """Return a copy of one stream's state, as a stream with ``batch=1`` would have it.

        Parameters
        ----------
        id : int
            Its number.

        Returns
        -------
        StreamState
            Independent of the pool.
        """
        return StreamState(self.layer.cell.states, self._places.get(self._index([id])))

    def set_state(self, id: int, state: StreamState) -> None:  # noqa: A002  # the word of join and leave
        """Have one stream go on from another state, of a stream with ``batch=1`` or of another member.

        Parameters
        ----------
        id : int
            Its number.
        state : StreamState
            Of a layer of the same cell and sizes; copied.
        """
        index = self._index([id])
        shapes = [tuple(t.shape) for t in zeros(self.layer, 1)]
        value = cast(object, state)
        if not isinstance(value, StreamState) or [tuple(t.shape) for t in state.tensors] != shapes:
            raise ShapeError(f"state must be a StreamState of shapes {shapes}; got {state!r}.")
        self._places.put(index, state.tensors)

    def save(self, ids: Sequence[int] | Tensor | None = None) -> bytes:
        """Return the states of some streams, all by default, as the bytes of a safetensors file.

        Parameters
        ----------
        ids : sequence of int or Tensor, optional
            Which; their order is kept.

        Returns
        -------
        bytes
            For :meth:`load`, here or in another pool of the same layer.
        """
        index = self._index(self.ids() if ids is None else ids)
        states = self._places.get(index)
        return safetensors.torch.save({name: t.detach().cpu().contiguous() for name, t in zip(self.layer.cell.states, states, strict=True)})

    def load(self, data: bytes) -> list[int]:
        """Let streams in that go on from the result of :meth:`save`.

        Parameters
        ----------
        data : bytes
            States of a layer of the same cell, sizes and dtype.

        Returns
        -------
        list of int
            Their numbers, in the order in which they were saved.
        """
        try:
            tensors = safetensors.torch.load(data)
        except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"These are not saved states ({error}). Give what save() returned.") from error
        expected = zeros(self.layer, 0)
        names = self.layer.cell.states
        fits = tensors.keys() == set(names) and all(
            tensors[n].dim() == 3 and tensors[n].shape[::2] == t.shape[::2] and tensors[n].dtype == t.dtype
            for n, t in zip(names, expected, strict=True)
        )
        if not fits or len({t.shape[1] for t in tensors.values()}) > 1:
            actual = {name: (tuple(t.shape), t.dtype) for name, t in tensors.items()}
            pool_states = {name: (tuple(t.shape), t.dtype) for name, t in zip(names, expected, strict=True)}
            raise ShapeError(
                f"The saved states are {actual}; this pool holds {pool_states} for 0 streams. Load them into a pool of the same layer."
            )
        ids = self.join(tensors[names[0]].shape[1])
        self._places.put(torch.tensor(ids, dtype=torch.int64, device="cpu"), [tensors[name] for name in names])
        return ids

    def _index(self, ids: Sequence[int] | Tensor) -> Tensor:
        try:
            index = torch.as_tensor(ids, dtype=torch.int64, device="cpu").reshape(-1).contiguous()
        except (TypeError, ValueError, RuntimeError, OverflowError) as error:
            raise DataError(f"ids must be numbers that join() gave; got {ids!r}.") from error
        wrong = self._first_wrong(index)
        if wrong < 0:
            return index
        number = int(index[wrong])
        if 0 <= number < len(self._active) and bool(self._active[number]):
            raise DataError(f"ids must name each stream at most once; {number} is named twice. Step it once after the other.")
        raise DataError(f"No stream has the number {number}: it never joined, or has left.")

    def _first_wrong(self, index: Tensor) -> int:
        """Return the position of the first number that cannot be, or -1; a thousandth of a step, hence compiled."""
        self._calls += 1
        if _native is not None:
            places = len(self._active)
            return _native.first_wrong(index.data_ptr(), len(index), self._active.data_ptr(), self._marks.data_ptr(), places, self._calls)
        seen: set[int] = set()
        for position, number in enumerate(ints(index)):
            if not 0 <= number < len(self._active) or not self._active[number] or number in seen:
                return position
            seen.add(number)
        return -1

    def _grow(self, more: int) -> None:
        """Add places, at least doubling, so that joining one by one stays cheap."""
        old = len(self._active)
        zeros(self.layer, more)  # raises where so many do not fit into memory
        self._places.resize(old + more)
        self._active = torch.cat([self._active, torch.zeros(more, dtype=torch.bool, device="cpu")])
        self._marks = torch.cat([self._marks, torch.zeros(more, dtype=torch.int64, device="cpu")])
        self._free.extend(range(old + more - 1, old - 1, -1))
