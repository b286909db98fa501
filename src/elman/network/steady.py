"""Torch's layers with one promise more: at inference on the CPU a row has the same bits alone and in any batch.

Parameters, their names and what is trained are torch's; the arithmetic is that of :mod:`elman.kernels.dense`.
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
        height, width = ((s + 2 * p - k) // t + 1 for s, k, p, t in zip(input.shape[2:], kernel, padding, stride, strict=True))
        pieces = []
        for piece in input.split(max(1, _PIECE // (self.weight[0].numel() * height * width))):
            patches = functional.unfold(piece, kernel, padding=padding, stride=stride).transpose(1, 2)
            rows = dense.linear(patches, self.weight.flatten(1), self.bias)
            pieces.append(rows.transpose(1, 2).reshape(len(piece), -1, height, width))
        return torch.cat(pieces)


class Conv1d(nn.Conv1d):
    """``torch.nn.Conv1d`` with zero padding given in numbers, without groups and dilation; steady."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  # torch's word
        """Map (N, C, T) to (N, O, T')."""
        if not dense.runs(input, self.weight, self.bias) or input.dim() != 3 or not len(input):
            return super().forward(input)
        (size,), (padding,), (stride,) = self.kernel_size, self.padding, self.stride
        padded = functional.pad(input, (int(padding), int(padding)))
        patches = padded.unfold(2, size, stride).permute(0, 2, 1, 3)  # (N, T', C, k): a view
        steps = patches.shape[1]
        rows = max(1, _PIECE // (self.weight[0].numel() * max(steps, 1)))
        found = [dense.linear(piece.flatten(2), self.weight.flatten(1), self.bias) for piece in patches.split(rows)]
        return torch.cat(found).transpose(1, 2)


def _pair(value: object) -> tuple[int, int]:
    return (int(value[0]), int(value[1])) if isinstance(value, tuple) else (int(value), int(value))  # type: ignore[call-overload]
