"""Sampling: temperature first, then top-k, then top-p, from a seed that is each row's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman.errors import SettingError
from elman.generation.rules import Rules
from elman.kernels import dense
from elman.network.decoders.search import Steps

_COLDEST = 1e-6
"""Below this temperature only the likeliest could be drawn, and single precision overflows: it counts as 0."""


def reshape_logits(log_probs: Tensor, *, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None) -> Tensor:
    """Return log-probabilities after temperature, then top-k, then top-p, normalised again.

    The temperature comes first: top-p must cut the distribution that is drawn from (Holtzman 2020).

    Parameters
    ----------
    log_probs : Tensor
        (M, V).
    temperature : float
        Below 1 sharpens, above 1 flattens.
    top_k : int, optional
        Keep the k likeliest; ties at the border are all kept.
    top_p : float, optional
        Keep the fewest likeliest whose probabilities reach p.

    Returns
    -------
    Tensor
        (M, V) log-probabilities, -inf where cut.

    Examples
    --------
    >>> reshape_logits(torch.tensor([[0.5, 0.3, 0.2]]).log(), top_p=0.6).exp().round(decimals=3).tolist()
    [[0.625, 0.375, 0.0]]
    """
    scores = dense.log_softmax(log_probs / temperature)
    if top_k is not None and top_k < scores.shape[-1]:
        border = scores.topk(top_k, -1).values[:, -1:]
        scores = dense.log_softmax(scores.masked_fill(scores < border, -torch.inf))
    if top_p is not None and top_p < 1:
        ordered, order = torch.sort(scores, stable=True, dim=-1, descending=True)
        before = dense.exp(ordered).cumsum(-1) - dense.exp(ordered)
        cut = torch.zeros_like(before, dtype=torch.bool).scatter(-1, order, before >= top_p)
        scores = dense.log_softmax(scores.masked_fill(cut, -torch.inf))
    return scores


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """Draw symbols; every row draws from its own stream of random numbers, so that its symbols do not depend on the rest of the batch.

    Attributes
    ----------
    temperature : float
        0 always takes the likeliest.
    top_k : int, optional
        Draw from the k likeliest.
    top_p : float, optional
        Draw from the fewest likeliest that reach p.
    random_state : int, optional
        Seed; None draws something else each time.
    streams : sequence of int, optional
        Which of the seed's streams each row draws from; its number in the batch by default.
    rules : Rules
        Rules for the symbols.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    random_state: int | None = 0
    streams: tuple[int, ...] | None = None
    rules: Rules = field(default_factory=Rules)

    def __post_init__(self) -> None:
        """Refuse values that cannot be."""
        if not _is_number(self.temperature) or not 0 <= self.temperature < float("inf"):
            raise SettingError(f"temperature must be 0 (always the likeliest) or more; got {self.temperature!r}. Try 0.8.")
        if self.top_k is not None and (not _is_whole(self.top_k) or self.top_k < 1):
            raise SettingError(f"top_k must be a whole number of at least 1; got {self.top_k!r}.")
        if self.top_p is not None and (not _is_number(self.top_p) or not 0 < self.top_p <= 1):
            raise SettingError(f"top_p must be in 0 < top_p <= 1; got {self.top_p!r}.")
        if self.random_state is not None and (not _is_whole(self.random_state) or self.random_state < 0):
            raise SettingError(f"random_state must be a whole number from 0, or None; got {self.random_state!r}.")
        if self.temperature < _COLDEST:
            object.__setattr__(self, "temperature", 0.0)

    def __call__(self, steps: Steps, state: Any, limits: Tensor) -> list[np.ndarray]:
        """Return the draws of each row."""
        rows: list[list[int]] = [[] for _ in range(len(limits))]
        for drawn in self.stream(steps, state, limits):
            for row, symbol in drawn.items():
                rows[row].append(symbol)
        return [np.array(row, dtype=np.int64) for row in rows]

    def stream(self, steps: Steps, state: Any, limits: Tensor) -> Iterator[dict[int, int]]:
        """Yield, step by step, the newest symbol of each row that goes on.

        Parameters
        ----------
        steps : Steps
            One step of the decoder.
        state : Rows
            First state of N rows, after their prompts.
        limits : Tensor
            (N,) longest allowed lengths.

        Yields
        ------
        dict[int, int]
            Row to symbol; rows that ended are left out.
        """
        draws = self.generators(len(limits))
        answer: dict[int, tuple[int, ...]] = dict.fromkeys(range(len(limits)), ())
        alive = [row for row in answer if int(limits[row]) > 0]
        state = state.select(torch.tensor(alive, dtype=torch.int64, device="cpu"))
        symbols: Tensor | None = None
        while alive:
            log_probs, state, _ = steps.advance(state, symbols)
            allowed = self.rules.apply(log_probs, [answer[row] for row in alive], end=steps.end, banned=steps.banned, strict=True)
            newest = self._draw(allowed, [draws[row] for row in alive])
            going = [place for place, symbol in enumerate(newest) if symbol != steps.end]
            drawn = {alive[place]: newest[place] for place in going}
            if drawn:
                yield drawn
            answer.update({row: (*answer[row], symbol) for row, symbol in drawn.items()})
            remaining = [place for place in going if len(answer[alive[place]]) < int(limits[alive[place]])]
            state = state.select(torch.tensor(remaining, dtype=torch.int64, device="cpu"))
            symbols = torch.tensor([newest[place] for place in remaining], dtype=torch.int64, device=log_probs.device)
            alive = [alive[place] for place in remaining]

    def generators(self, rows: int) -> list[np.random.Generator]:
        """Return where each of N rows has its chance from."""
        seed = int(np.random.SeedSequence().generate_state(1)[0]) if self.random_state is None else self.random_state
        return [np.random.default_rng((seed, row)) for row in self.streams or range(rows)]

    def _draw(self, log_probs: Tensor, draws: list[np.random.Generator]) -> list[int]:
        if self.temperature == 0:
            return log_probs.argmax(-1).tolist()
        scores = reshape_logits(log_probs.double(), temperature=self.temperature, top_k=self.top_k, top_p=self.top_p)
        # Inverse transform on the cumulated probabilities: one uniform number a row, the same whoever else is in the batch.
        cumulated = dense.exp(scores).cumsum(-1)
        uniform = torch.tensor([rng.random() for rng in draws], dtype=torch.float64, device=scores.device)[:, None] * cumulated[:, -1:]
        return torch.searchsorted(cumulated, uniform, right=True)[:, 0].clamp_max(scores.shape[-1] - 1).tolist()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
