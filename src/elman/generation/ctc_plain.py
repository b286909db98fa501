"""Prefix beam search over CTC frames in plain Python: the twin of the compiled one, and the way for any prior."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from elman.kernels.ctc import checked

_NEVER = -math.inf

Prior = Callable[[tuple[int, ...], int], float]
"""Log-probability of the next symbol after a prefix, as an n-gram model gives it."""


class PlainBeam:
    """Keep the ``size`` likeliest prefixes; each carries the chance of ending in a blank and in its last symbol.

    Parameters
    ----------
    size : int
        Prefixes kept.
    classes : int
        Columns of a frame, the blank included.
    blank : int
        Index of the blank.
    threshold : float
        Symbols less likely than this in a frame are not tried (natural logarithm).
    symbol_bonus : float
        Added for every symbol.
    prior : callable, optional
        ``prior(prefix, symbol)`` gives a log-probability.
    prior_weight : float
        Weight of the prior.
    """

    def __init__(
        self,
        *,
        size: int,
        classes: int,
        blank: int,
        threshold: float = _NEVER,
        symbol_bonus: float = 0.0,
        prior: Prior | None = None,
        prior_weight: float = 1.0,
    ) -> None:
        self.size, self.classes, self.blank, self.threshold = size, classes, blank, threshold
        self.symbol_bonus, self.prior, self.prior_weight = symbol_bonus, prior, prior_weight
        self._beams: dict[tuple[int, ...], tuple[float, float]] = {(): (0.0, _NEVER)}
        self._bonus: dict[tuple[int, ...], float] = {(): 0.0}

    def feed(self, frames: np.ndarray) -> None:
        """Read more frames (T, classes)."""
        for frame in checked(frames, self.classes).astype(np.float64).tolist():
            grown = self._grow(frame)
            ranked = sorted((-(_add(*ends) + self._bonus[prefix]), prefix) for prefix, ends in grown.items())
            alive = [prefix for score, prefix in ranked if score < -_NEVER][: self.size]
            if not alive:
                continue  # no path at all goes on: the symbols so far stay
            self._beams = {prefix: grown[prefix] for prefix in alive}
            self._bonus = {prefix: self._bonus[prefix] for prefix in alive}

    def best(self, count: int = 1) -> list[tuple[tuple[int, ...], float]]:
        """Return up to ``count`` answers with their scores, best first."""
        return [(prefix, _add(*ends) + self._bonus[prefix]) for prefix, ends in list(self._beams.items())[:count]]

    def settle(self) -> list[int]:
        """Return nothing: here all symbols are kept."""
        return []

    def _grow(self, frame: list[float]) -> dict[tuple[int, ...], tuple[float, float]]:
        grown: dict[tuple[int, ...], tuple[float, float]] = {}
        tried = [symbol for symbol, chance in enumerate(frame) if chance > self.threshold and symbol != self.blank]

        def add(prefix: tuple[int, ...], in_blank: float, in_symbol: float) -> None:
            old = grown.get(prefix, (_NEVER, _NEVER))
            grown[prefix] = (_add(old[0], in_blank), _add(old[1], in_symbol))

        for prefix, (in_blank, in_symbol) in self._beams.items():
            total = _add(in_blank, in_symbol)
            add(prefix, total + frame[self.blank], in_symbol + frame[prefix[-1]] if prefix else _NEVER)
            for symbol in tried:
                longer = (*prefix, symbol)
                if longer not in self._bonus:
                    self._bonus[longer] = self._bonus[prefix] + self._worth(prefix, symbol)
                # A repeated symbol is a new one only after a blank.
                add(longer, _NEVER, (in_blank if prefix and prefix[-1] == symbol else total) + frame[symbol])
        return grown

    def _worth(self, prefix: tuple[int, ...], symbol: int) -> float:
        return self.symbol_bonus + (self.prior_weight * self.prior(prefix, symbol) if self.prior is not None and self.prior_weight else 0.0)


def _add(a: float, b: float) -> float:
    """Return log(exp(a) + exp(b))."""
    if a < b:
        a, b = b, a
    return a if b == _NEVER else a + math.log1p(math.exp(b - a))
