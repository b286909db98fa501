"""Plane stem: convolutions over time and features at once, as over a picture of the sequence (printed lines, spectra)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from elman.network.batch_invariant import Conv2d, Linear
from elman.nn.dropouts import Dropout
from elman.sequences import Ragged

_CHANNELS = (16, 32)


class PlaneStem(nn.Module):
    """Two 3×3 convolutions over steps and features, each halving the features and, as far as the stride asks, the steps.

    Parameters
    ----------
    d : int
        Features of a step: rows of a picture read by columns, bands of a spectrum.
    size : int
        Size of a vector.
    stride : {1, 2, 4}
        Steps per output step; a row of T steps keeps ceil(T / stride).
    dropout : float
        Dropout on the vectors.

    Notes
    -----
    As in readers of lines (Breuel 2017, "High performance text recognition using a hybrid convolutional-LSTM implementation") and
    of speech (Amodei 2016, "Deep Speech 2"), with few channels for a CPU. Values beyond a row are zero in every layer,
    whatever the batch.
    """

    def __init__(self, d: int, size: int, stride: int = 1, dropout: float = 0.0) -> None:
        super().__init__()
        self.stride = stride
        channels, left, blocks = 1, d, []
        self.pools: list[tuple[int, int]] = []
        for block, width in enumerate(_CHANNELS):
            blocks.append(Conv2d(channels, width, 3, padding=1))
            self.pools.append((2 if stride > 2**block else 1, 2 if left > 4 else 1))
            channels, left = width, -(-left // self.pools[-1][1])
        self.blocks = nn.ModuleList(blocks)
        self.linear = Linear(channels * left, size)
        self.dropout = Dropout(dropout)

    def forward(self, values: Ragged) -> Ragged:
        """Map (ΣT, d) to (ΣT', size)."""
        lengths = values.lengths
        if not len(values.batch_sizes):
            return values.with_data(self.linear.weight.new_zeros(0, self.linear.out_features))
        x, _ = values.with_data(values.data.to(self.linear.weight.dtype)).to_padded()
        x = x[:, None]
        for convolution, (steps, features) in zip(self.blocks, self.pools, strict=True):
            x = functional.relu(convolution(x))
            real = torch.arange(x.shape[2], device=x.device) < lengths.to(x.device)[:, None]
            x = x * real[:, None, :, None].to(x.dtype)  # zero is the least a relu gives: pooling does not see it
            x = functional.pad(x, (0, -x.shape[3] % features, 0, -x.shape[2] % steps))
            x = functional.max_pool2d(x, (steps, features))
            lengths = -(-lengths // steps)
        vectors = Ragged.from_padded(x.permute(0, 2, 1, 3).flatten(2), lengths)
        return vectors.with_data(self.dropout(functional.relu(self.linear(vectors.data))))
