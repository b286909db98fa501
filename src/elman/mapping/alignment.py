"""Alignment: begin, end and confidence of each symbol of an answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)
class Alignment:
    """Times of the symbols of one answer in its source, as ``predict(…, return_alignment=True)`` gives it.

    Attributes
    ----------
    symbols : tuple of str
        L names of the symbols of the answer.
    begin, end : ndarray
        (L,) where each begins and ends: seconds of sound, otherwise steps of the source (points of a pen, columns of a picture).
    confidence : ndarray
        (L,) largest probability of each symbol, 0 to 1.
    score : float
        Log-probability of the answer over all paths that write it.

    Examples
    --------
    >>> begin, end, confidence = np.array([[0.1, 0.6], [0.3, 0.8], [0.9, 0.8]])
    >>> print(Alignment(symbols=("4", "2"), begin=begin, end=end, confidence=confidence, score=-0.4))
    4   0.10 -   0.30   90 %
    2   0.60 -   0.80   80 %
    """

    symbols: tuple[str, ...]
    begin: np.ndarray
    end: np.ndarray
    confidence: np.ndarray
    score: float

    def __str__(self) -> str:
        """Show one line a symbol."""
        rows = zip(self.symbols, self.begin, self.end, self.confidence, strict=True)
        return "\n".join(f"{name} {begin:6.2f} - {end:6.2f} {sure:5.0%}".replace("%", " %") for name, begin, end, sure in rows)
