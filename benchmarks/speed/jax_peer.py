"""JAX and Keras on JAX as candidates, jitted, in a process of their own; ``ELMAN_JAX_PYTHON`` names an interpreter that has them."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import torch

from benchmarks.speed.layers import GRID, Shape, first, on_threads, passes, twins
from benchmarks.speed.race import Candidate, race, ratio
from benchmarks.speed.report import Table

WORKER = Path(__file__).with_name("jax_worker.py")


TITLES = {"jax": "JAX lax.scan, unroll tuned", "keras": "Keras layer on JAX"}


def interpreter(peer: str) -> str | None:
    """An interpreter that can import JAX, or Keras."""
    named = os.environ.get("ELMAN_JAX_PYTHON")
    if named:
        found = subprocess.run(
            [named, "-c", f"import importlib.util as u; print(u.find_spec({peer!r}) is not None)"], capture_output=True, text=True
        )
        return named if found.stdout.strip() == "True" else None
    return sys.executable if all(importlib.util.find_spec(name) for name in {"jax", peer}) else None


class Worker:
    """A child that times on demand, so that rounds interleave across processes."""

    def __init__(self, python: str, threads: int) -> None:
        environment = os.environ | {"JAX_PLATFORMS": "cpu", "ELMAN_JAX_THREADS": str(threads)}
        self.process = subprocess.Popen([python, str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def clock(self, request: dict, repeats: int) -> float:
        self.process.stdin.write(json.dumps(request | {"repeats": repeats}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the JAX worker ended")
        return json.loads(line)["seconds"]

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(30)


def run(cell: str, quick: bool, peer: str = "jax", which: str = "forward") -> list[Table]:
    """Forward or gradient on the grid, without its largest shape; a section of its own each, for XLA compiles for long."""
    python = interpreter(peer)
    table = Table(title=f"{cell}, {which}, {TITLES[peer]}", note="ms; ratio: the peer's best of 1 and 2 threads over ours.")
    if python is None:
        table.note = f"Not measured: {peer} is not installed; ELMAN_JAX_PYTHON may name an interpreter that has it."
        return [table]
    workers = {n: Worker(python, n) for n in (1, 2)}
    try:
        for shape in [Shape(20, 2, 8, 8)] if quick else [s for s in GRID if s.hidden < 512]:
            x = torch.randn(shape.steps, shape.batch, shape.inputs)
            _, ours = twins(cell, shape)
            request = {"cell": cell, "shape": [shape.steps, shape.batch, shape.inputs, shape.hidden], "which": which}
            request |= {"peer": peer, "unrolls": [1] if quick or peer == "keras" else [1, 8]}
            calls = [
                Candidate(name=f"{peer} {n}t", call=lambda r, w=w, q=request: w.clock(q, r), threads=n, times_itself=True)
                for n, w in workers.items()
            ]
            found = race(calls + on_threads("elman", passes(which, first(ours), x, ours)), quick=quick, budget=1)
            row = {name.replace(" ", "_"): one.median * 1e3 for name, one in found.items()}
            table.add(shape=str(shape), which=which, **row, ratio=ratio(found, peer, "elman"))
    finally:
        for worker in workers.values():
            worker.close()
    return [table]
