"""Interfaces between the parts of a network: a loss, a carried state, an encoded batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from elman.sequences import Ragged

Recurrent = Tensor | tuple[Tensor, ...]
"""State of a recurrent stack as torch shapes it: h, or (h, c), each (L·D, N, H)."""

Values = Tensor | Ragged | dict[str, Any]
"""A collated batch: Tensor for rank "one", Ragged for rank "many", a dict of them for a Product."""


def map_tensors(function: Callable[[Tensor], Tensor], value: Any) -> Any:
    """Apply a function to every tensor of a nested state (tensors, tuples, dicts, None)."""
    if isinstance(value, Tensor):
        return function(value)
    if isinstance(value, tuple | list):
        return tuple(map_tensors(function, part) for part in value)
    if isinstance(value, dict):
        return {name: map_tensors(function, part) for name, part in value.items()}
    return value


@dataclass(frozen=True, kw_only=True)
class State:
    """State of a network between two pieces of the same sequences.

    Notes
    -----
    Shapes:

        recurrent   h or (h, c), each (L·D, N, H), rows in the caller's order
        last        last symbol of each row, (N,) or (N, d) or a dict; None before the first step and for step decoders
    """

    recurrent: Recurrent | None
    last: Any = None

    def detach(self) -> State:
        """Cut the gradient: truncated backpropagation through time."""
        return State(recurrent=map_tensors(torch.Tensor.detach, self.recurrent), last=map_tensors(torch.Tensor.detach, self.last))

    def select(self, rows: Tensor) -> State:
        """Keep these rows, in this order (rows may repeat)."""
        return State(
            recurrent=map_tensors(lambda t: t.index_select(1, rows.to(t.device)), self.recurrent),
            last=map_tensors(lambda t: t.index_select(0, rows.to(t.device)), self.last),
        )


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A loss summed over its units, so that batches of any size can be added and divided once.

    Attributes
    ----------
    total : Tensor
        () sum over units, with gradient.
    units : int
        Tokens, steps or rows, as the decoder counts them.
    state : State | None
        To be carried into the next piece of the same sequences; None where nothing is carried.
    penalty : Tensor | None
        () penalty that regularisation adds to the sum in training; never part of a reported loss.
    """

    total: Tensor
    units: int
    state: State | None = None
    penalty: Tensor | None = None

    @property
    def mean(self) -> Tensor:
        """Loss per unit (0 units: the total, which is then 0)."""
        return self.total / max(self.units, 1)


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """A source after stem and encoder.

    Notes
    -----
    Shapes:

        sequence   Ragged (ΣS, D·H), or None for a source of rank "one" or no source
        vector     (N, E) a source of rank "one"; (N, D·H) last states of the top layer otherwise; None without a source
        state      the encoder's state after each row's own last step
    """

    size: int
    sequence: Ragged | None = None
    vector: Tensor | None = None
    state: Recurrent | None = None
    source: Any = None


def batch_size(values: Values) -> int:
    """Count the rows of a collated batch."""
    return batch_size(next(iter(values.values()))) if isinstance(values, dict) else len(values)


def batch_device(values: Values) -> torch.device:
    """Return the device a collated batch is on."""
    if isinstance(values, dict):
        return batch_device(next(iter(values.values())))
    return values.data.device if isinstance(values, Ragged) else values.device


def move(values: Any, device: torch.device | str) -> Any:
    """Move a collated batch to a device; geometry stays on the CPU."""
    if isinstance(values, dict):
        return {name: move(part, device) for name, part in values.items()}
    return values if values is None else values.to(device)
