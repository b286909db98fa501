"""Single steps: our stream against torch's *Cell, NumPy and tensors in and out, one thread."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.speed import onnx_peer
from benchmarks.speed.layers import CELLS, Shape
from benchmarks.speed.race import Candidate, race, ratio
from benchmarks.speed.report import Table
from elman import nn


def run(quick: bool) -> list[Table]:
    """Microseconds per step at H = 32, 128, 512."""
    table = Table(title="Streams, one step", note="µs, 1 thread, I = H; torch: the *Cell under inference_mode, its state kept.")
    for cell in CELLS:
        for hidden in (8,) if quick else (32, 128, 512):
            layer, torchs = nn.layer(CELLS[cell])(hidden, hidden), getattr(torch.nn, cell + "Cell")(hidden, hidden)
            stream, tensor, array = layer.stream(), torch.randn(1, hidden), np.random.default_rng(0).random((1, hidden), np.float32)
            calls = [
                Candidate(name="torch tensor", call=_cell(torchs, tensor)),
                Candidate(name="torch numpy", call=_cell(torchs, array)),
                Candidate(name="elman tensor", call=lambda stream=stream, x=tensor: stream.step(x)),
                Candidate(name="elman numpy", call=lambda stream=stream, x=array: stream.step(x)),
                *_into_buffer(layer, array),
            ]
            session = onnx_peer.session(cell, Shape(1, 1, hidden, hidden), 1)
            if session is not None:
                calls.append(Candidate(name="onnx numpy", call=session))
            found = race(calls, quick=quick, budget=1.5)
            table.add(
                cell=cell,
                hidden=hidden,
                **{name.replace(" ", "_"): one.median * 1e6 for name, one in found.items()},
                numpy_ratio=ratio(found, "torch numpy", "elman numpy"),
                tensor_ratio=ratio(found, "torch tensor", "elman tensor"),
            )
    return [table]


def _cell(cell, x):
    state = [None]

    def call() -> None:
        with torch.inference_mode():
            state[0] = cell(torch.from_numpy(x) if isinstance(x, np.ndarray) else x, state[0])
            if isinstance(x, np.ndarray):
                (state[0][0] if isinstance(state[0], tuple) else state[0]).numpy()

    return call


def _into_buffer(layer, x) -> list[Candidate]:
    """The compiled step itself, into the caller's array."""
    try:
        from elman.kernels.stream import Stepper
    except ImportError:
        return []
    from elman.nn import stack

    state = tuple(torch.zeros(1, 1, layer.hidden_size) for _ in layer.cell.states)
    stepper, out = Stepper(stack.step_calls(layer, state)), np.empty((1, layer.hidden_size), np.float32)
    return [Candidate(name="elman buffer", call=lambda: stepper.step(x, out))]
