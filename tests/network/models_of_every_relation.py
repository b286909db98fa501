"""One small random model of every relation, stem, attention, pooling and head, and how its rows are drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from elman.codecs import Binary, Continuous, Discrete, Pixels, Product, Rectangles
from elman.network import Network, SequenceModel, Sizes, build, plan
from elman.network.planning.side import Side

SYMBOLS, NUMBERS = Side("many", Discrete(6)), Side("many", Continuous(3))
PICTURE, FRAMES = Side("one", Pixels(1, 9, 7)), Side("many", Pixels(2, 5, 6))
STROKES = Side("many", Product({"xy": Continuous(2), "pen": Binary(1)}, {"xy": "many", "pen": "many"}))
RECORD = Side("many", Product({"text": Discrete(6), "age": Continuous(1)}, {"text": "many", "age": "one"}))
PAGES = Side("many", Product({"title": Discrete(6), "body": Discrete(6)}, {"title": "many", "body": "many"}))
CLASS, NUMBER, TAGS = Side("one", Discrete(11)), Side("one", Continuous(2)), Side("one", Binary(5))

Rng = np.random.Generator


def symbols(rng: Rng, n: int) -> np.ndarray:
    return rng.integers(0, 6, n)


def numbers(rng: Rng, n: int) -> np.ndarray:
    return rng.normal(size=(n, 3)).astype(np.float32)


def pictures(rng: Rng, n: int) -> np.ndarray:  # pictures have no length
    return rng.random((1, 9, 7)).astype(np.float32)


def frames(rng: Rng, n: int) -> np.ndarray:
    return rng.random((n, 2, 5, 6)).astype(np.float32)


def strokes(rng: Rng, n: int) -> dict[str, np.ndarray]:
    return {"xy": rng.normal(size=(n, 2)).astype(np.float32), "pen": rng.integers(0, 2, (n, 1)).astype(np.float32)}


def records(rng: Rng, n: int) -> dict[str, np.ndarray]:
    return {"text": symbols(rng, n), "age": rng.normal(size=1).astype(np.float32)}


def pages(rng: Rng, n: int) -> dict[str, np.ndarray]:
    return {"title": symbols(rng, rng.integers(0, 4)), "body": symbols(rng, n)}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A model and its rows; ``answers`` draws targets for models that judge one."""

    source: Side | None
    target: Side
    rows: Callable[[Rng, int], Any] | None = None
    align: str = "auto"
    answers: Callable[[Rng, int], Any] | None = None
    joined: bool = False
    options: dict[str, Any]

    def build(self, seed: int) -> SequenceModel:
        torch.manual_seed(seed)
        settings = Network(**{"hidden_size": 8 + seed // 10 % 5, "embedding_size": 8, **self.options})
        sizes = Sizes(rows=10, source_max=9, target_max=5, equal_lengths=self.align == "step", joined=self.joined)
        return build(plan(self.source, self.target, settings, examples=sizes, align=self.align)).eval()


def case(source: Side | None, target: Side, rows: Any = None, align: str = "auto", *, answers: Any = None, **options: Any) -> Case:
    joined = options.pop("joined", False)
    return Case(source=source, target=target, rows=rows, align=align, answers=answers, joined=joined, options=options)


CASES: dict[str, Case] = {
    **{f"summary, {kind}": case(SYMBOLS, CLASS, symbols, pooling=kind) for kind in ("last", "mean", "max", "attention", "concat")},
    **{f"number, {kind}": case(NUMBERS, NUMBER, numbers, head=kind) for kind in ("point", "gaussian", "student_t", "quantile")},
    "tags": case(SYMBOLS, TAGS, symbols, cell="elman"),
    "one to one": case(Side("one", Continuous(3)), CLASS, lambda rng, n: numbers(rng, 1)[0]),
    "picture": case(PICTURE, CLASS, pictures, stem="conv"),
    "boxes": case(PICTURE, Side("many", Rectangles(2)), pictures, embedding_size=16),
    "frames": case(FRAMES, CLASS, frames, stem="conv"),
    "strokes": case(STROKES, NUMBER, strokes),
    "record": case(RECORD, CLASS, records),
    "pages": case(PAGES, CLASS, pages, joined=True),
    "step": case(NUMBERS, SYMBOLS, numbers, "step", cell="gru", num_layers=2, bidirectional=True),
    "step of numbers": case(NUMBERS, Side("many", Continuous(2)), numbers, "step", layer_norm=True, zoneout=0.1),
    **{
        f"{kind}": case(SYMBOLS, SYMBOLS, symbols, "attention", answers=symbols, attention=kind) for kind in ("general", "additive", "none")
    },
    "dot": case(SYMBOLS, SYMBOLS, symbols, "attention", answers=symbols, attention="dot", bidirectional=False),
    "input feeding": case(NUMBERS, SYMBOLS, numbers, "attention", answers=symbols, input_feeding=True, num_layers=2),
    "numbers out": case(SYMBOLS, Side("many", Continuous(2)), symbols, "attention", head="gaussian"),
    "caption": case(PICTURE, SYMBOLS, pictures, answers=symbols),
    "caption, additive": case(PICTURE, SYMBOLS, pictures, answers=symbols, attention="additive", cell="gru"),
    "caption, one vector": case(PICTURE, SYMBOLS, pictures, answers=symbols, attention="none"),
    "numbers of a picture": case(PICTURE, Side("many", Continuous(4)), pictures),
    "ctc": case(NUMBERS, SYMBOLS, numbers, "ctc"),
    "ctc, strided": case(NUMBERS, SYMBOLS, numbers, "ctc", stem="conv", time_stride=2),
    "ctc, plane": case(NUMBERS, SYMBOLS, numbers, "ctc", stem="conv2d", time_stride=4),
    "language model": case(None, SYMBOLS, answers=symbols, num_layers=2, tie_weights=True, hidden_size=8),
}
