"""Memory of a training step, and what a competing process does to us."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import torch

from benchmarks.speed.layers import CELLS, Shape, first, on_threads, passes, twins
from benchmarks.speed.race import best, race
from benchmarks.speed.report import Table

# In a process of its own: the largest resident size grows over one step, after a small step has loaded and warmed everything.
CHILD = """
import sys, torch
from dataclasses import replace
from benchmarks.speed.layers import Shape, first, training, twins
cell, which, *sizes = sys.argv[1:]
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
torch.set_num_threads(1)
small, shape = Shape(4, 2, 8, 8), Shape(*map(int, sizes))
for one in (small, shape):
    module = twins(cell, one)[which != "torch"]
    if which == "recompute":
        module.options = replace(module.options, recompute=True)
    module.requires_grad_(True)
    x = torch.zeros(one.steps, one.batch, one.inputs)
    run = first(module)
    grad = torch.ones(one.steps, one.batch, one.hidden)
    x.requires_grad_()
    before = peak()
    run(x).backward(grad)
print((peak() - before) / 1024)
"""


def memory(quick: bool) -> list[Table]:
    """MiB above what stood before the step."""
    table = Table(
        title="Memory of a training step",
        note="MiB by which the process's largest resident size grows; 1 thread. recompute: ours with recompute=True.",
    )
    if not Path("/proc/self/status").exists():
        table.note = "Not measured: no /proc on this system."
        return [table]
    for shape in [Shape(50, 8, 32, 64)] if quick else [Shape(100, 32, 128, 128), Shape(200, 64, 512, 512), Shape(1000, 32, 64, 128)]:
        for cell in CELLS:
            sizes = [str(n) for n in (shape.steps, shape.batch, shape.inputs, shape.hidden)]
            found = {}
            for which in ("torch", "elman", "recompute"):
                done = subprocess.run([sys.executable, "-c", CHILD, cell, which, *sizes], capture_output=True, text=True, check=True)
                found[which] = float(done.stdout)
            table.add(shape=str(shape), cell=cell, **found, ratio=found["elman"] / max(found["torch"], 0.01))
    return [table]


def contention(quick: bool) -> list[Table]:
    """A process that spins on one core: two threads should not fall far behind one."""
    table = Table(title="Under a competing process", note="T = 100, I = H = 128, training step; ms; 2t/1t: loaded, two threads over one.")
    cases = [(cell, batch) for cell in CELLS for batch in (1, 32)]
    for cell, batch in cases[:1] if quick else cases:
        shape = Shape(10 if quick else 100, batch, 128, 128)
        theirs, ours = twins(cell, shape)
        x = torch.randn(shape.steps, shape.batch, shape.inputs)
        row = {}
        for state in ("quiet", "loaded"):
            rival = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if state == "loaded" else None
            try:
                calls = on_threads("torch", passes("training", first(theirs), x, theirs))
                found = race(calls + on_threads("elman", passes("training", first(ours), x, ours)), quick=quick, budget=4)
            finally:
                if rival is not None:
                    rival.kill()
                    rival.wait()
            row |= {f"{name.replace(' ', '_')}_{state}": best(found, name) * 1e3 for name in found}
        loaded = row["elman_2t_loaded"] / row["elman_1t_loaded"]
        table.add(cell=cell, batch=batch, **row, **{"2t/1t": loaded})
    return [table]
