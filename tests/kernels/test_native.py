"""The native kernels against the float64 reference: values and all gradients over random shapes, lengths and options."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from native_cases import CELLS, call, draw, error, learned, leaves, values_and_gradients

from elman import kernels
from elman.errors import BackendError
from elman.kernels import reference

native = pytest.importorskip("elman.kernels.native")
OPTIONS = ((), ("mask",), ("zoneout",), ("zoneout_mean",), ("mask", "zoneout"), ("norm",), ("norm", "mask", "zoneout"))


def _worst(seed: int, options: tuple[str, ...], rounds: int) -> None:
    rng = random.Random(seed)
    for _ in range(rounds):
        for cell in CELLS:
            case = draw(rng, cell, options)
            expected = values_and_gradients(reference, case, torch.float64)
            for dtype, bound in ((torch.float64, 1e-12), (torch.float32, 2e-5 if "norm" in options else 1e-5)):
                given = values_and_gradients(native, case, dtype)
                for name, value in expected.items():
                    assert given[name].dtype == dtype
                    assert error(given[name], value) <= bound, (cell, name, dtype, case["x"].shape, case["batch_sizes"])


@pytest.mark.parametrize("options", OPTIONS, ids="+".join)
def test_values_and_gradients_match_the_reference(options):
    _worst(11, options, rounds=5)


@pytest.mark.parametrize("isa", ["portable", "avx2", "avx512"])
def test_every_level_matches_the_reference(isa):
    script = (
        "import elman.kernels.native as n, test_native as t; from elman import _native; print(_native.isa());"
        "t._worst(3, (), 3); t._worst(4, ('norm', 'zoneout'), 2)"
    )
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    run = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "ELMAN_ISA": isa, "PYTHONPATH": path}, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr[-2000:]
    if run.stdout.strip() != isa:
        pytest.skip(f"this machine has no {isa}")


def test_some_gradients_only():
    fresh = leaves(draw(random.Random(2), "lstm"), torch.float64, grad=False)
    fresh["weight_hh"].requires_grad_()
    output, _ = native.run(call(fresh))
    (found,) = torch.autograd.grad(output.sum(), fresh["weight_hh"])
    expected, _ = reference.run(call(fresh))
    torch.testing.assert_close(found, torch.autograd.grad(expected.sum(), fresh["weight_hh"])[0])


@pytest.mark.parametrize("cell", CELLS)
def test_a_second_backward_gives_the_same(cell):
    fresh = leaves(draw(random.Random(7), cell), torch.float32)
    output, _ = native.run(call(fresh))
    inputs = list(learned(fresh).values())
    first = torch.autograd.grad(output.square().sum(), inputs, retain_graph=True, allow_unused=True)
    second = torch.autograd.grad(output.square().sum(), inputs, allow_unused=True)
    for one, other in zip(first, second, strict=True):
        assert one is other is None or torch.equal(one, other)


@pytest.mark.parametrize("cell", ["elman", "gru", "lstm"])
def test_gradients_of_gradients(cell):
    rng = random.Random(8)
    case = next(case for case in iter(lambda: draw(rng, cell, sizes=(2, 3)), None) if 2 < len(case["x"]) < 12)
    fresh = leaves(case, torch.float64)
    inputs = learned(fresh)

    def run(*tensors):
        given = dict(zip(inputs, tensors, strict=True))
        states = tuple(given.pop(name) for name in list(given) if name.startswith("state"))
        return native.run(call(fresh | given | {"state": states}))[0]

    assert torch.autograd.gradgradcheck(run, tuple(inputs.values()), atol=1e-6)


def test_without_gradients_nothing_is_saved_and_values_are_the_same():
    fresh = leaves(draw(random.Random(9), "gru"), torch.float32)
    with torch.no_grad():
        alone, _ = native.run(call(fresh))
    saved, _ = native.run(call(fresh))
    assert alone.grad_fn is None
    assert torch.equal(alone, saved)


def test_strided_inputs_are_read_right():
    case = draw(random.Random(10), "lstm")
    fresh = leaves(case, torch.float32, grad=False)
    strided = dict(fresh)
    for name in ("x", "weight_ih", "weight_hh"):
        strided[name] = fresh[name].t().contiguous().t()
    assert torch.equal(native.run(call(fresh))[0], native.run(call(strided))[0])


def test_nan_stays_in_its_row():
    case = draw(random.Random(12), "lstm")
    case["reverse"] = False
    fresh = leaves(case, torch.float32, grad=False)
    clean, _ = native.run(call(fresh))
    fresh["x"][0] = float("nan")
    dirty, _ = native.run(call(fresh))
    steps = case["batch_sizes"].tolist()
    first = torch.cat([torch.arange(n) == 0 for n in steps])
    assert torch.isnan(dirty[first]).all()
    assert torch.equal(dirty[~first], clean[~first])


def test_reasons():
    fresh = leaves(draw(random.Random(1), "gru", ("mask",)), torch.float32)
    assert native.unsupported_reason(call(fresh)) is None
    assert kernels.explain(call(fresh)).backend == "native"
    half = {name: value.half() if isinstance(value, torch.Tensor) and value.is_floating_point() else value for name, value in fresh.items()}
    half["state"] = tuple(s.half() for s in fresh["state"])
    with pytest.raises(BackendError, match="float32 and float64"):
        kernels.run(call(half), backend="native")
    fresh["recurrent_mask"].requires_grad_()
    assert "mask" in native.unsupported_reason(call(fresh))
    with torch.autocast("cpu", torch.bfloat16):
        assert "autocast" in native.unsupported_reason(call(fresh))
