"""Large products in slices: torch's values, the same bits for any number of threads, and nothing where they are not worth it."""

import os
import signal
from functools import partial

import pytest
import torch
import torch.nn.functional as F

from elman.kernels import dense, sliced
from elman.sequences.threads import reproducible

ROWS, DEPTH, COLUMNS = 1030, 96, 1031


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def tensors(dtype=torch.float32, bias=True):
    generator = torch.Generator().manual_seed(0)
    shapes = [(ROWS, DEPTH), (COLUMNS, DEPTH), *([(COLUMNS,)] if bias else [])]
    return [torch.randn(shape, generator=generator, dtype=dtype).requires_grad_() for shape in shapes]


def run(count, function, inputs):
    """Return the output of a function and all gradients, with some threads."""
    torch.set_num_threads(count)
    with reproducible():
        result = function(*inputs)
        gradients = torch.autograd.grad(result.square().sum(), inputs)
    return [result.detach(), *gradients]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_linear_layer_has_torch_s_values_and_the_same_bits(dtype, bias):
    inputs = tensors(dtype, bias)
    with reproducible():
        assert sliced.is_large(inputs[0].detach(), inputs[1])
    first = run(1, dense.linear, inputs)
    for count in (2, 3, 5):
        assert all(map(torch.equal, run(count, dense.linear, inputs), first))
    expected = F.linear(*inputs)
    gradients = torch.autograd.grad(expected.square().sum(), inputs)
    for found, exact in zip(first, [expected, *gradients], strict=True):
        torch.testing.assert_close(found, exact, rtol=2e-4 if dtype == torch.float32 else 1e-9, atol=1e-3)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_has_torch_s_values_and_the_same_bits(smoothing):
    logits = torch.randn(ROWS, 1024, requires_grad=True)
    target, weight = torch.randint(0, 1024, (ROWS,)), torch.rand(1024)
    entropy = partial(dense.cross_entropy, target=target, weight=weight, label_smoothing=smoothing)
    first = run(1, entropy, [logits])
    assert all(all(map(torch.equal, run(count, entropy, [logits]), first)) for count in (2, 5))
    expected = F.cross_entropy(logits, target, weight=weight, label_smoothing=smoothing, reduction="none")
    torch.testing.assert_close(first[0], expected.detach())
    torch.testing.assert_close(first[1], torch.autograd.grad(expected.square().sum(), logits)[0])


def test_frozen_weights_get_no_gradient_and_leading_axes_stay():
    x, weight, bias = tensors()
    with reproducible():
        y = dense.linear(x.view(10, 103, DEPTH), weight.detach(), bias.detach())
        assert y.shape == (10, 103, COLUMNS)
        y.sum().backward()
    torch.testing.assert_close(x.grad, weight.detach().sum(0).expand_as(x), rtol=1e-4, atol=1e-4)


def test_small_products_and_those_outside_a_run_are_torch_s():
    x, weight, _ = tensors()
    assert not sliced.is_large(x.detach(), weight)  # outside
    with reproducible():
        assert not sliced.is_large(x.detach()[:10], weight)
        assert not sliced.is_large(x.detach().half(), weight)
        with torch.no_grad():
            assert not sliced.is_large(x.detach(), weight)
        with torch.autocast("cpu", torch.bfloat16):
            assert not sliced.is_large(x.detach(), weight)


def test_a_forked_child_has_threads_of_its_own():
    """The slices alone: torch's own operations may hang in a child whose parent used several threads."""
    torch.set_num_threads(2)
    seen = []
    sliced._each(16, seen.append)
    pid = os.fork()
    if pid == 0:
        signal.alarm(20)
        again = []
        sliced._each(16, again.append)
        os._exit(0 if sorted(s.start for s in again) == list(range(0, 16, 2)) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert sorted(s.start for s in seen) == list(range(0, 16, 2))


def test_a_second_derivative_is_refused_instead_of_being_wrong():
    inputs = tensors()
    with reproducible():
        (gradient,) = torch.autograd.grad(dense.linear(*inputs).square().sum(), inputs[0], create_graph=True)
        with pytest.raises(RuntimeError, match="once_differentiable"):
            gradient.sum().backward()
