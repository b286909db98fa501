"""Beams: the beginnings and the finished answers of many rows as tensors, so that no step loops over rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from elman.errors import SettingError
from elman.generation.hypothesis import Hypothesis, length_norm
from elman.generation.rules import NOTHING_LEFT

_COMPACT = 0.125
"""Share of rows that are over from which the rest moves together: moving costs about as much as they do."""

Move = Callable[[Any], Any]
"""How the decoder's state follows the beginnings."""


class Beams:
    """Beginnings of the rows that go on, and the best answers of all rows.

    Parameters
    ----------
    limits : Tensor
        (N,) longest allowed lengths.
    size : int
        Beginnings B of a row.
    count : int
        Answers wanted of a row.
    length_penalty : float
        GNMT's alpha.
    end : int
        Index of the end.

    Notes
    -----
    Shapes, for A rows that go on with W beginnings each (1 before the first step, then B) after t steps:

        going  (A,) which rows     open  (A,) not over yet     scores  (A, W) float64, -inf for none
        history  (2, A, W, t): symbols, and where their attention was kept
        best, log_probs, lengths, ended  (N, B)     answered  (2, N, B, t): as history
    """

    def __init__(self, limits: Tensor, *, size: int, count: int, length_penalty: float, end: int) -> None:
        rows = len(limits)
        self.limits, self.size, self.count, self.alpha, self.end = limits, size, count, length_penalty, end
        self.steps, self.shown = 0, []
        self.going, self.open = torch.arange(rows, device="cpu"), torch.ones(rows, dtype=torch.bool, device="cpu")
        self.scores = torch.zeros(rows, 1, dtype=torch.float64, device="cpu")
        self.history = torch.zeros(2, rows, 1, 0, dtype=torch.int64, device="cpu")
        self.best = torch.full((rows, size), -torch.inf, dtype=torch.float64, device="cpu")
        self.log_probs, self.lengths = self.best.clone(), torch.zeros(rows, size, dtype=torch.int64, device="cpu")
        self.ended = torch.zeros(rows, size, dtype=torch.bool, device="cpu")
        self.answered = torch.zeros(2, rows, size, 0, dtype=torch.int64, device="cpu")
        self.longest = torch.tensor(
            [length_norm(limit + 1, length_penalty) for limit in limits.tolist()], dtype=torch.float64, device="cpu"
        )

    @property
    def rows(self) -> int:
        """Rows that go on."""
        return len(self.going)

    @property
    def said(self) -> Tensor:
        """Symbols of each beginning, (A·W, t)."""
        return self.history[0].flatten(0, 1)

    @property
    def alive(self) -> Tensor:
        """Which beginnings there really are, (A·W,)."""
        return torch.isfinite(self.scores).flatten()

    def extend(self, log_probs: Tensor, weights: Tensor | None) -> tuple[Tensor, Move]:
        """Extend every beginning by one symbol."""
        device, width = log_probs.device, self.scores.shape[1]
        self.shown.append(weights)
        self._collect(self.scores + log_probs[:, self.end].double().cpu().view_as(self.scores), ended=True)
        log_probs[:, self.end] = -torch.inf
        best, which = (t.cpu() for t in log_probs.topk(min(self.size, log_probs.shape[1]), 1))
        best = self._break(best)
        totals = (self.scores[:, :, None] + best.double().unflatten(0, (-1, width))).flatten(1)
        scores, places = totals.sort(dim=1, descending=True, stable=True)
        scores, places = _wide(scores, self.size, -torch.inf), _wide(places, self.size, 0)
        origin = places // best.shape[1]
        symbols = which.unflatten(0, (-1, width)).flatten(1).gather(1, places)
        self._close(scores)
        here = torch.arange(len(origin), device="cpu")[:, None] * width + origin
        self.history = torch.cat([_follow(self.history, origin), torch.stack([symbols, here])[..., None]], 3)
        self.scores = scores.masked_fill(~self.open[:, None], -torch.inf)
        self.answered = functional.pad(self.answered, (0, 1))
        self.steps += 1
        remaining = self._compact()
        return self.history[0, :, :, -1].flatten().to(device), _mover(here, width, self.size, remaining)

    def _break(self, best: Tensor) -> Tensor:
        """End rows whose probabilities are NaN, as their own input was; their batch mates go on."""
        broken = torch.isnan(best[:, 0]).view_as(self.scores).any(1)  # NaN counts as the largest
        if not bool(broken.any()):
            return best
        self._collect(self.scores.masked_fill(~broken[:, None], -torch.inf), ended=False)
        self.open &= ~broken
        return best.masked_fill(torch.isnan(best), -torch.inf)

    def _close(self, scores: Tensor) -> None:
        """Find rows that are over: nothing better can come, the limit is reached, or no symbol is allowed."""
        limits, best = self.limits[self.going], self.best[self.going]
        at_limit = (limits <= self.steps) & self.open
        # Log-probabilities only fall, so the best a beginning can reach is its own over the largest penalty of a longer answer.
        beaten = best[:, self.count - 1] >= scores[:, 0] / self.longest[self.going]
        empty = torch.isneginf(best[:, 0])
        if bool((at_limit & empty).any()):
            self._collect(self.scores.masked_fill(~(at_limit & empty)[:, None], -torch.inf), ended=False)
        if bool((self.open & ~at_limit & empty & torch.isneginf(scores[:, 0])).any()):
            raise SettingError(NOTHING_LEFT)
        self.open &= ~(at_limit | beaten | torch.isneginf(scores[:, 0]))

    def _collect(self, log_probs: Tensor, *, ended: bool) -> None:
        """Take beginnings (A, W) as answers, where they are among the best."""
        rows = self.going
        scores = log_probs / length_norm(self.steps + int(ended), self.alpha)
        best, order = torch.cat([self.best[rows], scores], 1).sort(dim=1, descending=True, stable=True)
        order = order[:, : self.size]
        self.best[rows] = best[:, : self.size]
        new = {
            "log_probs": log_probs,
            "lengths": torch.full_like(order, self.steps)[:, :1].expand_as(log_probs),
            "ended": torch.full_like(log_probs, ended, dtype=torch.bool),
        }
        for name, values in new.items():
            best_values = getattr(self, name)
            best_values[rows] = torch.cat([best_values[rows], values], 1).gather(1, order)
        self.answered[:, rows] = _follow(torch.cat([self.answered[:, rows], self.history], 2), order)

    def _compact(self) -> Tensor | None:
        """Drop rows that are over, when there are enough of them; return the indices of the others."""
        over = int((~self.open).sum())
        if not over or (over < len(self.open) * _COMPACT):
            return None
        indices = torch.nonzero(self.open).flatten()
        self.going, self.open, self.scores, self.history = (
            self.going[indices],
            self.open[indices],
            self.scores[indices],
            self.history[:, indices],
        )
        return indices

    def answers(self) -> list[list[Hypothesis]]:
        """Return the best answers of every row."""
        attention = self._attention()
        columns = [t.tolist() for t in (self.best, self.log_probs, self.lengths, self.ended)]
        symbols = self.answered[0].numpy()
        results: list[list[Hypothesis]] = []
        for row, (scores, log_probs, lengths, ended) in enumerate(zip(*columns, strict=True)):
            results.append(
                [
                    Hypothesis(
                        symbols=symbols[row, i, : lengths[i]].copy(),
                        log_prob=log_probs[i],
                        score=scores[i],
                        ended=ended[i],
                        attention=None if attention is None else attention[row, i, : lengths[i]].numpy(),
                    )
                    for i in range(self.count)
                    if scores[i] > -torch.inf
                ]
            )
        return results

    def _attention(self) -> Tensor | None:
        """Gather the attention of each symbol of each answer, (N, count, t, S)."""
        if not self.steps or self.shown[0] is None:
            return None
        paths = self.answered[1, :, : self.count]
        steps = []
        for t, weights in enumerate(self.shown[: self.steps]):
            place = torch.where(self.lengths[:, : self.count] > t, paths[..., t], 0)
            steps.append(weights.cpu()[place] if len(weights) else weights.new_zeros(*place.shape, weights.shape[1]).cpu())
        return torch.stack(steps, 2)


def _wide(values: Tensor, size: int, fill: float) -> Tensor:
    """Cut or fill (A, K) to (A, size)."""
    return functional.pad(values[:, :size], (0, max(0, size - values.shape[1])), value=fill)


def _follow(history: Tensor, origin: Tensor) -> Tensor:
    """Let each beginning (or answer) have the history (2, A, W, t) of another one of its row."""
    return history.gather(2, origin[None, :, :, None].expand(2, -1, -1, history.shape[3]))


def _mover(here: Tensor, width: int, size: int, kept: Tensor | None) -> Move:
    """Return how the state of a step becomes that of the next one."""

    def move(state: Any) -> Any:
        """Follow the beginnings, then leave the rows that are over."""
        if width == 1 and size > 1:
            state = state.expand(size)
        elif width > 1:
            state = state.reorder(here.flatten())
        if kept is not None:
            state = state.select((kept[:, None] * size + torch.arange(size, device="cpu")).flatten())
        return state

    return move
