"""Stepper: layers stepped one element at a time by the compiled kernels; weights are packed once, bits equal a whole sequence's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np
import torch
from torch import Tensor

from elman.errors import BackendError, ShapeError
from elman.kernels import _passes
from elman.kernels.call import Call
from elman.kernels.stack import Spec


class Stepper:
    """Step a stack of layers natively; it keeps the state and its own copy of the weights.

    Parameters
    ----------
    calls : sequence of Call
        One per layer, bottom first, as ``kernels.run`` would take them for one step; ``x`` and ``batch_sizes`` are not looked at, ``state``
        is where each layer starts. No recurrent mask, zoneout as one number, forward direction.

    Attributes
    ----------
    quick_step : callable
        :meth:`step` without ``out`` and without explanations, for steps of a microsecond: ``NotImplemented`` for an input that is not
        just as wanted.

    Examples
    --------
    >>> from elman import cells
    >>> call = Call(cell=cells.get("gru"), x=torch.zeros(1, 3), batch_sizes=torch.tensor([1]), state=(torch.zeros(1, 4),),
    ...             weight_ih=torch.ones(12, 3), weight_hh=torch.ones(12, 4))
    >>> stepper = Stepper([call])
    >>> stepper.step(np.ones((1, 3), np.float32)).shape
    (1, 4)
    """

    def __init__(self, calls: Sequence[Call]) -> None:
        from elman.kernels import native

        for call in calls:
            call.check()
            reason = native.unsupported_reason(call) or _reason_against(call)
            if reason is not None:
                raise BackendError(f"The native backend cannot step this layer: {reason}. Run the layer step by step instead.")
        first = calls[0]
        self.dtype = first.x.dtype
        self.inputs, self.hidden, self.count = first.weight_ih.shape[1], calls[-1].hidden_size, len(first.state[0])
        self._calls = tuple(calls)
        self._native = _passes.new_stream(self.dtype == torch.float64, self.count, [_layer(call) for call in calls])
        self._input_shape, self._shape = (self.count, self.inputs), (self.count, self.hidden)
        self._numpy_dtype = np.dtype("float64" if self.dtype == torch.float64 else "float32")
        prototype = torch.empty(self._shape, dtype=self.dtype, device="cpu")
        self._native.outputs(np.empty, self._shape, self._numpy_dtype, torch.empty_like, prototype)
        self.quick_step: Callable[[Any], Any] = self._native.quick_step()

    @overload
    def step(self, x: Tensor, out: Tensor | None = None) -> Tensor: ...
    @overload
    def step(self, x: np.ndarray, out: np.ndarray | None = None) -> np.ndarray: ...
    def step(self, x: Any, out: Any = None) -> Any:
        """Read one element of every sequence and return the top layer's output.

        Parameters
        ----------
        x : ndarray or Tensor
            (N, I), contiguous, of the weights' dtype.
        out : ndarray or Tensor, optional
            (N, H), written and returned; without it a new one.

        Returns
        -------
        ndarray or Tensor
            (N, H), of the kind that came in.
        """
        if isinstance(x, Tensor):
            if out is None:
                out = torch.empty(self._shape, dtype=self.dtype, device="cpu")
            else:
                self._check(out, "out", self._shape)
            self._check(x, "x", self._input_shape)
            rows, target = _passes.dense(x), _passes.dense(out)
            self._native.step_at(rows.data_ptr(), target.data_ptr())
            return out if target is out else out.copy_(target)
        return self._native.step(x, np.empty(self._shape, self._numpy_dtype) if out is None else out)

    def _check(self, tensor: Any, name: str, shape: tuple[int, int]) -> None:
        good = isinstance(tensor, Tensor) and tensor.is_cpu and tensor.dtype is self.dtype and tensor.shape == shape
        if good and tensor.is_contiguous():
            return
        actual = f"{tuple(tensor.shape)} {tensor.dtype} on {tensor.device}" if isinstance(tensor, Tensor) else type(tensor).__name__
        raise ShapeError(f"{name} must be a contiguous CPU tensor of shape {shape} and {self.dtype}; got {actual}. Convert it first.")

    def state(self) -> tuple[tuple[Tensor, ...], ...]:
        """Return a copy of every layer's state, bottom first, each (N, H)."""
        results: list[tuple[Tensor, ...]] = []
        for layer, call in enumerate(self._calls):
            copies = tuple(torch.empty_like(s, memory_format=torch.contiguous_format) for s in call.state)
            self._native.get_state(layer, *_two(copies))
            results.append(copies)
        return tuple(results)

    def set_state(self, states: Sequence[tuple[Tensor, ...]]) -> None:
        """Go on from other states.

        Parameters
        ----------
        states : sequence of tuple of Tensor
            As :meth:`state` gave them.
        """
        actual = [[(tuple(s.shape), s.dtype, s.device.type) for s in layer] for layer in states]
        expected = [[(tuple(s.shape), s.dtype, s.device.type) for s in call.state] for call in self._calls]
        if actual != expected:
            raise ShapeError(f"states must be {expected}, as state() gives them; got {actual}.")
        for layer, tensors in enumerate(states):
            dense = tuple(_passes.dense(tensor.detach()) for tensor in tensors)
            self._native.set_state(layer, *_two(dense))


def _layer(call: Call) -> tuple[Spec, tuple[Tensor, ...], dict[str, Tensor]]:
    from elman.kernels import native

    spec, tensors = native.split(call)
    return spec, call.state, tensors


def _two(tensors: tuple[Tensor, ...]) -> tuple[int, int]:
    return tensors[0].data_ptr(), tensors[1].data_ptr() if len(tensors) > 1 else 0


def _reason_against(call: Call) -> str | None:
    if call.recurrent_mask is not None or isinstance(call.zoneout, tuple):
        return "it has the masks of training"
    return "it reads backwards" if call.reverse else None
