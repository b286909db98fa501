"""StreamPool: thousands of independent streams of one layer, stepped together; they join and leave at any time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from elman.errors import DataError, SettingError
from elman.nn._stepper import stepper, zeros
from elman.nn.stream import StreamState, Value, as_rows, like

if TYPE_CHECKING:
    from elman.nn._recurrent import Recurrent


class StreamPool:
    """Independent streams of one layer in one block of memory, so that any of them can be stepped in one call.

    Parameters
    ----------
    layer : Recurrent
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

    def __init__(self, layer: Recurrent) -> None:
        self.layer = layer
        self._run = stepper(layer)
        self._states = zeros(layer, 0)
        self._active = torch.zeros(0, dtype=torch.bool)
        self._free: list[int] = []

    def __len__(self) -> int:
        """Number of streams that are in."""
        return len(self._active) - len(self._free)

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
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise SettingError(f"count must be a whole number of at least 0; got {count!r}.")
        if count > len(self._free):
            self._grow(max(count - len(self._free), len(self._active)))
        found = [self._free.pop() for _ in range(count)]
        index = torch.tensor(found, dtype=torch.int64)
        self._active[index] = True
        self._put(index, zeros(self.layer, count))
        return found

    def leave(self, ids: Sequence[int]) -> None:
        """Let streams go and forget their states.

        Parameters
        ----------
        ids : sequence of int
            Numbers that ``join`` gave.
        """
        index = self._index(ids)
        self._active[index] = False
        self._free.extend(index.tolist())

    def step(self, ids: Sequence[int], x: Value) -> Value:
        """Read one step of some streams, each from its own state.

        Parameters
        ----------
        ids : sequence of int
            Which streams, each at most once.
        x : Tensor or ndarray
            (len(ids), I), a row per stream.

        Returns
        -------
        Tensor or ndarray
            (len(ids), H), of the kind that came in.
        """
        index = self._index(ids)
        rows = as_rows(x, self.layer, (len(index),))
        with torch.inference_mode():
            output, states = self._run(rows, 1, tuple(s[:, index.to(s.device)] for s in self._states))
            self._put(index, states)
        return like(x, output)

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
        index = self._index([id])
        return StreamState(self.layer.cell.states, tuple(s[:, index.to(s.device)].clone() for s in self._states))

    def _index(self, ids: Sequence[int]) -> Tensor:
        try:
            index = torch.as_tensor(ids, dtype=torch.int64, device="cpu").reshape(-1)
        except (TypeError, ValueError, RuntimeError, OverflowError) as error:
            raise DataError(f"ids must be numbers that join() gave; got {ids!r}.") from error
        inside = (index >= 0) & (index < len(self._active))
        unknown = index[~inside].tolist() or index[~self._active[index.where(inside, 0)]].tolist() if len(index) else []
        if unknown:
            raise DataError(f"No stream has the number {unknown[0]}: it never joined, or has left.")
        if len(torch.unique(index)) != len(index):
            raise DataError("ids must name each stream at most once; some are named twice. Step them one after the other.")
        return index

    def _grow(self, more: int) -> None:
        """Add places, at least doubling, so that joining one by one stays cheap."""
        old = len(self._active)
        self._states = tuple(torch.cat([s, new], 1) for s, new in zip(self._states, zeros(self.layer, more), strict=True))
        self._active = torch.cat([self._active, torch.zeros(more, dtype=torch.bool)])
        self._free.extend(range(old + more - 1, old - 1, -1))

    def _put(self, index: Tensor, states: tuple[Tensor, ...]) -> None:
        with torch.inference_mode():
            for place, new in zip(self._states, states, strict=True):
                place[:, index.to(place.device)] = new.to(place.dtype)
