"""Share of the machine's own sgemm rate; cost per step as T and B grow; a convolution of equal parameters."""

from __future__ import annotations

import torch

from benchmarks.speed.layers import PASSES, Shape, first, on_threads, passes, twins
from benchmarks.speed.race import best, race, ratio
from benchmarks.speed.report import Table


def sgemm(cell: str, quick: bool) -> list[Table]:
    """Our rate over torch.mm's, raced in the same rounds."""
    table = Table(title=f"{cell}, share of the sgemm rate", note="GFLOP/s, best of 1 and 2 threads; sgemm: torch.mm of 2048³.")
    size = 128 if quick else 2048
    a, b = torch.randn(size, size), torch.randn(size, size)
    for shape in [Shape(10, 4, 16, 16)] if quick else [Shape(100, 32, 256, 256), Shape(200, 64, 512, 512)]:
        x = torch.randn(shape.steps, shape.batch, shape.inputs)
        _, ours = twins(cell, shape)
        for which in PASSES:
            found = race(
                on_threads("mm", lambda: torch.mm(a, b)) + on_threads("elman", passes(which, first(ours), x, ours)), quick=quick, budget=8
            )
            own, machine = shape.flops(cell, which) / best(found, "elman"), 2.0 * size**3 / best(found, "mm")
            table.add(shape=str(shape), which=which, elman=own / 1e9, sgemm=machine / 1e9, share=own / machine)
    return [table]


def growth(cell: str, quick: bool) -> list[Table]:
    """Cost of a step of one sequence as T and as B grow; dearer: over the cheapest of its column."""
    by_length = Table(title=f"{cell}, cost per step as T grows", note="B = 8, I = 16, H = 32; µs per step of the batch.")
    by_batch = Table(title=f"{cell}, cost per step as B grows", note="T = 100, I = H = 128; µs per step and sequence.")
    lengths, batches = ((10, 20), (1, 2)) if quick else ((100, 1000, 10_000, 100_000), (1, 8, 32, 128, 512))
    for which in PASSES:
        _per_unit(by_length, cell, which, [(Shape(t, 8, 16, 32), t) for t in lengths], quick)
        _per_unit(by_batch, cell, which, [(Shape(20 if quick else 100, b, 128, 128), 100 * b) for b in batches], quick)
    return [by_length, by_batch]


def _per_unit(table: Table, cell: str, which: str, cases: list[tuple[Shape, int]], quick: bool) -> None:
    costs = {}
    for shape, units in cases:
        x = torch.randn(shape.steps, shape.batch, shape.inputs)
        _, ours = twins(cell, shape)
        found = race(on_threads("elman", passes(which, first(ours), x, ours)), quick=quick, budget=1)
        costs[f"{shape.steps},{shape.batch}"] = best(found, "elman") / units * 1e6
    values = list(costs.values())
    table.add(cell=cell, which=which, **costs, last_over_cheapest=values[-1] / min(values))


class Convolution(torch.nn.Module):
    """A causal convolution of two taps, 128 to 128 channels: 33 thousand weights, as an Elman network of 128 units."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = torch.nn.Conv1d(128, 128, 2, padding=1)

    def forward(self, x):
        return torch.tanh(self.conv(x)[..., :-1]), None


def convolution(quick: bool) -> list[Table]:
    """The Elman RNN beside it."""
    table = Table(title="Elman RNN against a 1-D convolution", note="H = 128, B = 32, 33 k weights each; ms; ratio: convolution over ours.")
    for steps in (10,) if quick else (100, 200, 400):
        shape = Shape(steps, 32, 128, 128)
        theirs, ours = twins("RNN", shape)
        conv, x = Convolution(), torch.randn(steps, 32, 128)
        for which in PASSES:
            channels = x.permute(1, 2, 0).contiguous()
            calls = on_threads("conv", passes(which, first(conv), channels, conv)) + on_threads(
                "torch", passes(which, first(theirs), x, theirs)
            )
            found = race(calls + on_threads("elman", passes(which, first(ours), x, ours)), quick=quick)
            row = {name: best(found, name) * 1e3 for name in ("conv", "torch", "elman")}
            table.add(T=steps, which=which, **row, ratio=ratio(found, "conv", "elman"))
    return [table]
