"""Greedy search with rules: always the likeliest allowed symbol."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman.generation.hypothesis import Hypothesis
from elman.generation.rules import Rules
from elman.network.decoders.search import Steps


@dataclass(frozen=True, kw_only=True)
class Greedy:
    """Take the likeliest allowed symbol at every step.

    Attributes
    ----------
    rules : Rules
        Rules for the symbols.
    """

    rules: Rules = field(default_factory=Rules)

    def __call__(self, steps: Steps, state: Any, limits: Tensor) -> list[np.ndarray]:
        """Return the answer of each row."""
        return [hypothesis.symbols for hypothesis in self.answers(steps, state, limits)]

    @torch.no_grad()
    def answers(self, steps: Steps, state: Any, limits: Tensor) -> list[Hypothesis]:
        """Return the answer of each row with its probability and attention.

        Parameters
        ----------
        steps : Steps
            One step of the decoder.
        state : Rows
            First state of N rows.
        limits : Tensor
            (N,) longest allowed lengths.

        Returns
        -------
        list of Hypothesis
            One a row.
        """
        count, longest = len(limits), int(limits.max()) if len(limits) else 0
        symbols = torch.zeros(count, longest, dtype=torch.int64, device="cpu")
        scores, lengths = torch.zeros(count, dtype=torch.float64, device="cpu"), limits.clone()
        ended, shown = torch.zeros(count, dtype=torch.bool, device="cpu"), []
        going = torch.nonzero(limits > 0).flatten()
        state, newest = state.select(going), None
        for t in range(longest):
            log_probs, state, weights = steps.advance(state, newest)
            allowed = self.rules.apply(log_probs, symbols[going, :t], end=steps.end, banned=steps.banned, strict=True)
            values, best = (item.cpu() for item in allowed.max(1))
            scores[going] += values.double()
            over = best == steps.end
            symbols[going, t] = best
            lengths[going[over]], ended[going[over]] = t, True
            shown.append((going, weights))
            indices = torch.nonzero(~over & (limits[going] > t + 1)).flatten()
            going, newest = going[indices], best[indices].to(log_probs.device)
            if not len(going):
                break
            if len(indices) < len(over):
                state = state.select(indices)
        attention = _by_row(shown, count)
        return [
            Hypothesis(
                symbols=symbols[i, :n].numpy(),
                log_prob=float(scores[i]),
                score=float(scores[i]),
                ended=bool(ended[i]),
                attention=None if attention is None else attention[i, :n].numpy(),
            )
            for i, n in enumerate(lengths.tolist())
        ]


def _by_row(shown: list[tuple[Tensor, Tensor | None]], count: int) -> Tensor | None:
    """Gather the attention of all steps, (N, t, S)."""
    if not shown or shown[0][1] is None:
        return None
    values = torch.zeros(count, len(shown), shown[0][1].shape[1], device="cpu")
    for t, (rows, weights) in enumerate(shown):
        if weights is not None:
            values[rows, t] = weights.cpu().to(values.dtype)
    return values
