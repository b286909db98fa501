"""Whole sequences of equal lengths: RNN, GRU and LSTM, forward and one training step, against torch.nn and ONNX Runtime."""

from __future__ import annotations

import statistics
from collections.abc import Callable

import torch

import elman
from benchmarks.speed.peers import onnx_runner
from benchmarks.speed.race import best_of_threads

SHAPES = (
    (100, 1, 32, 32),
    (100, 1, 128, 128),
    (100, 32, 32, 64),
    (100, 32, 128, 128),
    (100, 32, 256, 256),
    (200, 64, 512, 512),
    (1000, 8, 16, 32),
    (50, 256, 64, 128),
)
KINDS = {"RNN": 1, "GRU": 3, "LSTM": 4}


def twins(kind: str, inputs: int, hidden: int) -> dict[str, torch.nn.Module]:
    """torch's layer and ours with the same weights."""
    theirs = getattr(torch.nn, kind)(inputs, hidden)
    ours = getattr(elman.nn, kind)(inputs, hidden)
    ours.load_state_dict(theirs.state_dict())
    return {"elman": ours, "torch": theirs}


def forward(module: torch.nn.Module, x: torch.Tensor) -> Callable[[], object]:
    """One forward pass without gradients."""

    @torch.inference_mode()
    def run() -> object:
        return module(x)[0]

    return run


def training_step(module: torch.nn.Module, x: torch.Tensor, grad: torch.Tensor) -> Callable[[], object]:
    """Forward and backward, gradients of input and weights."""
    x = x.clone().requires_grad_()

    def run() -> object:
        torch.autograd.backward(module(x)[0], grad)
        module.zero_grad()
        x.grad = None
        return None

    return run


def run(threads: tuple[int, ...], seconds: float, kinds: tuple[str, ...], shapes: tuple[tuple[int, ...], ...] = SHAPES) -> list[dict]:
    """Race the grid; one row per shape, kind and pass."""
    rows = []
    for steps, batch, inputs, hidden in shapes:
        for kind in kinds:
            modules, x = twins(kind, inputs, hidden), torch.randn(steps, batch, inputs)
            grad = torch.randn(steps, batch, hidden)
            flops = 2e-6 * steps * batch * KINDS[kind] * hidden * (inputs + hidden)
            passes = {
                "forward": {name: forward(module, x) for name, module in modules.items()} | onnx_runner(modules["torch"], x),
                "training": {name: training_step(module, x, grad) for name, module in modules.items()},
            }
            for name, runners in passes.items():
                spent = best_of_threads(runners, threads, seconds)
                work = flops * (3 if name == "training" else 1)
                row = {"shape": f"{steps},{batch},{inputs},{hidden}", "kind": kind, "pass": name, "ms": spent["elman"]}
                row |= {"GFLOP/s": work / spent["elman"]} | {
                    f"{peer}/elman": ms / spent["elman"] for peer, ms in spent.items() if peer != "elman"
                }
                rows.append(row)
    return rows


def summary(rows: list[dict]) -> list[dict]:
    """Smallest and median ratio to torch for each kind and pass."""
    found = []
    for kind in KINDS:
        for name in ("forward", "training"):
            ratios = [row["torch/elman"] for row in rows if row["kind"] == kind and row["pass"] == name]
            if ratios:
                found.append({"kind": kind, "pass": name, "least": min(ratios), "median": statistics.median(ratios), "most": max(ratios)})
    return found
