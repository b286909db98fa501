"""Prefix beam search over CTC frames: sums over all ways to write the same symbols (Graves 2012, section 7.5.3; Hannun 2014)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from elman.errors import SettingError

Prior = Callable[[tuple[int, ...], int], float]
"""Log-probability of the next symbol after a prefix, as an n-gram model gives it."""


@dataclass(frozen=True, kw_only=True)
class CTCBeam:
    """Keep the ``size`` likeliest prefixes; each carries the chance of ending in a blank and in its last symbol.

    Attributes
    ----------
    size : int
        Prefixes kept.
    prior : callable, optional
        ``prior(prefix, symbol)`` gives a log-probability, from an n-gram model for instance.
    prior_weight : float
        Weight of the prior.
    symbol_bonus : float
        Added for every symbol, against the prior's taste for short answers.
    threshold : float
        Symbols less likely than this in a frame are not tried (natural logarithm).
    """

    size: int = 16
    prior: Prior | None = None
    prior_weight: float = 0.5
    symbol_bonus: float = 0.0
    threshold: float = -12.0

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if isinstance(self.size, bool) or not isinstance(self.size, int) or self.size < 1:
            raise SettingError(f"beam size must be a whole number of at least 1; got {self.size!r}.")

    def __call__(self, log_probs: np.ndarray, blank: int) -> tuple[int, ...]:
        """Return the best symbols for frames (T, V + 1)."""
        return self.n_best(log_probs, blank)[0][0]

    def n_best(self, log_probs: np.ndarray, blank: int) -> list[tuple[tuple[int, ...], float]]:
        """Return up to ``size`` different answers with their scores, best first.

        Parameters
        ----------
        log_probs : np.ndarray
            (T, V + 1) log-probabilities.
        blank : int
            Index of the blank.

        Returns
        -------
        list of tuple
            Symbols and score (log-probability plus prior and bonus).
        """
        beams: dict[tuple[int, ...], tuple[float, float]] = {(): (0.0, -np.inf)}
        bonus: dict[tuple[int, ...], float] = {(): 0.0}
        for frame in np.asarray(log_probs, dtype=np.float64):
            grown = self._grow(beams, bonus, frame, blank)
            ranked = sorted(grown.items(), key=lambda item: (-(np.logaddexp(*item[1]) + bonus[item[0]]), item[0]))
            beams = dict(ranked[: self.size])
            bonus = {prefix: bonus[prefix] for prefix in beams}
        return [(prefix, float(np.logaddexp(*ends) + bonus[prefix])) for prefix, ends in beams.items()]

    def _grow(
        self, beams: dict[tuple[int, ...], tuple[float, float]], bonus: dict[tuple[int, ...], float], frame: np.ndarray, blank: int
    ) -> dict[tuple[int, ...], tuple[float, float]]:
        grown: dict[tuple[int, ...], tuple[float, float]] = {}
        tried = [int(s) for s in np.flatnonzero(frame > self.threshold) if s != blank]

        def add(prefix: tuple[int, ...], in_blank: float, in_symbol: float) -> None:
            old = grown.get(prefix, (-np.inf, -np.inf))
            grown[prefix] = (float(np.logaddexp(old[0], in_blank)), float(np.logaddexp(old[1], in_symbol)))

        for prefix, (in_blank, in_symbol) in beams.items():
            total = float(np.logaddexp(in_blank, in_symbol))
            add(prefix, total + frame[blank], in_symbol + frame[prefix[-1]] if prefix else -np.inf)
            for symbol in tried:
                longer = (*prefix, symbol)
                if longer not in bonus:
                    bonus[longer] = bonus[prefix] + self._worth(prefix, symbol)
                # A repeated symbol is a new one only after a blank.
                add(longer, -np.inf, (in_blank if prefix and prefix[-1] == symbol else total) + frame[symbol])
        return grown

    def _worth(self, prefix: tuple[int, ...], symbol: int) -> float:
        return self.symbol_bonus + (self.prior_weight * self.prior(prefix, symbol) if self.prior is not None else 0.0)
