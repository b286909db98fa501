"""Ragged batches: torch packed and torch padded against ours, sorting and unpacking included; and the cost of a real step."""

from __future__ import annotations

import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from benchmarks.speed.layers import PASSES, Shape, first, on_threads, passes, twins
from benchmarks.speed.race import best, race, ratio
from benchmarks.speed.report import Table

SHORT = [(10, Shape(100, 32, 32, 64)), (10, Shape(100, 32, 128, 128)), (10, Shape(400, 32, 128, 128)), (10, Shape(100, 32, 256, 256))]
LONG = [(100, Shape(1000, 32, 64, 128))]


def run(cell: str, quick: bool, long: bool = False) -> list[Table]:
    """Lengths 10…T, or 100…1000."""
    cases = [(2, Shape(20, 4, 8, 8))] if quick else LONG if long else SHORT
    table = Table(title=f"{cell}, ragged {'100…1000' if long else '10…T'}", note="ms; per real step: ours ragged over ours full, per row.")
    for shortest, shape in cases:
        source = torch.Generator().manual_seed(0)
        lengths = torch.randint(shortest, shape.steps + 1, (shape.batch,), generator=source)
        lengths[0] = shape.steps
        x = torch.randn(shape.steps, shape.batch, shape.inputs)
        theirs, ours = twins(cell, shape)

        def packed(x, module=theirs, lengths=lengths):
            return pad_packed_sequence(module(pack_padded_sequence(x, lengths, enforce_sorted=False))[0])[0]

        def ragged(x, module=ours, lengths=lengths):
            return module(x, lengths=lengths)[0]

        threads = (2,) if long else (1, 2)
        for which in PASSES:
            calls = on_threads("packed", passes(which, packed, x, theirs), threads)
            calls += on_threads("padded", passes(which, first(theirs), x, theirs))
            calls += on_threads("elman", passes(which, ragged, x, ours)) + on_threads("full", passes(which, first(ours), x, ours))
            found = race(calls, quick=quick, budget=6)
            share = float(lengths.sum()) / x[..., 0].numel()
            table.add(
                shape=str(shape),
                which=which,
                fill=share,
                packed=best(found, "packed") * 1e3,
                padded=best(found, "padded") * 1e3,
                elman=best(found, "elman") * 1e3,
                packed_over_elman=ratio(found, "packed", "elman"),
                padded_over_elman=ratio(found, "padded", "elman"),
                per_real_step=ratio(found, "elman", "full") / share,
            )
    return [table]
