"""Twins: torch's layer and ours over equal weights, and the two things measured of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks.speed.race import Candidate
from elman import nn

CELLS = {"RNN": "elman", "GRU": "gru", "LSTM": "lstm"}
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
PASSES = ("forward", "training")
THREADS = (1, 2)


@dataclass(frozen=True)
class Shape:
    """T steps, B sequences, I inputs, H hidden units."""

    steps: int
    batch: int
    inputs: int
    hidden: int

    def __str__(self) -> str:
        return f"{self.steps},{self.batch},{self.inputs},{self.hidden}"

    def flops(self, cell: str, which: str, rows: int | None = None) -> float:
        """Products only, two operations each; training counts three forwards."""
        rows = self.steps * self.batch if rows is None else rows
        return 2.0 * rows * GATES[cell] * self.hidden * (self.inputs + self.hidden) * (3 if which == "training" else 1)


GRID = [
    Shape(*s)
    for s in (
        *((100, 1, 32, 32), (100, 1, 128, 128), (100, 32, 32, 64), (100, 32, 128, 128)),
        *((100, 32, 256, 256), (200, 64, 512, 512), (1000, 8, 16, 32), (50, 256, 64, 128)),
    )
]


def twins(cell: str, shape: Shape) -> tuple[torch.nn.Module, torch.nn.Module]:
    """Torch's layer and ours, equal weights."""
    torch.manual_seed(0)
    theirs = getattr(torch.nn, cell)(shape.inputs, shape.hidden)
    ours = nn.layer(CELLS[cell])(shape.inputs, shape.hidden)
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours


def forward(run: Callable[[Tensor], Tensor], x: Tensor) -> Callable[[], None]:
    """Inference."""

    def call() -> None:
        with torch.inference_mode():
            run(x)

    return call


def training(run: Callable[[Tensor], Tensor], x: Tensor, module: torch.nn.Module) -> Callable[[], None]:
    """Forward and backward to all weights and to the input; the optimizer's step is left out."""
    x = x.clone().requires_grad_()
    parameters = list(module.parameters())
    with torch.no_grad():
        grad = torch.ones_like(run(x))

    def call() -> None:
        for p in parameters:
            p.grad = None
        x.grad = None
        run(x).backward(grad)

    return call


def passes(which: str, run: Callable[[Tensor], Tensor], x: Tensor, module: torch.nn.Module) -> Callable[[], None]:
    return forward(run, x) if which == "forward" else training(run, x, module)


def on_threads(name: str, call: Callable, threads: tuple[int, ...] = THREADS) -> list[Candidate]:
    """One candidate per thread count."""
    return [Candidate(name=f"{name} {n}t", call=call, threads=n) for n in threads]


def first(module: torch.nn.Module) -> Callable[[Tensor], Tensor]:
    return lambda x: module(x)[0]
