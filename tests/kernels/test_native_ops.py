"""The operators: torch's own checks, and a compiled graph that holds one of them and gives the same bits."""

import random

import pytest
import torch
from native_cases import call, draw, learned, leaves

from elman import kernels
from elman.kernels.call import Call, Norms

native = pytest.importorskip("elman.kernels.native")
ops = pytest.importorskip("elman.kernels.ops")
OPTIONS = ((), ("mask", "zoneout"), ("norm",))


def _case(cell, options):
    rng = random.Random(f"{cell}{options}")
    return next(case for case in iter(lambda: draw(rng, cell, options), None) if len(case["x"]) > 3)


@pytest.mark.parametrize("options", OPTIONS, ids="+".join)
@pytest.mark.parametrize("cell", ["elman", "gru", "lstm"])
def test_opcheck(cell, options):
    fresh = leaves(_case(cell, options), torch.float64)
    spec, tensors = native.split(call(fresh))[0], ops.named(call(fresh))
    arguments = [tensors.get(name) for name in ops._inputs(cell)]
    operator = getattr(torch.ops.elman, ops.NAMES[cell]).default
    torch.library.opcheck(operator, (fresh["batch_sizes"], *arguments, spec.reverse, spec.eps, spec.zoneout, True))


@pytest.mark.parametrize(("cell", "options"), [("lstm", ("norm",)), ("gru", ("mask", "zoneout"))])
def test_compiled_in_one_graph(cell, options):
    torch._dynamo.reset()
    fresh = leaves(_case(cell, options), torch.float32)
    inputs = list(learned(fresh).values())

    @torch.compile(fullgraph=True, backend="aot_eager")
    def run(x):
        parts = fresh | {"x": x}
        return kernels.run(Call(**{name: Norms(**value) if name == "norms" else value for name, value in parts.items()}))[0]

    eager, compiled = native.run(call(fresh))[0], run(fresh["x"])
    assert torch.equal(eager, compiled)
    found = torch.autograd.grad(compiled.square().sum(), inputs)
    for one, other in zip(torch.autograd.grad(eager.square().sum(), inputs), found, strict=True):
        assert torch.equal(one, other)
