"""ONNX Runtime as a candidate: torch's layer exported to a file in memory, when it is installed."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable

import torch

from benchmarks.speed.layers import GRID, Shape, first, forward, on_threads, twins
from benchmarks.speed.race import Candidate, race, ratio
from benchmarks.speed.report import Table


def session(cell: str, shape: Shape, threads: int) -> Callable[[], None] | None:
    """Something that runs the layer once on zeros states, or None without ONNX Runtime."""
    try:
        import onnxruntime
    except ImportError:
        return None
    theirs, _ = twins(cell, shape)
    x, file = torch.randn(shape.steps, shape.batch, shape.inputs), io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(theirs, (x,), file, dynamo=False, input_names=["x"], output_names=["y"])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0" if threads == 1 else "1")
    made = onnxruntime.InferenceSession(file.getvalue(), options, providers=["CPUExecutionProvider"])
    given = {"x": x.numpy()}
    return lambda: made.run(["y"], given)


def run(cell: str, quick: bool) -> list[Table]:
    """Forward on the grid."""
    table = Table(title=f"{cell}, ONNX Runtime, forward", note="ms; ratio: ONNX Runtime's best of 1 and 2 threads over ours.")
    for shape in [Shape(20, 2, 8, 8)] if quick else GRID:
        sessions = {n: session(cell, shape, n) for n in (1, 2)}
        if sessions[1] is None:
            return [Table(title=table.title, note="Not measured: onnxruntime is not installed.")]
        _, ours = twins(cell, shape)
        x = torch.randn(shape.steps, shape.batch, shape.inputs)
        calls = [Candidate(name=f"onnx {n}t", call=call, threads=n) for n, call in sessions.items()]
        found = race(calls + on_threads("elman", forward(first(ours), x)), quick=quick, budget=4)
        row = {name.replace(" ", "_"): one.median * 1e3 for name, one in found.items()}
        table.add(shape=str(shape), **row, ratio=ratio(found, "onnx", "elman"))
    return [table]
