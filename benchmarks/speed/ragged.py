"""Packed batches of different lengths against torch's packed and padded layers, one training step each."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from benchmarks.speed.grid import twins
from benchmarks.speed.race import best_of_threads

CASES = ((100, 10, 32, 64), (100, 10, 128, 128), (400, 10, 128, 128), (1000, 100, 64, 128))  # T, shortest, I, H
BATCH = 32


def run(threads: tuple[int, ...], seconds: float, kinds: tuple[str, ...]) -> list[dict]:
    """Race; ``step`` is our cost per real step relative to a full batch's."""
    rows = []
    for longest, shortest, inputs, hidden in CASES:
        lengths = torch.randint(shortest, longest + 1, (BATCH,), generator=torch.Generator().manual_seed(0))
        padded = torch.randn(longest, BATCH, inputs)
        packed = pack_padded_sequence(padded, lengths, enforce_sorted=False)
        for kind in kinds:
            modules = twins(kind, inputs, hidden)
            runners = {name: _step(module, packed) for name, module in modules.items()}
            runners |= {"torch padded": _step(modules["torch"], padded), "elman full": _step(modules["elman"], padded)}
            spent = best_of_threads(runners, threads, seconds)
            share = float(lengths.sum()) / (longest * BATCH)
            rows.append(
                {
                    "lengths": f"{shortest}..{longest}",
                    "I,H": f"{inputs},{hidden}",
                    "kind": kind,
                    "ms": spent["elman"],
                    "torch/elman": spent["torch"] / spent["elman"],
                    "torch padded/elman": spent["torch padded"] / spent["elman"],
                    "step": spent["elman"] / share / spent["elman full"],
                }
            )
    return rows


def _step(module: torch.nn.Module, value: torch.Tensor | PackedSequence) -> Callable[[], object]:
    def run() -> object:
        output = module(value)[0]
        (output.data if isinstance(output, PackedSequence) else output).sum().backward()
        module.zero_grad()
        return None

    return run
