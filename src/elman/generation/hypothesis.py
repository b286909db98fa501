"""One finished answer of a search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, kw_only=True, eq=False)
class Hypothesis:
    """One answer with its score.

    Attributes
    ----------
    symbols : np.ndarray
        (T,) int64, without the end.
    log_prob : float
        Sum of log-probabilities in nats, the end included when there is one.
    score : float
        Score for ranking: log_prob, normalised for length.
    ended : bool
        The model ended it; False when the limit did.
    attention : np.ndarray or None
        (T, S) weights of the source for each symbol, where the model attends.
    spans : Spans or None
        Where each symbol is in the source, where the model writes in frames.
    """

    symbols: np.ndarray
    log_prob: float
    score: float
    ended: bool
    attention: np.ndarray | None = None
    spans: Spans | None = None


def length_norm(length: int, alpha: float) -> float:
    """Return GNMT's length penalty ((5 + T) / 6)^alpha (Wu 2016, eq. 14); 1 for alpha 0.

    Parameters
    ----------
    length : int
        Symbols, the end included.
    alpha : float
        Strength.

    Returns
    -------
    float
        Divisor of a log-probability.

    Examples
    --------
    >>> length_norm(7, 1.0), length_norm(7, 0.0)
    (2.0, 1.0)
    """
    return float(((5 + length) / 6) ** alpha)


@dataclass(frozen=True, kw_only=True, eq=False)
class Spans:
    """Places of the symbols of an answer.

    Attributes
    ----------
    begin, end : ndarray
        (L,) int64: the first frame of each symbol, and the one after its last, on the likeliest path.
    confidence : ndarray
        (L,) probability of the symbol in the surest of its frames.
    """

    begin: np.ndarray
    end: np.ndarray
    confidence: np.ndarray
