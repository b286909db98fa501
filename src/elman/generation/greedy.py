"""Greedy search with rules: always the likeliest allowed symbol."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman.generation.hypothesis import Hypothesis
from elman.generation.rules import Rules
from elman.network.search import Steps


@dataclass(frozen=True, kw_only=True)
class Greedy:
    """Take the likeliest allowed symbol at every step.

    Attributes
    ----------
    rules : Rules
        What may not be said.
    """

    rules: Rules = field(default_factory=Rules)

    def __call__(self, steps: Steps, state: Any, limits: Tensor) -> list[np.ndarray]:
        """Return the answer of each row."""
        return [hypothesis.symbols for hypothesis in self.answers(steps, state, limits)]

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
        count = len(limits)
        said: list[tuple[int, ...]] = [()] * count
        scores, ended, weights = [0.0] * count, [False] * count, [[] for _ in range(count)]
        alive = [i for i in range(count) if int(limits[i]) > 0]
        state = state.select(torch.tensor(alive, dtype=torch.int64))
        symbols: Tensor | None = None
        while alive:
            log_probs, state, shown = steps.advance(state, symbols)
            allowed = self.rules.apply(log_probs, [said[i] for i in alive], end=steps.end, banned=steps.banned, strict=True)
            value, best = (t.tolist() for t in allowed.max(-1))
            for place, i in enumerate(alive):
                scores[i] += value[place]
                ended[i] = best[place] == steps.end
                if not ended[i]:
                    said[i] = (*said[i], best[place])
                    if shown is not None:
                        weights[i].append(shown[place].cpu().numpy())
            kept = [place for place, i in enumerate(alive) if not ended[i] and len(said[i]) < int(limits[i])]
            state = state.select(torch.tensor(kept, dtype=torch.int64))
            symbols = torch.tensor([best[place] for place in kept], dtype=torch.int64, device=log_probs.device)
            alive = [alive[place] for place in kept]
        return [
            Hypothesis(
                symbols=np.array(said[i], dtype=np.int64),
                log_prob=scores[i],
                score=scores[i],
                ended=ended[i],
                attention=np.stack(weights[i]) if weights[i] else None,
            )
            for i in range(count)
        ]
