"""Stepping natively: the bits of the whole sequence, for NumPy and tensors, one and more layers, forked states."""

import random

import numpy as np
import pytest
import torch
from native_cases import CELLS, call, draw, leaves

from elman.errors import BackendError, ShapeError

native = pytest.importorskip("elman.kernels.native")
stream = pytest.importorskip("elman.kernels.stream")


def _case(rng, cell, options=(), count=1, inputs=None, dtype=torch.float32):
    case = leaves(draw(rng, cell, options), dtype, grad=False)
    hidden = case["weight_hh"].shape[1]
    if inputs is not None:
        case["weight_ih"] = torch.randn(len(case["weight_ih"]), inputs, dtype=dtype) * 0.3
    case |= {"reverse": False, "batch_sizes": torch.full((9,), count), "x": torch.randn(9 * count, case["weight_ih"].shape[1], dtype=dtype)}
    case["state"] = tuple(torch.randn(count, hidden, dtype=dtype) for _ in case["state"])
    return case


@pytest.mark.parametrize("options", [(), ("norm",), ("zoneout_mean",)], ids="+".join)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("cell", CELLS)
def test_steps_have_the_bits_of_the_sequence(cell, dtype, options):
    rng = random.Random(f"{cell}{dtype}{options}")
    for count in (1, 3):
        case = _case(rng, cell, options, count, dtype=dtype)
        whole, last = native.run(call(case))
        stepper = stream.Stepper([call(case)])
        steps = case["x"].view(9, count, -1)
        outputs = [stepper.step(x) for x in steps[:4]] + [torch.from_numpy(stepper.step(x.numpy())) for x in steps[4:]]
        assert torch.equal(torch.cat(outputs), whole)
        for one, other in zip(stepper.state()[0], last, strict=True):
            assert torch.equal(one, other)


def test_two_layers_and_forks():
    rng = random.Random(0)
    low = _case(rng, "gru")
    high = _case(rng, "lstm", inputs=low["weight_hh"].shape[1])
    middle, _ = native.run(call(low))
    whole, _ = native.run(call(high | {"x": middle}))
    stepper, fork = stream.Stepper([call(low), call(high)]), stream.Stepper([call(low), call(high)])
    first = [stepper.step(x[None]) for x in low["x"][:5]]
    fork.set_state(stepper.state())
    rest = [fork.step(x[None]) for x in low["x"][5:]]
    assert torch.equal(torch.cat(first + rest), whole)


def test_the_callers_buffer_is_filled():
    case = _case(random.Random(3), "elman")
    stepper, other = stream.Stepper([call(case)]), stream.Stepper([call(case)])
    out = np.zeros((1, case["weight_hh"].shape[1]), np.float32)
    x = case["x"][:1].numpy()
    assert stepper.step(x, out) is out
    np.testing.assert_array_equal(out, other.step(x))


def test_weights_are_a_copy():
    case = _case(random.Random(4), "gru")
    expected, _ = native.run(call(case))
    stepper = stream.Stepper([call(case)])
    for name in ("weight_ih", "weight_hh"):
        case[name].mul_(2)
    assert torch.equal(torch.cat([stepper.step(x[None]) for x in case["x"]]), expected)


def test_refusals():
    case = _case(random.Random(5), "lstm")
    stepper = stream.Stepper([call(case)])
    size = case["x"].shape[1]
    with pytest.raises(ShapeError, match=r"x must be a C-contiguous array of shape \(1, .*float32"):
        stepper.step(np.zeros((2, size), np.float32))
    with pytest.raises(ShapeError, match="float32"):
        stepper.step(np.zeros((1, size), np.float64))
    with pytest.raises(ShapeError, match="out must be"):
        stepper.step(np.zeros((1, size), np.float32), np.zeros((1, 1, 1), np.float32))
    with pytest.raises(ShapeError, match="x must be a contiguous CPU tensor"):
        stepper.step(torch.zeros(size))
    with pytest.raises(ShapeError, match=r"float32; got .* on meta"):
        stepper.step(torch.zeros(1, size, device="meta"))
    with pytest.raises(ShapeError, match="x must be"):
        stepper.step([[0.0] * size])
    with pytest.raises(ShapeError, match="states must be"):
        stepper.set_state([])
    with pytest.raises(BackendError, match="reads backwards"):
        stream.Stepper([call(case | {"reverse": True})])
    with pytest.raises(BackendError, match="masks of training"):
        stream.Stepper([call(case | {"recurrent_mask": torch.ones_like(case["state"][0])})])
