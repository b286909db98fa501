"""Writing: a language model on the CPU, symbol by symbol, with its weights packed once and little else between two symbols.

A network of this size answers in microseconds, so what counts is how little stands around it: the recurrent layers are a native stream,
the head is one product a row, and a symbol is drawn with a handful of NumPy calls. Every row is computed by itself after the layers,
so that it says the same alone and in any batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from elman.network.autoregressive import AutoregressiveDecoder, DecoderState
from elman.network.heads import AdaptiveHead, SoftmaxHead

if TYPE_CHECKING:
    from elman.generation.sampling import Sampling

Row = np.ndarray
_BLOCK = 256
"""Uniform numbers drawn at a time from a row's generator; as many calls of one give the same."""


def can_write(decoder: AutoregressiveDecoder, state: DecoderState) -> bool:
    """Tell whether a decoder is a plain language model on the CPU."""
    plain = state.memory is None and state.context is None and state.feed is None and decoder.attention is None
    known = isinstance(decoder.head, SoftmaxHead | AdaptiveHead) and decoder.feedback.symbols is not None
    here = isinstance(state.last, Tensor) and state.last.device.type == "cpu" and len(state.last) > 0
    return plain and known and here and state.recurrent is not None


class Writer:
    """Rows of text that go on from a state.

    Parameters
    ----------
    decoder : AutoregressiveDecoder
        One that :func:`can_write` agrees to.
    state : DecoderState
        N rows, after their prompts.
    """

    def __init__(self, decoder: AutoregressiveDecoder, state: DecoderState) -> None:
        self.layers: Any = decoder.layers
        symbols: Any = decoder.feedback.symbols
        self.vectors: np.ndarray = symbols.weight.detach().numpy()
        self.scores = _scorer(decoder.head)
        self.banned, self.end = list(decoder.banned), len(self.vectors) - 1
        self.last: list[int] = state.last.tolist()
        recurrent = state.recurrent
        self._open(recurrent if isinstance(recurrent, tuple) else (recurrent,))  # type: ignore[arg-type]  # can_write: there is one

    def _open(self, tensors: tuple[Tensor, ...]) -> None:
        self.stream = self.layers.stream(len(self.last))
        self.stream.state.tensors = tuple(t.clone() for t in tensors)

    def keep(self, rows: list[int]) -> None:
        """Go on with these rows only."""
        tensors = tuple(t[:, rows] for t in self.stream.state.tensors)
        self.last = [self.last[row] for row in rows]
        self._open(tensors)

    def step(self) -> list[Row]:
        """Read the last symbol of every row; return what the head thinks of the next, (n + 1,) scores a row, not normalised."""
        found = []
        for features in self.stream.step(self.vectors[self.last]):
            row = self.scores(features)
            if self.banned:
                row[self.banned] = -np.inf
            found.append(row)
        return found


def _scorer(head: Any) -> Callable[[Row], Row]:
    """Return the head as a function of one row of features."""
    if isinstance(head, AdaptiveHead):
        return _adaptive(head)
    linear = head.output.linear
    weight, bias, project = _numpy(linear.weight), _numpy(linear.bias), _projection(head.output.projection)

    def score(features: Row) -> Row:
        """One product and a bias."""
        row = weight @ project(features)
        row += bias
        return row

    return score


def _adaptive(head: AdaptiveHead) -> Callable[[Row], Row]:
    """Return a head in bands as a function of one row: the frequent classes and bands, then each band within its own."""
    with torch.no_grad():
        (first_weight, first_bias), *inside = ((_numpy(w), _numpy(b)) for w, b in head.parts())
    narrow, project, first, n = [_projection(part) for part in head.narrow], _projection(head.projection), head.cutoffs[0], head.n

    def score(features: Row) -> Row:
        """Write each part where its classes stand; the last class comes first among the frequent ones."""
        x = project(features)
        frequent = first_weight @ x + first_bias
        row = np.empty(n, frequent.dtype)
        row[: first - 1], row[n - 1] = frequent[1:first], frequent[0]
        for k, (weight, bias) in enumerate(inside):
            part = row[head.edges[k] - 1 : head.edges[k + 1] - 1]
            np.matmul(weight, narrow[k](x) if narrow else x, out=part)
            part += bias
            top = part.max()
            part += frequent[first + k] - top - np.log(np.exp(part - top).sum())
        return row

    return score


def _projection(linear: Any) -> Callable[[Row], Row]:
    if linear is None:
        return lambda features: features
    weight = _numpy(linear.weight)
    return lambda features: weight @ features


def _numpy(tensor: Tensor) -> np.ndarray:
    return np.ascontiguousarray(tensor.detach().numpy())


def draw(scores: Row, uniform: float, *, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None) -> int:
    """Draw a class: temperature first, then top-k, then top-p, then the inverse of the cumulated probabilities.

    Parameters
    ----------
    scores : ndarray
        (V,) log-probabilities up to a constant; changed in place.
    uniform : float
        In [0, 1).
    temperature : float
        0 takes the likeliest.
    top_k : int, optional
        Draw from the k likeliest; ties at the border are all in.
    top_p : float, optional
        Draw from the fewest likeliest that reach p.

    Returns
    -------
    int
        The class.

    Examples
    --------
    >>> [draw(np.log([0.5, 0.3, 0.2]), u) for u in (0.49, 0.51, 0.81)]
    [0, 1, 2]
    """
    if temperature == 0:
        return int(scores.argmax())
    if temperature != 1:
        scores /= temperature
    if top_k is not None and top_k < len(scores):
        scores[scores < np.partition(scores, -top_k)[-top_k]] = -np.inf
    scores -= scores.max()
    chances = np.exp(scores, out=scores)
    if top_p is not None and top_p < 1:
        order = np.argsort(-chances, kind="stable")
        reached = np.cumsum(chances[order], dtype=np.float64)
        chances[order[1:][reached[:-1] >= top_p * reached[-1]]] = 0
    cumulated = chances.cumsum(dtype=np.float64)
    return min(int(cumulated.searchsorted(uniform * cumulated[-1], "right")), len(cumulated) - 1)


def write(writer: Writer, sampling: Sampling, limits: list[int]) -> Iterator[dict[int, int]]:
    """Yield, step by step, the newest symbol of each row that goes on.

    Parameters
    ----------
    writer : Writer
        N rows.
    sampling : Sampling
        How symbols are drawn; without rules of its own.
    limits : list of int
        Symbols that each row may say, N.

    Yields
    ------
    dict of int to int
        Row to symbol; rows that ended are left out.
    """
    draws = [_Uniform(generator) for generator in sampling.generators(len(limits))]
    options = {"temperature": sampling.temperature, "top_k": sampling.top_k, "top_p": sampling.top_p}
    rows = list(range(len(limits)))  # which row stands at each place of the writer
    alive = {place for place, row in enumerate(rows) if limits[row] > 0}
    left, end, last = list(limits), writer.end, writer.last
    while alive:
        drawn = {}
        scores = writer.step()
        for place in sorted(alive):
            row = rows[place]
            symbol = draw(scores[place], draws[row].next(), **options)
            left[row] -= 1
            if symbol == end:
                alive.discard(place)
                continue
            drawn[row] = last[place] = symbol
            if not left[row]:
                alive.discard(place)
        if drawn:
            yield drawn
        if alive and len(alive) * 2 <= len(rows):  # rows that are over cost as much as the others
            kept = sorted(alive)
            writer.keep(kept)
            rows, last, alive = [rows[place] for place in kept], writer.last, set(range(len(kept)))


class _Uniform:
    """Uniform numbers one by one, drawn in blocks."""

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator, self._ready = generator, iter(())

    def next(self) -> float:
        """Return the next one."""
        for number in self._ready:
            return number
        self._ready = iter(self._generator.random(_BLOCK).tolist())
        return next(self._ready)
