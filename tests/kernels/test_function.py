"""Gradients through what autograd hands back: saved-tensor hooks, batched gradients, views; right values or an error, never a crash."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks

import elman
from elman import cells
from elman.errors import ShapeError
from elman.kernels import dense
from elman.kernels.call import Call
from elman.nn import GRU, LSTM, StreamPool
from elman.nn.stream import StreamState
from elman.sequences import Ragged

LAYERS = {
    "tanh": lambda: nn.RNN(3, 4),
    "relu": lambda: nn.RNN(3, 4, nonlinearity="relu"),
    "gru": lambda: nn.GRU(3, 4, batch_first=True),
    "lstm": lambda: nn.LSTM(3, 4),
    "deep": lambda: nn.LSTM(3, 4, num_layers=2, bidirectional=True),
    "double": lambda: nn.GRU(3, 4).double(),
}


@pytest.fixture(params=sorted(LAYERS))
def pair(request) -> tuple[nn.Module, nn.Module, torch.Tensor]:
    """Return a layer of torch's, the same accelerated, and an input."""
    torch.manual_seed(0)
    layer = LAYERS[request.param]()
    dtype = next(layer.parameters()).dtype
    return layer, elman.accelerate(copy.deepcopy(layer)), torch.randn(6, 2, 3, dtype=dtype)


def gradients(layer: nn.Module, x: torch.Tensor, hooks=None) -> list[torch.Tensor]:
    x = x.clone().requires_grad_()
    if hooks is None:
        output, _ = layer(x)
    else:
        with saved_tensors_hooks(*hooks):
            output, _ = layer(x)
    return list(torch.autograd.grad(output.square().sum(), [x, *layer.parameters()]))


SAME_VALUES = {
    "transposed": (lambda t: t.detach().transpose(0, -1).contiguous(), lambda t: t.transpose(0, -1)),
    "with gaps": (lambda t: t.detach(), lambda t: torch.stack([t, t], -1)[..., 0]),
    "expanded": (lambda t: t.detach(), lambda t: t.unsqueeze(0).expand(3, *t.shape)[1]),
    "negated view": (lambda t: t.detach(), lambda t: torch._neg_view(-t)),
    "through the disk's dtype": (lambda t: t.detach().double(), lambda t: t),
}


@pytest.mark.parametrize("hook", sorted(SAME_VALUES))
def test_saved_tensors_may_come_back_in_any_strides(pair, hook):
    layer, ours, x = pair
    pack, unpack = SAME_VALUES[hook]
    hooks = (pack, (lambda t: unpack(t).to(x.dtype))) if hook.startswith("through") else (pack, unpack)
    for gradient, expected in zip(gradients(ours, x, hooks), gradients(layer, x), strict=True):
        torch.testing.assert_close(gradient, expected)


CHANGED = {
    "dtype": lambda t: t.detach().half(),
    "shape": lambda t: t.detach()[:1] if len(t) > 1 else torch.cat([t.detach(), t.detach()]),
    "rank": lambda t: t.detach().unsqueeze(0),
    "device": lambda t: t.detach().to("meta"),
    "layout": lambda t: t.detach().to_sparse(),
}


@pytest.mark.parametrize("change", sorted(CHANGED))
@pytest.mark.parametrize("place", [0, 1, 3, -2, -1])
def test_a_saved_tensor_that_comes_back_changed_is_refused(pair, change, place):
    _, ours, x = pair
    with saved_tensors_hooks(lambda t: t, lambda t: t):
        output, _ = ours(x.requires_grad_())
    node = next(node for node, _ in graph_of(output.grad_fn) if "Recurrence" in node.name())
    count = len(node.saved_tensors)
    seen = iter(range(count))
    with saved_tensors_hooks(lambda t: t, lambda t: CHANGED[change](t) if next(seen, -1) == place % count else t):
        output, _ = ours(x)
    with pytest.raises(ShapeError, match="saved for backward must come back as it was"):
        output.sum().backward()


def graph_of(node):
    """Yield the nodes of a graph of gradients."""
    waiting, seen = [node], set()
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.add(node)
            yield node, None
            waiting += [following for following, _ in node.next_functions]


def test_jacobians_and_hessians_may_be_vectorised(pair):
    layer, ours, x = pair
    for function in (torch.autograd.functional.jacobian, torch.autograd.functional.hessian):
        expected = function(lambda value: layer(value)[0].square().sum(), x)
        torch.testing.assert_close(function(lambda value: ours(value)[0].square().sum(), x, vectorize=True), expected)
    expected = torch.autograd.functional.jacobian(lambda value: layer(value)[0].sum(0), x)
    torch.testing.assert_close(torch.autograd.functional.jacobian(lambda value: ours(value)[0].sum(0), x, vectorize=True), expected)


def test_gradients_may_be_batched(pair):
    layer, ours, x = pair
    batch = torch.randn(3, *layer(x)[0].shape, dtype=x.dtype)
    results = []
    for one in (layer, ours):
        value = x.clone().requires_grad_()
        results.append(torch.autograd.grad(one(value)[0], [value, *one.parameters()], batch, is_grads_batched=True))
    for gradient, expected in zip(results[1], results[0], strict=True):
        torch.testing.assert_close(gradient, expected)


def test_negated_views_and_zero_tensors_are_read_by_their_values(pair):
    layer, ours, x = pair
    for value in (torch._neg_view(-x), torch._efficientzerotensor(x.shape, dtype=x.dtype)):
        torch.testing.assert_close(ours(value)[0], layer(value.clone() if value.is_neg() else torch.zeros_like(x))[0])
    value = x.clone().requires_grad_()
    output, _ = ours(value)
    (expected,) = torch.autograd.grad(output, value, -torch.ones_like(output), retain_graph=True)
    (gradient,) = torch.autograd.grad(output, value, torch._neg_view(torch.ones_like(output)), retain_graph=True)
    torch.testing.assert_close(gradient, expected)
    (gradient,) = torch.autograd.grad(output, value, torch._efficientzerotensor(output.shape, dtype=x.dtype))
    assert not gradient.any()


READINGS = {
    "lengths": lambda layer, x: layer(x, lengths=[5, 2])[0],
    "ragged": lambda layer, x: layer(Ragged.from_padded(x.transpose(0, 1), torch.tensor([5, 2])))[0].data,
}


@pytest.mark.parametrize("settings", [{}, {"bidirectional": True}, {"layer_norm": True}, {"proj_size": 2}], ids=str)
@pytest.mark.parametrize("reading", sorted(READINGS))
def test_gradients_of_sequences_of_several_lengths_may_be_batched(settings, reading):
    """Moving rows into packed order and back is a native step of its own, with batched gradients of its own."""
    torch.manual_seed(0)
    layer, x = LSTM(3, 4, **settings), torch.randn(5, 2, 3, requires_grad=True)
    output = READINGS[reading](layer, x)
    batch = torch.randn(3, *output.shape)
    inputs = [x, *layer.parameters()]
    gradients = torch.autograd.grad(output, inputs, batch, is_grads_batched=True, retain_graph=True)
    rows = [torch.autograd.grad(output, inputs, row, retain_graph=True) for row in batch]
    for gradient, expected in zip(gradients, zip(*rows, strict=True), strict=True):
        torch.testing.assert_close(gradient, torch.stack(expected))


VIEWS = {
    "negated": (lambda t: torch._neg_view(-t), lambda t: t),
    "zero": (lambda t: torch._efficientzerotensor(t.shape, dtype=t.dtype), torch.zeros_like),
}


@pytest.fixture(params=sorted(VIEWS))
def view(request):
    """Return a way to give a tensor memory that does not hold its values, and the values."""
    return VIEWS[request.param]


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "exp", "softplus", "softmax", "log_softmax"])
def test_functions_read_values_and_not_just_memory(view, name):
    wrap, values = view
    function, x = getattr(dense, name), torch.randn(4, 5)
    with torch.no_grad():
        assert torch.equal(function(wrap(x)), function(values(x)))


def test_products_read_values_and_not_just_memory(view):
    wrap, values = view
    x, weight, bias, batch = torch.randn(4, 5), torch.randn(3, 5), torch.randn(3), torch.randn(2, 5, 3)
    with torch.no_grad():
        assert torch.equal(dense.linear(wrap(x), wrap(weight), wrap(bias)), dense.linear(values(x), values(weight), values(bias)))
        assert torch.equal(dense.matmul(x.expand(2, 4, 5), wrap(batch)), dense.matmul(x.expand(2, 4, 5), values(batch)))


def test_weights_and_states_are_read_by_their_values(view):
    wrap, values = view
    layer, x, state = GRU(3, 4), torch.randn(5, 2, 3), torch.randn(1, 2, 4)
    weights = {name: weight.detach() for name, weight in layer.named_parameters()}
    results = [
        torch.func.functional_call(layer, {name: form(weight) for name, weight in weights.items()}, (x, form(state)))[0]
        for form in (wrap, values)
    ]
    assert torch.equal(*results)


def stepper():
    """Return a compiled stepper of one GRU."""
    from elman.kernels.stream import Stepper

    torch.manual_seed(0)
    call = Call(
        cell=cells.get("gru"),
        x=torch.zeros(1, 3),
        batch_sizes=torch.tensor([1]),
        state=(torch.zeros(1, 4),),
        weight_ih=torch.randn(12, 3),
        weight_hh=torch.randn(12, 4),
    )
    return Stepper([call])


def test_steps_read_values_and_not_just_memory(view):
    wrap, values = view
    x, state, layer = torch.randn(1, 3), torch.randn(1, 4), LSTM(3, 4).eval()
    results = []
    for form in (wrap, values):
        one, pool, stream = stepper(), StreamPool(layer), layer.stream()
        one.set_state([(form(state),)])
        (place,) = pool.join()
        pool.set_state(place, StreamState(("h", "c"), (form(state[None]), form(state[None]))))
        stream.state = StreamState(("h", "c"), (form(state[None]), form(state[None])))
        results.append([one.step(form(x)), pool.step([place], form(x)), stream.step(form(x))])
    for one, other in zip(*results, strict=True):
        assert torch.equal(one, other)


def test_quick_steps_read_values_and_not_just_memory(view):
    wrap, values = view
    x, layer, results = torch.randn(1, 3), LSTM(3, 4).eval(), []
    for form in (wrap, values):
        stream = layer.stream()
        results.append(torch.cat([stream.step(form(x)) for _ in range(3)]))
    assert torch.equal(*results)


def test_a_step_is_written_by_its_values_into_a_negated_view():
    x, base = torch.randn(1, 3), torch.empty(1, 4)
    stepper().step(x, out=torch._neg_view(base))
    assert torch.equal(-base, stepper().step(x))


def test_states_on_another_device_are_refused():
    """The compiled code would take their missing memory for zeros."""
    state, x, layer = torch.ones(1, 1, 4, device="meta"), torch.randn(1, 3), LSTM(3, 4).eval()
    with pytest.raises(ShapeError, match=r"states must be .*'cpu'.*; got .*'meta'"):
        stepper().set_state([(state[0],)])
    stream = layer.stream()
    stream.state = StreamState(("h", "c"), (state, state))
    with pytest.raises(ShapeError, match=r"states must be .*'cpu'.*; got .*'meta'"):
        stream.step(x)
    pool = StreamPool(layer)
    (place,) = pool.join()
    with pytest.raises(ShapeError, match="states must be on the CPU; got a tensor on meta"):
        pool.set_state(place, StreamState(("h", "c"), (state, state)))
