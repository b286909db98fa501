"""nn.RNNCell, GRUCell, LSTMCell: torch's single steps behind a border that lets no wrong shape reach native code.

Torch 2.13 reads out of bounds on some wrong shapes of ``LSTMCell``; here every shape, dtype and device is checked first.
"""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import Tensor, nn
from torch.fx import Proxy

from elman.errors import SettingError, ShapeError
from elman.nn import _border, _symbolic


class _CellBorder(nn.RNNCellBase):
    """Base of the three: checks, then torch's own step."""

    _gates: int
    _states: tuple[str, ...]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        try:
            super().__init__(*args, **kwargs)  # pyright: ignore[reportUnknownMemberType]  # torch's own signature is open
        except (TypeError, ValueError, RuntimeError, OverflowError) as error:
            raise SettingError(f"The cell cannot be built from {args} {kwargs}: {error}") from error
        if self.input_size < 1 or self.hidden_size < 1:
            raise SettingError(f"input_size and hidden_size must be at least 1; got {self.input_size} and {self.hidden_size}.")

    def forward(self, input: Tensor, hx: Any = None) -> Any:  # noqa: A002  # torch's word
        """Run one step.

        Parameters
        ----------
        input : Tensor
            (N, I) or (I,).
        hx : Tensor or tuple of Tensor, optional
            (N, H) or (H,); for an LSTM ``(h, c)``. Zeros if left out.

        Returns
        -------
        Tensor or tuple of Tensor
            The next state.
        """
        if isinstance(input, Proxy):
            return _symbolic.record(self, input, hx)
        self._check_weights()
        _border.dense("input", input, like=self.weight_ih)
        if input.dim() not in (1, 2) or input.shape[-1] != self.input_size:
            raise ShapeError(f"input must be (I,) or (N, I) with I={self.input_size}; got {tuple(input.shape)}.")
        single = input.dim() == 1
        shapes = [(1, 1 if single else len(input), self.hidden_size)] * len(self._states)
        if hx is not None:
            hx = self._read(hx, shapes, single)
        if not single and len(input) == 0:
            empty = input.new_zeros(0, self.hidden_size)
            return (empty, empty.clone()) if len(self._states) > 1 else empty
        return super().forward(input, hx)  # type: ignore[misc]  # torch.nn.LSTMCell is next in the order of bases

    def _read(self, hx: Any, shapes: list[tuple[int, ...]], single: bool) -> Any:
        expected = [(shape[2],) if single else shape[1:] for shape in shapes]
        result = _border.states_of(hx, self._states)
        for name, state, shape in zip(self._states, result, expected, strict=True):
            _border.dense(name, state, like=self.weight_ih)
            if tuple(state.shape) != shape:
                raise ShapeError(f"{name} must have shape {shape}; got {tuple(state.shape)}.")
        return result if len(result) > 1 else next(iter(result))

    def _check_weights(self) -> None:
        gates = self._gates * self.hidden_size
        expected = {"weight_ih": (gates, self.input_size), "weight_hh": (gates, self.hidden_size), "bias_ih": (gates,), "bias_hh": (gates,)}
        for name, shape in expected.items():
            weight = getattr(self, name)
            if weight is None:
                continue
            if tuple(weight.shape) != shape or weight.dtype != self.weight_ih.dtype or weight.device != self.weight_ih.device:
                actual = f"{tuple(weight.shape)} {weight.dtype} on {weight.device}"
                raise ShapeError(f"{name} must have shape {shape} and weight_ih's dtype and device; got {actual}. Set it back.")


class RNNCell(_CellBorder, torch.nn.RNNCell):
    """One step of the Elman cell, as ``torch.nn.RNNCell``.

    Examples
    --------
    >>> tuple(RNNCell(3, 4)(torch.zeros(2, 3)).shape)
    (2, 4)
    """

    _gates, _states = 1, ("h",)
    __signature__ = inspect.signature(torch.nn.RNNCell)


class GRUCell(_CellBorder, torch.nn.GRUCell):
    """One step of a gated recurrent unit, as ``torch.nn.GRUCell``.

    Examples
    --------
    >>> tuple(GRUCell(3, 4)(torch.zeros(2, 3)).shape)
    (2, 4)
    """

    _gates, _states = 3, ("h",)
    __signature__ = inspect.signature(torch.nn.GRUCell)


class LSTMCell(_CellBorder, torch.nn.LSTMCell):
    """One step of long short-term memory, as ``torch.nn.LSTMCell``.

    Examples
    --------
    >>> h, c = LSTMCell(3, 4)(torch.zeros(2, 3))
    >>> tuple(c.shape)
    (2, 4)
    """

    _gates, _states = 4, ("h", "c")
    __signature__ = inspect.signature(torch.nn.LSTMCell)
