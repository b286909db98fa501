"""Mixing: a language model that writes with n-grams beside it, in a search and symbol by symbol."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from torch import Tensor

from elman.generation.native_sampling import Row, Writer, drawing
from elman.network.decoders.autoregressive import AutoregressiveDecoder, DecoderState
from elman.network.decoders.search import Rows, Steps
from elman.ngrams import Mixture

if TYPE_CHECKING:
    from collections.abc import Callable

    from elman.generation.sampling import Sampling


@dataclass(frozen=True, kw_only=True)
class MixedRows:
    """State of M unfinished texts: the network's, and the contexts (M,) of the n-grams."""

    inner: Any
    contexts: np.ndarray

    def expand(self, times: int) -> Self:
        """Repeat each row ``times`` times, copies side by side."""
        return replace(self, inner=self.inner.expand(times), contexts=np.repeat(self.contexts, times))

    def reorder(self, rows: Tensor) -> Self:
        """Let each row go on from another row."""
        return replace(self, inner=self.inner.reorder(rows), contexts=self.contexts[rows.cpu().numpy()])

    def select(self, rows: Tensor) -> Self:
        """Keep these rows only."""
        return replace(self, inner=self.inner.select(rows), contexts=self.contexts[rows.cpu().numpy()])


def begin(mixture: Mixture, state: Rows, prompts: list[np.ndarray]) -> MixedRows:
    """Return the state of a language model and of its n-grams after encoded prompts, one row each."""
    return MixedRows(inner=state, contexts=np.array([mixture.contexts(prompt)[-1] for prompt in prompts], np.int64))


def mixed(steps: Steps, mixture: Mixture) -> Steps:
    """Return one step of a language model over symbols, its probabilities mixed with those of n-grams."""

    def advance(state: MixedRows, symbols: Tensor | None) -> tuple[Tensor, MixedRows, Tensor | None]:
        log_probs, inner, weights = steps.advance(state.inner, symbols)
        contexts = state.contexts
        if symbols is not None:
            contexts = np.array([mixture.follow(int(c), int(s)) for c, s in zip(contexts, symbols.tolist(), strict=True)], np.int64)
        chances = mixture.mix(log_probs.double().exp().cpu().numpy(), contexts)
        both = torch.from_numpy(chances).log().to(log_probs.device, log_probs.dtype)
        return both, MixedRows(inner=inner, contexts=contexts), weights

    return replace(steps, advance=advance)


class MixedWriter(Writer):
    """Rows of text that go on from a state, each symbol drawn from the network's probabilities mixed with those of n-grams.

    Parameters
    ----------
    decoder : AutoregressiveDecoder
        One that :func:`elman.generation.native_sampling.can_write` agrees to.
    state : DecoderState
        N rows, after their prompts.
    sampling : Sampling
        How symbols are drawn; without rules of its own.
    mixture : Mixture
        The n-grams and their share.
    contexts : sequence of int
        Of the n-grams after the prompts, N.
    """

    def __init__(
        self, decoder: AutoregressiveDecoder, state: DecoderState, sampling: Sampling, mixture: Mixture, contexts: np.ndarray
    ) -> None:
        self._mixture, self._contexts = mixture, [int(context) for context in contexts]
        super().__init__(decoder, state, sampling)

    def _drawing(self, bias: Row, banned: list[int], sampling: Sampling) -> Callable[[Row, float], int]:
        self._bias, self._row = bias, self._mixture.row(len(bias))
        self._own, self._smallest = np.empty_like(bias), np.finfo(bias.dtype).tiny
        after = np.zeros_like(bias)
        after[banned] = -np.inf
        return drawing(after, sampling)

    def keep(self, rows: list[int]) -> None:
        """Go on with these rows only."""
        self._contexts = [self._contexts[row] for row in rows]
        super().keep(rows)

    def say(self, place: int, features: np.ndarray, uniform: float) -> int:
        """Draw the next symbol of the row at a place, and remember it."""
        scores, both, context = self._own, self._row.values, self._contexts[place]
        np.add(self.score(features), self._bias, out=scores)  # exp and log in the network's own precision: half the time
        scores -= scores.max()
        np.exp(scores, out=scores)
        np.divide(scores, scores.sum(dtype=np.float64), out=both)
        self._mixture.mix_into(self._row, context)
        np.maximum(both, self._smallest, out=scores, casting="same_kind")  # a chance too small for a number is never drawn
        symbol = self.draw(np.log(scores, out=scores), uniform)
        if symbol != self.end:
            self._contexts[place] = self._mixture.follow(context, symbol)
        return symbol

    def alone(self, uniform: Iterator[float], limit: int) -> Iterator[int]:
        """Write one row."""
        for number in itertools.islice(uniform, limit):
            symbol = self.say(0, self.step()[0], number)
            if symbol == self.end:
                return
            self.last[0] = symbol
            yield symbol
