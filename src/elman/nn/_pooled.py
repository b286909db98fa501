"""Where the states of a stream pool live and how they are stepped: natively, or as tensors where the compiled steps cannot run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from elman.errors import BackendError
from elman.kernels.dispatch import wanted
from elman.nn import stack
from elman.nn._layer import RecurrentLayer
from elman.nn._stepper import stepper, zeros

if TYPE_CHECKING:
    from elman.kernels.stream_pool import Pool as NativePool


class Places(Protocol):
    """States by place; places are int64 tensors on the CPU, checked by the caller."""

    def resize(self, places: int) -> None:
        """Make room; states stay."""
        ...

    def step(self, places: Tensor, x: Tensor) -> Tensor:
        """Read (M, I) and return (M, H)."""
        ...

    def get(self, places: Tensor) -> tuple[Tensor, ...]:
        """Return a copy of states, each (L, M, H)."""
        ...

    def put(self, places: Tensor, states: Sequence[Tensor] | None) -> None:
        """Write states; None: zeros."""
        ...


class TensorPlaces:
    """States in plain tensors, stepped by the layer itself.

    Parameters
    ----------
    layer : RecurrentLayer
        A layer in one direction.
    """

    def __init__(self, layer: RecurrentLayer) -> None:
        self.layer = layer
        self._run = stepper(layer)
        self._states = zeros(layer, 0)

    def resize(self, places: int) -> None:
        """Make room; states stay."""
        more = zeros(self.layer, places - self._states[0].shape[1])
        self._states = tuple(torch.cat([s, new], 1) for s, new in zip(self._states, more, strict=True))

    def step(self, places: Tensor, x: Tensor) -> Tensor:
        """Read (M, I) and return (M, H)."""
        with torch.inference_mode():
            output, states = self._run(x, 1, self.get(places))
            self.put(places, states)
        return output

    def get(self, places: Tensor) -> tuple[Tensor, ...]:
        """Return a copy of states, each (L, M, H)."""
        return tuple(s[:, places.to(s.device)] for s in self._states)

    def put(self, places: Tensor, states: Sequence[Tensor] | None) -> None:
        """Write states; None: zeros."""
        with torch.inference_mode():
            for place, new in zip(self._states, states or zeros(self.layer, len(places)), strict=True):
                place[:, places.to(place.device)] = new.to(place.device, place.dtype)


def native_places(layer: RecurrentLayer) -> NativePool | None:
    """Return compiled places over weights packed now, or None where they cannot run this layer.

    Parameters
    ----------
    layer : RecurrentLayer
        A layer in one direction.

    Returns
    -------
    Pool or None
        None also when another backend is asked for by name.
    """
    try:
        from elman.kernels.stream_pool import Pool as NativePool
    except ImportError:  # the compiled module was not built
        return None
    if wanted() not in (None, "native") or layer.proj_size:
        return None
    try:
        return NativePool(stack.step_calls(layer, zeros(layer, 1)))
    except BackendError:
        return None
