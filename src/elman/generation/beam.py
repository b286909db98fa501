"""Beam search, right by default: rows never see each other, no duplicates, length normalised, exact order of ties."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman.errors import SettingError
from elman.generation.beam_state import Beams
from elman.generation.hypothesis import Hypothesis
from elman.generation.rules import Rules
from elman.network.decoders.search import Steps


@dataclass(frozen=True, kw_only=True)
class Beam:
    """Keep the ``size`` best beginnings of every row, independent of the other rows.

    A row is over when no beginning can become better than its best answers any more, so a longer search would find the same.

    Attributes
    ----------
    size : int
        Beginnings kept.
    length_penalty : float
        GNMT's alpha; 0 ranks by plain probability and prefers short answers. 1 gave answers of the right length on the validation part
        of a translation with smoothed labels, 0.6 (GNMT's own) answers an eighth too short.
    rules : Rules
        Rules for the symbols.

    Examples
    --------
    >>> Beam(size=4).size
    4
    """

    size: int = 5
    length_penalty: float = 1.0
    rules: Rules = field(default_factory=Rules)

    def __post_init__(self) -> None:
        """Refuse values that cannot be."""
        if isinstance(self.size, bool) or not isinstance(self.size, int | np.integer) or self.size < 1:
            raise SettingError(f"beam size must be a whole number of at least 1; got {self.size!r}.")
        number = isinstance(self.length_penalty, int | float | np.number) and not isinstance(self.length_penalty, bool)
        if not number or not 0 <= self.length_penalty < float("inf"):
            raise SettingError(f"length_penalty must be a number of 0 or more; got {self.length_penalty!r}.")

    def __call__(self, steps: Steps, state: Any, limits: Tensor) -> list[np.ndarray]:
        """Return the best answer of each row."""
        return [best[0].symbols for best in self.n_best(steps, state, limits, count=1)]

    @torch.no_grad()
    def n_best(self, steps: Steps, state: Any, limits: Tensor, *, count: int | None = None) -> list[list[Hypothesis]]:
        """Return different answers of each row, best first.

        Parameters
        ----------
        steps : Steps
            One step of the decoder.
        state : Rows
            First state of N rows.
        limits : Tensor
            (N,) longest allowed lengths.
        count : int, optional
            Answers wanted, ``size`` by default; fewer let a row be over sooner.

        Returns
        -------
        list of list of Hypothesis
            Up to ``count`` a row, never none. Answers without an end count only where none ended.
        """
        count = self.size if count is None else min(count, self.size)
        beams = Beams(limits, size=self.size, count=count, length_penalty=self.length_penalty, end=steps.end)
        symbols: Tensor | None = None
        while beams.rows:
            log_probs, state, weights = steps.advance(state, symbols)
            allowed = self.rules.apply(log_probs, beams.said, end=steps.end, banned=steps.banned, alive=beams.alive)
            symbols, move = beams.extend(allowed, weights)
            state = move(state)
        return beams.answers()
