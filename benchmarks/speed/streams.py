"""Single steps of one sequence: our stepper on NumPy and on tensors against torch's cells and ONNX Runtime, one thread."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from benchmarks.speed.grid import twins
from benchmarks.speed.peers import onnx_runner
from benchmarks.speed.race import race, threads_set
from elman import cells
from elman.kernels.call import Call
from elman.kernels.stream import Stepper

SIZES = (32, 128, 512)
CELLS = {"RNN": "elman", "GRU": "gru", "LSTM": "lstm"}
REPEATS = 50


def run(seconds: float, kinds: tuple[str, ...]) -> list[dict]:
    """Race; times in microseconds per step."""
    rows = []
    for hidden in SIZES:
        for kind in kinds:
            cell = getattr(torch.nn, f"{kind}Cell")(hidden, hidden)
            x = torch.randn(1, hidden)
            stepper = _stepper(kind, cell, x)
            array, out = x.numpy(), np.empty((1, hidden), np.float32)
            runners = {
                "NumPy, own buffer": _often(lambda stepper=stepper, array=array, out=out: stepper.step(array, out)),
                "NumPy": _often(lambda stepper=stepper, array=array: stepper.step(array)),
                "tensor": _often(lambda stepper=stepper, x=x: stepper.step(x)),
                "torch": _often(torch.inference_mode()(_cell_step(cell, x, kind))),
            }
            runners |= {name: _often(run) for name, run in onnx_runner(twins(kind, hidden, hidden)["torch"], x[None]).items()}
            with threads_set(1):
                spent = {name: 1e3 * ms / REPEATS for name, ms in race(runners, seconds).items()}
            rows.append(
                {"H": hidden, "kind": kind, **spent} | {f"torch/{name}": spent["torch"] / spent[name] for name in list(runners)[:3]}
            )
    return rows


def _often(run: Callable[[], object]) -> Callable[[], object]:
    def repeated() -> object:
        for _ in range(REPEATS):
            run()
        return None

    return repeated


def _cell_step(cell: torch.nn.Module, x: torch.Tensor, kind: str) -> Callable[[], object]:
    zero = torch.zeros(1, cell.weight_hh.shape[1])
    state = (zero, zero) if kind == "LSTM" else zero
    return lambda: cell(x, state)


def _stepper(kind: str, cell: torch.nn.Module, x: torch.Tensor) -> Stepper:
    description = cells.get(CELLS[kind])
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    state = tuple(torch.zeros(1, cell.weight_hh.shape[1]) for _ in description.states)
    weights = {name: getattr(cell, name).data for name in names}
    return Stepper([Call(cell=description, x=x, batch_sizes=torch.tensor([1]), state=state, **weights)])
