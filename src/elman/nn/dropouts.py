"""Dropouts of sequences: one mask for all steps, one decision for a whole word."""

from __future__ import annotations

from torch import Tensor, nn

from elman.kernels import masks
from elman.sequences.geometry import steps_and_places


class Dropout(nn.Dropout):
    """``torch.nn.Dropout`` whose masks, within a training run, depend on seed, step and element alone."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002  # torch's name
        """Drop elements in training."""
        return masks.dropout(input, self.p) if self.training else input


def locked_dropout(x: Tensor, batch_sizes: Tensor, sequences: int, p: float) -> Tensor:
    """Drop the same features at every step of a sequence, others in the next sequence (Gal and Ghahramani 2016).

    Parameters
    ----------
    x : Tensor
        (ΣT, F) packed.
    batch_sizes : Tensor
        (T,) int64 on the CPU.
    sequences : int
        N.
    p : float
        Chance of a feature to be dropped; those kept are scaled by ``1 / (1 - p)``.

    Returns
    -------
    Tensor
        (ΣT, F).

    Examples
    --------
    >>> import torch
    >>> x = locked_dropout(torch.ones(6, 100), torch.tensor([2, 2, 2]), 2, 0.5)
    >>> bool((x[0] == x[2]).all() and (x[0] == x[4]).all()), bool((x[0] == x[1]).all())
    (True, False)
    """
    if not p or not len(x):
        return x
    mask = masks.keep_mask(x, (sequences, x.shape[1]), p)
    equal = len(batch_sizes) and int(batch_sizes[-1]) == sequences
    if equal:  # no sequence is shorter: the mask is broadcast over the steps, and nothing is copied
        return (x.view(len(batch_sizes), sequences, x.shape[1]) * mask).flatten(0, 1)
    return x * mask.index_select(0, steps_and_places(batch_sizes)[1].to(x.device))


def word_dropout(vectors: Tensor, symbols: Tensor, count: int, p: float) -> Tensor:
    """Drop whole symbols: every vector of a symbol in the batch, or none (Gal and Ghahramani 2016; Merity et al. 2018, section 4.3).

    Parameters
    ----------
    vectors : Tensor
        (M, E).
    symbols : Tensor
        (M,) int64: whose vectors they are.
    count : int
        Symbols there are.
    p : float
        Chance of a symbol to be dropped; the others are scaled by ``1 / (1 - p)``.

    Returns
    -------
    Tensor
        (M, E).
    """
    if not p:
        return vectors
    keep = masks.keep_mask(vectors, (count, 1), p)
    return vectors * keep.index_select(0, symbols)
