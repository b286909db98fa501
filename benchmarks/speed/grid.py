"""The grid: torch.nn against elman.nn, forward and training step, one and two threads."""

from __future__ import annotations

import statistics

import torch

from benchmarks.speed.layers import GRID, PASSES, Shape, first, on_threads, passes, twins
from benchmarks.speed.race import best, race, ratio
from benchmarks.speed.report import Table


def run(cell: str, quick: bool) -> list[Table]:
    """One table per pass for a cell."""
    tables = []
    for which in PASSES:
        table = Table(title=f"{cell}, {which}", note="T,B,I,H; ms; ratio: torch's best of 1 and 2 threads over ours.")
        for shape in [Shape(20, 2, 8, 8), Shape(30, 4, 16, 32)] if quick else GRID:
            x = torch.randn(shape.steps, shape.batch, shape.inputs)
            theirs, ours = twins(cell, shape)
            calls = on_threads("torch", passes(which, first(theirs), x, theirs)) + on_threads("elman", passes(which, first(ours), x, ours))
            found = race(calls, quick=quick)
            row = {name.replace(" ", "_"): one.median * 1e3 for name, one in found.items()}
            table.add(
                shape=str(shape),
                **row,
                GFLOPs=shape.flops(cell, which) / best(found, "elman") / 1e9,
                ratio_1t=ratio(found, "torch 1t", "elman 1t"),
                ratio=ratio(found, "torch", "elman"),
            )
        ratios = [row["ratio"] for row in table.rows]
        table.note += f" Least {min(ratios):.2f}, median {statistics.median(ratios):.2f}."
        tables.append(table)
    return tables
