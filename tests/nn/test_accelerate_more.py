"""accelerate() beside what else people hang on a layer: old-style norms, hooks of every kind, dropout's random numbers, averages."""

from __future__ import annotations

import copy
import warnings

import pytest
import torch
from torch import nn

import elman

X = torch.randn(7, 3, 4, generator=torch.Generator().manual_seed(2))


def pair(make):
    models = []
    for _ in range(2):
        torch.manual_seed(0)
        models.append(make())
    return models[0], elman.accelerate(models[1])


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize("options", [{"num_layers": 3, "dropout": 0.4}, {"num_layers": 2, "dropout": 0.3, "bidirectional": True}], ids=str)
def test_dropout_draws_the_same_numbers(kind, options):
    theirs, ours = pair(lambda: getattr(nn, kind)(4, 5, **options))
    torch.manual_seed(3)
    expected = theirs(X)[0]
    torch.manual_seed(3)
    torch.testing.assert_close(ours(X)[0], expected)
    torch.testing.assert_close(ours.eval()(X)[0], theirs.eval()(X)[0])


def test_norms_of_the_old_style():
    def make():
        layer = nn.LSTM(4, 5)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return nn.utils.weight_norm(layer, "weight_hh_l0")

    theirs, ours = pair(make)
    for model in (theirs, ours):
        model(X)[0].sum().backward()
    torch.testing.assert_close(ours(X)[0], theirs(X)[0])
    torch.testing.assert_close(ours.weight_hh_l0_g.grad, theirs.weight_hh_l0_g.grad)
    elman.restore(ours)
    assert type(ours) is nn.LSTM
    assert torch.equal(ours(X)[0], theirs(X)[0])


def test_every_kind_of_hook_is_called():
    model = nn.Sequential(nn.GRU(4, 5))
    seen = []
    layer = model[0]
    layer.register_forward_pre_hook(lambda *_: seen.append("before"))
    layer.register_forward_hook(lambda *_, **__: seen.append("after"), with_kwargs=True)
    layer.register_full_backward_pre_hook(lambda *_: seen.append("before backward"))
    layer.register_full_backward_hook(lambda *_: seen.append("backward"))
    layer.register_state_dict_pre_hook(lambda *_: seen.append("state"))
    layer.register_load_state_dict_post_hook(lambda *_: seen.append("loaded"))
    layer.weight_hh_l0.register_hook(lambda grad: seen.append("gradient"))
    layer.weight_hh_l0.register_post_accumulate_grad_hook(lambda _: seen.append("accumulated"))
    elman.accelerate(model)
    model(X.clone().requires_grad_())[0].sum().backward()
    model.load_state_dict(model.state_dict())
    wanted = {"before", "after", "before backward", "backward", "state", "loaded", "gradient", "accumulated"}
    assert set(seen) == wanted


def test_averages_functional_calls_and_frozen_parts():
    theirs, ours = pair(lambda: nn.LSTM(4, 5, 2))
    average = torch.optim.swa_utils.AveragedModel(ours)
    average.update_parameters(ours)
    torch.testing.assert_close(average(X)[0], theirs(X)[0])
    doubled = {name: 2 * p for name, p in ours.named_parameters()}
    torch.testing.assert_close(torch.func.functional_call(ours, doubled, (X,))[0], torch.func.functional_call(theirs, doubled, (X,))[0])
    for model in (theirs, ours):
        model.weight_hh_l0.requires_grad_(False)
        model(X)[0].sum().backward()
    assert ours.weight_hh_l0.grad is None
    torch.testing.assert_close(ours.weight_ih_l0.grad, theirs.weight_ih_l0.grad)


def test_moved_and_converted_as_before():
    theirs, ours = pair(lambda: nn.ModuleDict({"a": nn.GRU(4, 5), "b": nn.ModuleList([nn.LSTMCell(5, 4)])}))
    for model in (theirs, ours):
        model.double()
    torch.testing.assert_close(ours["a"](X.double())[0], theirs["a"](X.double())[0], rtol=1e-12, atol=1e-12)
    assert ours.to("meta")["a"].weight_ih_l0.is_meta
    fresh = copy.deepcopy(theirs)
    elman.accelerate(fresh).load_state_dict(theirs.state_dict(), strict=True)
    torch.testing.assert_close(
        fresh["b"][0](X[0, :, :1].double().expand(3, 5).contiguous())[0], theirs["b"][0](X[0, :, :1].double().expand(3, 5))[0]
    )
