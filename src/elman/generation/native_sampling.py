"""Writing: a language model on the CPU, symbol by symbol, with its weights packed once and little else between two symbols.

A network of this size answers in microseconds, so the overhead around it counts: the recurrent layers are a native stream,
the head is one product a row, and a symbol is drawn with a handful of NumPy calls. Every row is computed by itself after the layers,
so that it gives the same alone and in any batch.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from elman.kernels.draw import Drawer
from elman.network.decoders.autoregressive import AutoregressiveDecoder, DecoderState
from elman.network.heads import AdaptiveHead, SoftmaxHead

if TYPE_CHECKING:
    from elman.generation.sampling import Sampling

Row = np.ndarray
_BLOCK = 64
"""Uniform numbers drawn at a time from a row's generator."""


def can_write(decoder: AutoregressiveDecoder, state: DecoderState) -> bool:
    """Return whether a decoder is a plain language model on the CPU."""
    plain = state.memory is None and state.context is None and state.feed is None and decoder.attention is None
    present = isinstance(decoder.head, SoftmaxHead | AdaptiveHead) and decoder.feedback.symbols is not None
    here = isinstance(state.last, Tensor) and state.last.device.type == "cpu" and len(state.last) > 0
    return plain and present and here and state.recurrent is not None and hasattr(decoder.layers, "stream")


class Writer:
    """Rows of text that go on from a state.

    Parameters
    ----------
    decoder : AutoregressiveDecoder
        One that :func:`can_write` agrees to.
    state : DecoderState
        N rows, after their prompts.
    sampling : Sampling
        How symbols are drawn; without rules of its own.
    """

    def __init__(self, decoder: AutoregressiveDecoder, state: DecoderState, sampling: Sampling) -> None:
        self.layers: Any = decoder.layers
        symbols: Any = decoder.feedback.symbols
        self.vectors: np.ndarray = symbols.weight.detach().numpy()
        self.end = len(self.vectors) - 1
        self.score, bias = _scorer(decoder.head)
        self.draw = self._drawing(bias, list(decoder.banned), sampling)
        self.last: list[int] = state.last.tolist()
        recurrent = state.recurrent
        self._open(recurrent if isinstance(recurrent, tuple) else (recurrent,))  # type: ignore[arg-type]  # can_write: there is one

    def _drawing(self, bias: Row, banned: list[int], sampling: Sampling) -> Callable[[Row, float], int]:
        """Return how a class is drawn from a row of scores without their bias."""
        bias[banned] = -np.inf
        return drawing(bias, sampling)

    def _open(self, tensors: tuple[Tensor, ...]) -> None:
        self.stream = self.layers.stream(len(self.last))
        self.stream.state.tensors = tuple(t.clone() for t in tensors)

    def keep(self, rows: list[int]) -> None:
        """Go on with these rows only."""
        tensors = tuple(t[:, rows] for t in self.stream.state.tensors)
        self.last = [self.last[row] for row in rows]
        self._open(tensors)

    def step(self) -> np.ndarray:
        """Read the last symbol of every row; return the input of the head, (N, H)."""
        return self.stream.step(self.vectors[self.last])

    def say(self, place: int, features: np.ndarray, uniform: float) -> int:  # noqa: ARG002  # rows are alike here
        """Draw the next symbol of the row at a place from the input of the head, (H,)."""
        return self.draw(self.score(features), uniform)

    def alone(self, uniform: Iterator[float], limit: int) -> Iterator[int]:
        """Write one row: :func:`write` without the bookkeeping of several rows."""
        step, vectors, score, draw, end = self.stream.step, self.vectors, self.score, self.draw, self.end
        symbol = self.last[0]
        for number in itertools.islice(uniform, limit):
            symbol = draw(score(step(vectors[symbol : symbol + 1])[0]), number)
            if symbol == end:
                return
            yield symbol


def drawing(bias: Row, sampling: Sampling) -> Callable[[Row, float], int]:
    """Return how a class is drawn from a row of scores without its bias, (V,): compiled where that can, else by NumPy."""
    temperature, top_k, top_p = sampling.temperature, sampling.top_k, sampling.top_p
    if temperature and top_k is None and (top_p is None or top_p == 1):
        with suppress(ImportError):  # the compiled module was not built
            compiled, cold = Drawer(bias).draw, float(temperature)
            return lambda scores, uniform: compiled(scores, uniform, cold)
    return lambda scores, uniform: draw(scores + bias, uniform, temperature=temperature, top_k=top_k, top_p=top_p)


def _scorer(head: Any) -> tuple[Callable[[Row], Row], Row]:
    """Return the head as a function of one row of features, and the bias still to be added. The row it gives is used again."""
    if isinstance(head, AdaptiveHead):
        return _adaptive(head), np.zeros(head.n, _numpy(head.bias).dtype)
    linear = head.output.linear
    weight, project = _numpy(linear.weight), _projection(head.output.projection)
    row, product = np.empty(len(weight), weight.dtype), np.dot
    if head.output.projection is None:
        return lambda features: product(weight, features, row), _numpy(linear.bias).copy()
    return lambda features: product(weight, project(features), row), _numpy(linear.bias).copy()


def _adaptive(head: AdaptiveHead) -> Callable[[Row], Row]:
    """Return a head in bands as a function of one row: the frequent classes and bands, then each band within its own."""
    with torch.no_grad():
        (first_weight, first_bias), *inside = ((_numpy(w), _numpy(b)) for w, b in head.parts())
    narrow, project, first, n = [_projection(part) for part in head.narrow], _projection(head.projection), head.cutoffs[0], head.n

    row = np.empty(n, first_bias.dtype)

    def score(features: Row) -> Row:
        """Write each part in the places of its classes; the last class comes first among the frequent ones."""
        x = project(features)
        frequent = first_weight @ x + first_bias
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


def write(writer: Writer, draws: list[np.random.Generator], limits: list[int]) -> Iterator[dict[int, int]]:
    """Yield, step by step, the newest symbol of each row that goes on."""
    uniforms, left = [uniform(generator) for generator in draws], list(limits)
    rows = list(range(len(limits)))  # which row is at each place of the writer
    alive = [place for place, row in enumerate(rows) if limits[row] > 0]
    while alive:
        drawn, features, going = {}, writer.step(), []
        for place in alive:
            row = rows[place]
            symbol = writer.say(place, features[place], next(uniforms[row]))
            if symbol == writer.end:
                continue
            drawn[row] = writer.last[place] = symbol
            left[row] -= 1
            if left[row]:
                going.append(place)
        if drawn:
            yield drawn
        alive = going
        if alive and len(alive) * 2 <= len(rows):  # rows that are over cost as much as the others
            writer.keep(alive)
            rows, alive = [rows[place] for place in alive], list(range(len(alive)))


def uniform(generator: np.random.Generator) -> Iterator[float]:
    """Yield uniform numbers one by one, drawn in blocks: as many calls of one give the same."""
    while True:
        yield from generator.random(_BLOCK).tolist()
