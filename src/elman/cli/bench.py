"""``elman bench``: the speed of elman's layers beside torch's, here and now."""

from __future__ import annotations

import statistics
import time
from typing import Annotated, Any

import typer

from elman.cli.output import Output, table
from elman.cli.shared_options import Json, Quiet

SHAPES = ((1, 100, 64), (32, 100, 128), (64, 50, 256))
"""Batch, time and hidden size of each case; the input has the hidden size."""


def bench(
    *,
    cell: Annotated[str, typer.Option("--cell", help="lstm, gru or elman.")] = "lstm",
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="Times each case is run; the middle one counts.")] = 7,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Threads of torch and elman.")] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Time elman's layers beside torch's own, forward and with backward, in turns."""
    import torch

    from elman.errors import SettingError, did_you_mean

    names = {"lstm": "LSTM", "gru": "GRU", "elman": "RNN"}
    if cell not in names:
        raise SettingError(f"--cell is {cell!r}; it should be one of {', '.join(names)}.{did_you_mean(cell, names)}")
    if threads is not None:
        torch.set_num_threads(threads)
    rows = [row for shape in SHAPES for row in _case(names[cell], *shape, repeats)]
    header = ["batch", "time", "hidden", "pass", "torch ms", "elman ms", "ratio"]
    note = f"{cell}, torch {torch.__version__}, {torch.get_num_threads()} threads; ratio above 1: elman is faster"
    Output(json, quiet).result(
        {"cell": cell, "cases": [dict(zip(header, row, strict=True)) for row in rows]}, [*table(header, rows), *([] if quiet else [note])]
    )


def _case(name: str, batch: int, steps: int, hidden: int, repeats: int) -> list[list[Any]]:
    """Return a row for the forward pass and one with the backward pass."""
    import torch

    from elman import nn

    theirs = getattr(torch.nn, name)(hidden, hidden, batch_first=True)
    ours = getattr(nn, name)(hidden, hidden, batch_first=True)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(batch, steps, hidden, device="cpu")

    def forward(layer: Any) -> None:
        with torch.inference_mode():
            layer(x)

    def backward(layer: Any) -> None:
        layer(x)[0].sum().backward()

    rows = []
    for label, run in (("forward", forward), ("with backward", backward)):
        taken: dict[Any, list[float]] = {theirs: [], ours: []}
        for layer in (theirs, ours) * (repeats + 1):  # in turns, so that a busy moment hits both
            start = time.perf_counter()
            run(layer)
            taken[layer].append(time.perf_counter() - start)
        a, b = (statistics.median(taken[layer][1:]) * 1e3 for layer in (theirs, ours))
        rows.append([batch, steps, hidden, label, a, b, a / b])
    return rows
