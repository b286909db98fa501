"""Pieces: long documents cut so that many can be read side by side, and short reaches of gradient within them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone

from elman.training.settings import Training

_SIDE_BY_SIDE = 64
"""Pieces of a long text read at the same time."""
_SHORTEST = 512
"""Symbols of a piece at least: each begins with an empty memory."""
_REACH = 128
"""Steps that the gradient goes back when pieces are long."""


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """Rows of symbols, and whether some are so long that the gradient has to be cut."""

    rows: list[np.ndarray]
    long: bool

    def settings(self, training: Training) -> Training:
        """Return the settings with truncated backpropagation where pieces are long and the user did not choose."""
        if not self.long or training.tbptt_length is not None:
            return training
        size = 32 if training.batch_size == "auto" else training.batch_size
        tokens = size * max(len(row) for row in self.rows) if training.batch_tokens == "auto" else training.batch_tokens
        fresh: Any = clone(training)
        return fresh.set_params(tbptt_length=_REACH, batch_size=size, batch_tokens=tokens)


def pieces_of(documents: Sequence[np.ndarray]) -> Pieces:
    """Cut documents that are much longer than a 64th of the whole into equal pieces.

    Parameters
    ----------
    documents : sequence of int arrays
        Encoded documents.

    Returns
    -------
    Pieces
        Rows in the order of the text.
    """
    total = sum(len(document) for document in documents)
    longest = max(_SHORTEST, -(-total // _SIDE_BY_SIDE))
    rows = [piece for document in documents for piece in np.array_split(document, max(1, -(-len(document) // longest)))]
    return Pieces(rows=rows, long=max(len(row) for row in rows) > 2 * _REACH)
