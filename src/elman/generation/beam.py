"""Beam search, right by default: rows never see each other, no duplicates, length normalised, exact order of ties."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman.errors import SettingError
from elman.generation.hypothesis import Hypothesis, length_norm
from elman.generation.rules import NOTHING_LEFT, Rules
from elman.network.search import Steps


@dataclass
class _Row:
    """Search of one source: its beams and its finished answers."""

    limit: int
    said: list[tuple[int, ...]] = field(default_factory=lambda: [()])
    scores: list[float] = field(default_factory=lambda: [0.0])
    weights: list[list[np.ndarray]] = field(default_factory=lambda: [[]])
    done: list[Hypothesis] = field(default_factory=list)
    open: bool = True


@dataclass(frozen=True, kw_only=True)
class Beam:
    """Keep the ``size`` best beginnings of every row, independent of the other rows.

    Attributes
    ----------
    size : int
        Beginnings kept.
    length_penalty : float
        GNMT's alpha; 0 ranks by plain probability and prefers short answers.
    rules : Rules
        What may not be said.

    Examples
    --------
    >>> Beam(size=4).size
    4
    """

    size: int = 5
    length_penalty: float = 0.6
    rules: Rules = field(default_factory=Rules)

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if isinstance(self.size, bool) or not isinstance(self.size, int) or self.size < 1:
            raise SettingError(f"beam size must be a whole number of at least 1; got {self.size!r}.")
        number = isinstance(self.length_penalty, int | float) and not isinstance(self.length_penalty, bool)
        if not number or not 0 <= self.length_penalty < float("inf"):
            raise SettingError(f"length_penalty must be a number of 0 or more; got {self.length_penalty!r}.")

    def __call__(self, steps: Steps, state: Any, limits: Tensor) -> list[np.ndarray]:
        """Return the best answer of each row."""
        return [best[0].symbols for best in self.n_best(steps, state, limits)]

    def n_best(self, steps: Steps, state: Any, limits: Tensor) -> list[list[Hypothesis]]:
        """Return up to ``size`` different answers of each row, best first.

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
        list of list of Hypothesis
            One list a row, never empty.
        """
        rows = [_Row(limit) for limit in limits.tolist()]
        for row in rows:
            if row.limit == 0:
                self._finish_open(row)
        symbols: Tensor | None = None
        if not all(row.open for row in rows):
            state = state.select(torch.tensor([i for i, row in enumerate(rows) if row.open], dtype=torch.int64))
        while any(row.open for row in rows):
            log_probs, state, weights = steps.advance(state, symbols)
            alive = [row for row in rows if row.open]
            said = [said for row in alive for said in row.said]
            log_probs = self.rules.apply(log_probs.double(), said, end=steps.end, banned=steps.banned)
            origins, newest = self._extend(alive, log_probs, weights, steps.end)
            if not newest:
                break
            state = state.select(torch.tensor(origins, dtype=torch.int64))
            symbols = torch.tensor(newest, dtype=torch.int64, device=log_probs.device)
        return [sorted(row.done, key=lambda h: (-h.score, h.symbols.tolist()))[: self.size] for row in rows]

    def _extend(self, alive: list[_Row], log_probs: Tensor, weights: Tensor | None, end: int) -> tuple[list[int], list[int]]:
        """Extend every open row by one symbol; return the state row and symbol of each new beginning."""
        count = min(2 * self.size, log_probs.shape[1])
        best, which = (t.cpu().numpy() for t in log_probs.topk(count, -1))
        heads = log_probs[:, end].cpu().numpy()
        shown = None if weights is None else weights.cpu().numpy()
        origins: list[int] = []
        newest: list[int] = []
        offset = 0
        for row in alive:
            width = len(row.said)
            span = slice(offset, offset + width)
            picked = self._step(row, best[span], which[span], heads[span], None if shown is None else shown[span], end)
            origins += [offset + beam for beam, _ in picked]
            newest += [symbol for _, symbol in picked]
            offset += width
        return origins, newest

    def _step(
        self, row: _Row, best: np.ndarray, which: np.ndarray, ends: np.ndarray, shown: np.ndarray | None, end: int
    ) -> list[tuple[int, int]]:
        for beam, said in enumerate(row.said):
            if np.isfinite(ends[beam]):
                self._finish(row, beam, said, row.scores[beam] + float(ends[beam]), ended=True)
        found = [
            (-(row.scores[beam] + float(best[beam, i])), beam, int(which[beam, i]))
            for beam in range(len(row.said))
            for i in range(best.shape[1])
            if np.isfinite(best[beam, i]) and which[beam, i] != end
        ]
        found.sort()
        found = found[: self.size]
        row.weights = [row.weights[beam] + ([] if shown is None else [shown[beam]]) for _, beam, _ in found]
        before = row.said
        row.said = [(*before[beam], symbol) for _, beam, symbol in found]
        row.scores = [-cost for cost, _, _ in found]
        self._prune(row)
        return [(beam, symbol) for _, beam, symbol in found] if row.open else []

    def _finish(self, row: _Row, beam: int, said: tuple[int, ...], log_prob: float, *, ended: bool) -> None:
        steps = len(said) + int(ended)
        attention = np.stack(row.weights[beam]) if row.weights[beam] else None
        row.done.append(
            Hypothesis(
                symbols=np.array(said, dtype=np.int64),
                log_prob=log_prob,
                score=log_prob / length_norm(steps, self.length_penalty),
                ended=ended,
                attention=attention,
            )
        )

    def _finish_open(self, row: _Row) -> None:
        """Close a row at its limit: what the model never ended counts only when nothing ended."""
        if not row.done:
            for beam, said in enumerate(row.said):
                self._finish(row, beam, said, row.scores[beam], ended=False)
        row.open = False

    def _prune(self, row: _Row) -> None:
        """Close a row when no beginning can beat its ``size`` best answers any more, or the limit is reached."""
        if not row.said:
            if not row.done:
                raise SettingError(NOTHING_LEFT)
            row.open = False
            return
        if len(row.done) > self.size:
            row.done = sorted(row.done, key=lambda h: (-h.score, h.symbols.tolist()))[: self.size]
        # Log-probabilities only fall, so the best any beginning can reach is its own over the largest penalty of a longer answer.
        reachable = max(row.scores) / length_norm(row.limit + 1, self.length_penalty)
        beaten = len(row.done) >= self.size and min(h.score for h in row.done) >= reachable
        if beaten:
            row.open = False
        elif len(row.said[0]) >= row.limit:
            self._finish_open(row)
