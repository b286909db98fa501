"""Many independent streams stepped together: our pool against torch's *Cell over one stacked batch, one and two threads."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.speed.layers import CELLS, on_threads
from benchmarks.speed.race import best, race, ratio
from benchmarks.speed.report import Table
from elman import nn

MEMBERS = (1, 100, 1_000, 10_000)


def run(quick: bool) -> list[Table]:
    """Streams stepped a second, by how many are in and stepped each tick."""
    note = (
        "I = H; thousand streams stepped a second, best of 1 and 2 threads; torch: the *Cell over a stacked batch of just these streams, "
    )
    note += "under inference_mode; ours: each in a place of a larger pool, in an order of its own."
    table = Table(title="A pool of streams, one tick", note=note)
    for cell in CELLS:
        for hidden in (8,) if quick else (32, 128):
            for members in (1, 20) if quick else MEMBERS:
                x = torch.randn(members, hidden)
                calls = on_threads("torch", _cell(getattr(torch.nn, cell + "Cell")(hidden, hidden), x))
                calls += on_threads("elman", _pool(nn.layer(CELLS[cell])(hidden, hidden), x))
                found = race(calls, quick=quick, budget=1.2)
                rates = {name: members / best(found, name) / 1e3 for name in ("torch", "elman")}
                table.add(cell=cell, hidden=hidden, streams=members, **rates, ratio=ratio(found, "torch", "elman"))
    return [table]


def _pool(layer, x):
    pool, members = nn.StreamPool(layer), len(x)
    ids = np.random.default_rng(0).permutation(pool.join(2 * members))[:members]

    def call() -> None:
        pool.step(ids, x)

    return call


def _cell(cell, x):
    state = [None]

    def call() -> None:
        with torch.inference_mode():
            state[0] = cell(x, state[0])

    return call
