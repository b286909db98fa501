"""Torch's layers with one promise more: at inference on the CPU a row has the same bits alone and in any batch.

Parameters and their names are torch's; the arithmetic is that of :mod:`elman.kernels.dense`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from elman.kernels import dense

_PIECE = 1 << 22  # unfolded numbers held at once


class Linear(nn.Linear):
    """``torch.nn.Linear``, steady.

    Examples
    --------
    >>> layer, x = Linear(5, 3).eval(), torch.randn(40, 5)
    >>> with torch.inference_mode():
    ...     torch.equal(layer(x)[7:8], layer(x[7:8]))
    True
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  # torch's word
        """Map (*, I) to (*, O)."""
        return dense.linear(input, self.weight, self.bias)


class Tanh(nn.Tanh):
    """``torch.nn.Tanh``, steady."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  # torch's word
        """Return tanh of each element."""
        return dense.tanh(input)


class Conv2d(nn.Conv2d):
    """``torch.nn.Conv2d`` with zero padding given in numbers, without groups and dilation; steady."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  # torch's word
        """Map (N, C, h, w) to (N, O, h', w')."""
        if not dense.runs(input, self.weight, self.bias) or input.dim() != 4 or not len(input):
            return super().forward(input)
        kernel, padding, stride = _pair(self.kernel_size), _pair(self.padding), _pair(self.stride)
        weight = self.weight.permute(0, 2, 3, 1).flatten(1)  # channels last: a window's row is then one piece of memory
        padded = functional.pad(input.permute(0, 2, 3, 1), (0, 0, padding[1], padding[1], padding[0], padding[0]))
        windows = padded.unfold(1, kernel[0], stride[0]).unfold(2, kernel[1], stride[1]).permute(0, 1, 2, 4, 5, 3)
        return _convolved(windows, 3, weight, self.bias).permute(0, 3, 1, 2)


class Conv1d(nn.Conv1d):
    """``torch.nn.Conv1d`` with zero padding given in numbers, without groups and dilation; steady."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  # torch's word
        """Map (N, C, T) to (N, O, T')."""
        if not dense.runs(input, self.weight, self.bias) or input.dim() != 3 or not len(input):
            return super().forward(input)
        (size,), (padding,), (stride,) = self.kernel_size, self.padding, self.stride
        padded = functional.pad(input.transpose(1, 2), (0, 0, int(padding), int(padding)))
        windows = padded.unfold(1, size, stride).permute(0, 1, 3, 2)
        return _convolved(windows, 2, self.weight.transpose(1, 2).flatten(1), self.bias).transpose(1, 2)


def _convolved(windows: Tensor, axes: int, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Multiply windows (N, *places, *sizes), a view, with weights (O, sizes); some rows at once, so that their copy stays small."""
    per_row = max(1, windows[0].numel())
    pieces = windows.split(max(1, _PIECE // per_row))
    return torch.cat([dense.linear(piece.flatten(axes), weight, bias) for piece in pieces])


def _pair(value: object) -> tuple[int, int]:
    return (int(value[0]), int(value[1])) if isinstance(value, tuple) else (int(value), int(value))  # type: ignore[call-overload]
