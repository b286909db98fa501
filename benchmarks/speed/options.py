"""Cost of options beside the plain layer, of backpropagation through time alone, and of a call with nothing to do."""

from __future__ import annotations

import torch

from benchmarks.speed.layers import CELLS, PASSES, Shape, first, on_threads, passes, twins
from benchmarks.speed.race import Candidate, best, race, ratio
from benchmarks.speed.report import Table
from elman import nn

OPTIONS = {
    "zoneout": {"zoneout": 0.1},
    "recurrent dropout": {"recurrent_dropout": 0.2},
    "both": {"zoneout": 0.1, "recurrent_dropout": 0.2},
    "layer norm": {"layer_norm": True},
}


def run(quick: bool) -> list[Table]:
    """Options against the plain layer, masks drawn anew in every training step."""
    table = Table(title="Options", note="ms; over plain: with the option over without, best of 1 and 2 threads.")
    shape = Shape(10, 4, 16, 16) if quick else Shape(100, 32, 128, 128)
    x = torch.randn(shape.steps, shape.batch, shape.inputs)
    for cell in CELLS:
        layers = {"plain": twins(cell, shape)[1]}
        layers |= {name: nn.layer(CELLS[cell])(shape.inputs, shape.hidden, **extra) for name, extra in OPTIONS.items()}
        for which in PASSES:
            for layer in layers.values():
                layer.train(which == "training")
            calls = [one for name, layer in layers.items() for one in on_threads(name, passes(which, first(layer), x, layer))]
            found = race(calls, quick=quick, budget=5)
            for name in OPTIONS:
                row = {"plain": best(found, "plain") * 1e3, "with it": best(found, name) * 1e3}
                table.add(cell=cell, which=which, option=name, **row, over_plain=ratio(found, name, "plain"))
    return [table]


def backward(quick: bool) -> list[Table]:
    """Only the gradient of the initial state is asked for: no product but those of the walk through time."""
    table = Table(title="Backpropagation through time alone", note="GFLOP/s of the walk; a step without it is taken off.")
    shape = Shape(10, 4, 16, 16) if quick else Shape(100, 32, 128, 128)
    work = shape.flops("RNN", "forward") / 2  # one product of H by H a step
    for cell, gates in (("RNN", 1), ("GRU", 3), ("LSTM", 4)):
        layer = twins(cell, shape)[1].requires_grad_(False)
        x, h = torch.randn(shape.steps, shape.batch, shape.inputs), torch.zeros(1, shape.batch, shape.hidden, requires_grad=True)
        state, grad = (h, torch.zeros_like(h)) if cell == "LSTM" else h, torch.ones(shape.steps, shape.batch, shape.hidden)

        def there(layer=layer, x=x, state=state):
            return layer(x, state)[0]

        def back(there=there, grad=grad, h=h):
            return torch.autograd.grad(there(), h, grad)

        found = race(on_threads("there", there) + on_threads("back", back), quick=quick)
        for n in (1, 2):
            seconds = found[f"back {n}t"].median - found[f"there {n}t"].median
            table.add(cell=cell, threads=n, ms=seconds * 1e3, GFLOPs=work * gates / seconds / 1e9)
    return [table]


def overhead(quick: bool) -> list[Table]:
    """One step of one sequence of 32 units: hardly any work, all call."""
    table = Table(
        title="Cost of a call", note="µs, T = B = 1, I = H = 32, 1 thread; function: an empty autograd.Function of as many tensors."
    )
    shape = Shape(1, 1, 32, 32)
    x = torch.randn(1, 1, 32)
    for cell in CELLS:
        theirs, ours = twins(cell, shape)
        weights = list(ours.parameters())
        for which in PASSES:
            calls = [Candidate(name="torch", call=passes(which, first(theirs), x, theirs))]
            calls += [Candidate(name="elman", call=passes(which, first(ours), x, ours))]
            calls += [Candidate(name="function", call=passes(which, lambda x, w=weights: Nothing.apply(x, *w), x, ours))]
            found = race(calls, quick=quick, budget=2)
            table.add(cell=cell, which=which, **{name: one.median * 1e6 for name, one in found.items()})
    return [table]


class Nothing(torch.autograd.Function):
    """The least that an operator written in Python costs: allocate the outputs."""

    @staticmethod
    def forward(ctx, x, *weights):
        ctx.save_for_backward(x, *weights)
        return torch.empty_like(x)

    @staticmethod
    def backward(ctx, *grads):  # noqa: ARG004
        return tuple(torch.empty_like(tensor) for tensor in ctx.saved_tensors)
