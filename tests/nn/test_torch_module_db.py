"""Torch's own table of module tests (``common_modules.module_db``) with our classes put in place of RNN, GRU, LSTM and their cells.

Each entry brings constructor and forward arguments, references and wrong calls; what torch's ``test_modules.py`` asks of a module on
the CPU is asked here: values against the entry's reference and against torch's class, gradients, gradients of gradients, factory
arguments, copies, ``state_dict``, non-contiguous inputs, memory formats, training and evaluation. Wrong calls must raise one of our errors.
"""

from __future__ import annotations

import copy
import io

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from elman import nn
from elman.errors import ElmanError

pytest.importorskip("expecttest", reason="torch's own test tables need expecttest")
from torch.testing._internal.common_modules import ModuleErrorEnum, module_db

pytestmark = [
    pytest.mark.filterwarnings("ignore:LSTM with projections"),
    pytest.mark.filterwarnings("ignore:dropout option adds dropout"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
NAMES = ("RNN", "GRU", "LSTM", "RNNCell", "GRUCell", "LSTMCell")
ENTRIES = {info.name.split(".")[-1]: info for info in module_db if info.name in {f"nn.{name}" for name in NAMES}}
MODES = (True, False)


def inputs_of(name, *, training, dtype=torch.float64, grad=False):
    info = ENTRIES[name]
    return info.module_inputs_func(info, device="cpu", dtype=dtype, requires_grad=grad, training=training)


def some(given, slow):
    """All entries in the longer battery, else five spread over the table."""
    return given if slow else given[:: max(1, len(given) // 5)]


def flat(value):
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, tuple | list):
        return [tensor for part in value for tensor in flat(part)]
    return [value.data] if hasattr(value, "batch_sizes") else []


def mapped(value, change):
    if isinstance(value, torch.Tensor):
        return change(value)
    if isinstance(value, torch.nn.utils.rnn.PackedSequence):
        return torch.nn.utils.rnn.PackedSequence(change(value.data), value.batch_sizes, value.sorted_indices, value.unsorted_indices)
    return tuple(mapped(part, change) for part in value) if isinstance(value, tuple | list) else value


def made(name, given, training, **more):
    torch.manual_seed(0)
    arguments = given.constructor_input
    return getattr(nn, name)(*arguments.args, **{**arguments.kwargs, **more}).train(training)


def twin_of(name, given, module, training):
    arguments = given.constructor_input
    theirs = getattr(torch.nn, name)(*arguments.args, **arguments.kwargs).to(next(module.parameters()).dtype).train(training)
    theirs.load_state_dict(module.state_dict())
    return theirs


def called(module, given, change=lambda tensor: tensor):
    torch.manual_seed(1)  # dropout
    args = mapped(given.forward_input.args, change)
    return module(*args, **{key: mapped(value, change) for key, value in given.forward_input.kwargs.items()})


def close(found, wanted):
    for a, b in zip(flat(found), flat(wanted), strict=True):
        torch.testing.assert_close(a, b, atol=1e-10, rtol=1e-10)


@pytest.fixture(params=[False, pytest.param(True, marks=pytest.mark.slow)], ids=["some", "all"])
def slow(request):
    return request.param


def test_the_table_has_all_six():
    assert set(ENTRIES) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_values(name, slow):
    for training in MODES:
        for given in some(inputs_of(name, training=training), slow):
            module = made(name, given, training, dtype=torch.float64)
            output = called(module, given)
            if given.constructor_input.kwargs.get("dropout", 0) and training:
                continue  # another place in the stream of random numbers
            close(output, called(twin_of(name, given, module, training), given))
            if given.reference_fn is not None:
                args, kwargs = given.forward_input.args, given.forward_input.kwargs
                close(output, given.reference_fn(module, *args, **kwargs))


@pytest.mark.parametrize("name", NAMES)
def test_gradients_equal_torchs(name, slow):
    for training in MODES:
        for given in some(inputs_of(name, training=training), slow):
            module = made(name, given, training, dtype=torch.float64)
            if given.constructor_input.kwargs.get("dropout", 0) and training:
                continue
            found = []
            for one in (module, twin_of(name, given, module, training)):
                leaves = []

                def leaf(tensor, leaves=leaves):
                    leaves.append(tensor.detach().clone().requires_grad_() if tensor.dtype.is_floating_point else tensor)
                    return leaves[-1]

                sum((t * torch.arange(1.0, t.numel() + 1).view(t.shape)).sum() for t in flat(called(one, given, leaf))).backward()
                found.append([t.grad for t in leaves] + [p.grad for p in one.parameters()])
            close(*[[f for f in one if f is not None] for one in found])


@pytest.mark.parametrize("name", NAMES)
def test_gradcheck_and_gradgradcheck(name, slow):
    for training in MODES:
        for given in some(inputs_of(name, training=training), slow)[: 100 if slow else 3]:
            if given.constructor_input.kwargs.get("dropout", 0) and training:
                continue
            module = made(name, given, training, dtype=torch.float64)
            x, *others = given.forward_input.args
            if not isinstance(x, torch.Tensor):
                x, others = x.data, [x, *others]
            names, parameters = zip(*module.named_parameters(), strict=True)

            def run(x, *values, module=module, names=names, others=others, given=given):
                packed = others and hasattr(others[0], "batch_sizes")
                first = mapped(others[0], lambda _: x) if packed else x
                rest = others[1:] if packed else others
                weights = dict(zip(names, values, strict=True))
                output = torch.func.functional_call(module, weights, (first, *rest), given.forward_input.kwargs)
                return tuple(flat(output))

            leaves = (x.detach().clone().requires_grad_(), *[p.detach().clone().requires_grad_() for p in parameters])
            assert gradcheck(run, leaves, fast_mode=True)
            assert gradgradcheck(run, leaves, fast_mode=True)


@pytest.mark.parametrize("name", NAMES)
def test_factory_arguments_copies_and_files(name, slow):
    for given in some(inputs_of(name, training=False), slow):
        for dtype in (torch.float32, torch.float64):
            module = made(name, given, False, dtype=dtype, device="cpu")
            assert {p.dtype for p in module.parameters()} == {dtype}
        assert {p.device.type for p in made(name, given, False, device="meta").parameters()} == {"meta"}
        with torch.device("meta"):
            assert {p.device.type for p in made(name, given, False).parameters()} == {"meta"}
        if name.endswith("Cell"):  # torch's layers cannot be skipped either: their constructors do not say "device"
            kind, arguments = getattr(nn, name), given.constructor_input
            skipped = torch.nn.utils.skip_init(kind, *arguments.args, **arguments.kwargs, dtype=torch.float64).eval()
        else:
            skipped = made(name, given, False, dtype=torch.float64)
        assert list(skipped.state_dict()) == list(module.state_dict())
        expected = called(module, given)
        assert all(torch.equal(a, b) for a, b in zip(flat(called(copy.deepcopy(module), given)), flat(expected), strict=True))
        file = io.BytesIO()
        torch.save(module.state_dict(), file)
        file.seek(0)
        skipped.load_state_dict(torch.load(file, weights_only=True), strict=True)
        assert all(torch.equal(a, b) for a, b in zip(flat(called(skipped, given)), flat(expected), strict=True))
        assert name in repr(module)
        assert str(twin_of(name, given, module, False)) == str(module)
        back = module.float().double().to(torch.float64)
        assert called(back, given) is not None


@pytest.mark.parametrize("name", NAMES)
def test_non_contiguous_inputs_and_memory_formats(name, slow):
    def scattered(tensor):
        if not tensor.numel() or not tensor.dtype.is_floating_point:
            return tensor
        return torch.stack([tensor, torch.full_like(tensor, torch.nan)], -1)[..., 0]

    for training in MODES:
        for given in some(inputs_of(name, training=training), slow):
            module = made(name, given, training, dtype=torch.float64)
            expected = flat(called(module, given))
            found = flat(called(module, given, scattered))
            assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))
            for form in (torch.contiguous_format, torch.channels_last):
                again = flat(called(module.to(memory_format=form), given))
                assert all(torch.equal(a, b) for a, b in zip(again, expected, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_training_and_evaluation(name):
    for given in inputs_of(name, training=True):
        module = made(name, given, True, dtype=torch.float64)
        output = flat(called(module, given))
        if not given.constructor_input.kwargs.get("dropout", 0):
            assert all(torch.equal(a, b) for a, b in zip(output, flat(called(module.eval(), given)), strict=True))
        assert not module.eval().training


@pytest.mark.parametrize("name", NAMES)
def test_wrong_calls_raise_our_errors(name):
    info = ENTRIES[name]
    wrong = info.module_error_inputs_func(info, device="cpu", dtype=torch.float64, requires_grad=False, training=True)
    assert wrong
    for one in wrong:
        given = one.module_error_input
        if one.error_on == ModuleErrorEnum.CONSTRUCTION_ERROR:
            with pytest.raises(ElmanError):
                made(name, given, True)
        else:
            module = made(name, given, True)
            with pytest.raises(ElmanError):
                called(module, given)
