"""Regularisation of a language model in training: dropouts and activation penalties.

Merity, Keskar and Socher 2018, "Regularizing and optimizing LSTM language models" (AWD-LSTM); weight dropout is the layers' own.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from elman.nn.dropouts import locked_dropout, word_dropout
from elman.sequences import Ragged


@dataclass(frozen=True, kw_only=True)
class Regularisation:
    """Dropouts around the recurrent layers, one mask for a whole sequence, and penalties on their output.

    Attributes
    ----------
    input_dropout : float
        On the vectors that are read.
    output_dropout : float
        On the features that the head sees.
    embedding_dropout : float
        Whole symbols dropped (section 4.3).
    activation : float
        AR: weight of the mean square of the features that the head sees (section 4.6).
    temporal_activation : float
        TAR: weight of the mean square of the difference between the layers' outputs at two steps in a row (section 4.6).
    """

    input_dropout: float = 0.0
    output_dropout: float = 0.0
    embedding_dropout: float = 0.0
    activation: float = 0.0
    temporal_activation: float = 0.0

    def read(self, vectors: Ragged, symbols: Tensor, count: int) -> Ragged:
        """Drop whole symbols, of ``count`` there are, and then features of the vectors (ΣT, E)."""
        data = word_dropout(vectors.data, symbols, count, self.embedding_dropout)
        return vectors.with_data(locked_dropout(data, vectors.batch_sizes, _rows(vectors), self.input_dropout))

    def write(self, output: Tensor, steps: Ragged) -> Tensor:
        """Drop features of the layers' output (ΣT, H), whose geometry is that of ``steps``."""
        return locked_dropout(output, steps.batch_sizes, _rows(steps), self.output_dropout)

    def penalty(self, output: Tensor, dropped: Tensor, steps: Ragged) -> Tensor | None:
        """Return the penalty summed over steps, (), or None where nothing costs anything.

        Parameters
        ----------
        output : Tensor
            (ΣT, H) of the layers.
        dropped : Tensor
            (ΣT, H) after :meth:`write`.
        steps : Ragged
            The geometry.

        Returns
        -------
        Tensor or None
            In the same unit as a loss summed over steps.
        """
        total = self.activation * dropped.square().mean(1).sum() if self.activation else None
        sizes = steps.batch_sizes
        if self.temporal_activation and len(sizes) > 1:
            later = output[int(sizes[0]) :]
            before = output.index_select(0, _row_before(sizes).to(output.device))
            slow = self.temporal_activation * (later - before).square().mean(1).sum()
            total = slow if total is None else total + slow
        return total


def _rows(steps: Ragged) -> int:
    """Sequences that have any step."""
    return int(steps.batch_sizes[0]) if len(steps.batch_sizes) else 0


def _row_before(sizes: Tensor) -> Tensor:
    """For every packed row after the first step, the row of the same sequence one step earlier."""
    later = sizes[1:]
    return torch.arange(int(sizes[0]), int(sizes.sum()), device="cpu") - sizes[:-1].repeat_interleave(later)
