"""accelerate() on subclasses of torch's layers: our forward, everything else theirs; and files of accelerated models."""

from __future__ import annotations

import copy
import io
import os
import pickle
import subprocess
import sys

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize

import elman
from elman.nn.recurrent import Recurrent

X = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(1))


class Orthogonal(nn.LSTM):
    """A common kind: its own initialisation, its own constructor, a method more."""

    def __init__(self, width, tag="a"):
        self.tag = tag
        super().__init__(3, width, 2, bidirectional=True)

    def reset_parameters(self):
        super().reset_parameters()
        nn.init.orthogonal_(self.weight_hh_l0)

    def summary(self):
        return f"{self.tag}{self.hidden_size}"

    def extra_repr(self):
        return "orthogonal, " + super().extra_repr()


class Deeper(Orthogonal):
    pass


class Reduced(nn.GRU):
    def __reduce__(self):
        return type(self), (3, 4), self.__dict__


def pair(make):
    torch.manual_seed(0)
    theirs = make()
    return theirs, elman.accelerate(copy.deepcopy(theirs))


@pytest.mark.parametrize("kind", [Orthogonal, Deeper])
def test_a_subclass_keeps_its_own(kind):
    theirs, ours = pair(lambda: nn.Sequential(kind(4)))
    layer, described = ours[0], repr(theirs)
    assert isinstance(layer, Recurrent)
    assert isinstance(layer, kind)
    assert layer.summary() == "a4"
    assert repr(ours) == described
    torch.testing.assert_close(ours(X), theirs(X))
    for model in (theirs, ours):
        model(X)[0].sum().backward()
    torch.testing.assert_close(layer.weight_hh_l1_reverse.grad, theirs[0].weight_hh_l1_reverse.grad)
    torch.manual_seed(3)
    layer.reset_parameters()
    torch.testing.assert_close(layer.weight_hh_l0.T @ layer.weight_hh_l0, torch.eye(4))
    with torch.no_grad():
        assert torch.equal(layer(X, lengths=[5, 2])[0][:2, 1], layer(X[:2, 1:])[0][:, 0])
    assert type(elman.restore(ours)[0]) is kind
    assert vars(ours[0]).keys() == vars(theirs[0]).keys()


def test_layers_of_one_subclass_have_one_class():
    first, second = elman.accelerate(nn.ModuleList([Orthogonal(4), Orthogonal(5)]))
    assert type(first) is type(second)


def test_a_parametrised_subclass():
    theirs, ours = pair(lambda: Orthogonal(4))
    for layer in (theirs, ours):
        parametrizations.weight_norm(layer, "weight_hh_l0")
    torch.testing.assert_close(ours(X), theirs(X))
    elman.accelerate(elman.restore(ours))
    assert isinstance(ours, Recurrent)
    assert isinstance(ours, Orthogonal)
    torch.testing.assert_close(ours(X), theirs(X))
    parametrize.remove_parametrizations(elman.restore(ours), "weight_hh_l0")
    assert type(ours) is Orthogonal


def saved(model, **options):
    file = io.BytesIO()
    torch.save(model, file, **options)
    file.seek(0)
    return file


MAKES = [
    lambda: nn.RNN(3, 4, nonlinearity="relu"),
    lambda: nn.GRU(3, 4, 2, batch_first=True, dropout=0.5, bias=False),
    lambda: nn.LSTM(3, 4, bidirectional=True),
    lambda: nn.LSTM(3, 4, proj_size=2, dtype=torch.float64),
]


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize("make", MAKES)
def test_a_file_of_an_accelerated_model_holds_torchs_layers(make):
    theirs, ours = pair(lambda: nn.Sequential(make()).eval())
    theirs(X.to(theirs[0].weight_ih_l0.dtype))
    state = torch.random.get_rng_state()
    with torch.serialization.safe_globals([nn.Sequential, type(theirs[0])]):
        back = torch.load(saved(ours), weights_only=True)
    assert torch.equal(torch.random.get_rng_state(), state)
    for found in (back, pickle.loads(pickle.dumps(ours)), pickle.loads(pickle.dumps(ours, 0)), torch.load(saved(ours), weights_only=False)):
        assert type(found[0]) is type(theirs[0])
        assert vars(found[0]).keys() == vars(theirs[0]).keys()
        assert repr(found) == repr(theirs)
        x = X.to(found[0].weight_ih_l0.dtype)
        assert torch.equal(found(x)[0], theirs(x)[0])
    assert isinstance(ours[0], Recurrent)


def test_a_file_is_read_without_elman(tmp_path):
    torch.save((elman.accelerate(nn.Sequential(nn.GRU(3, 4))), X), tmp_path / "model.pt")
    script = "import torch, sys; m, x = torch.load('model.pt', weights_only=False); print(m(x)[0].shape, 'elman' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, timeout=120)
    assert run.stdout.strip() == "torch.Size([5, 2, 4]) False", run.stderr


def test_a_file_of_a_subclass_and_of_layers_that_were_ours():
    theirs, ours = pair(lambda: nn.ModuleList([Orthogonal(4, "b")]))
    ours.append(elman.nn.GRU(3, 4, zoneout=0.5))
    ours.append(ours[0])
    found = pickle.loads(pickle.dumps(ours))
    assert [type(part) for part in found] == [Orthogonal, elman.nn.GRU, Orthogonal]
    assert found[2] is found[0]
    assert found[0].summary() == "b4"
    assert found[1].options.zoneout == 0.5
    assert torch.equal(found[0](X)[0], theirs[0](X)[0])


def test_a_subclass_with_a_reduce_of_its_own():
    layer = elman.accelerate(Reduced(3, 4))
    state = layer.__reduce_ex__(2)[2]
    assert layer.__reduce_ex__(2)[:2] == (Reduced, (3, 4))
    assert "_elman_accelerated" not in state
    assert state.keys() == vars(Reduced(3, 4)).keys()


@pytest.mark.parametrize("make", [lambda: nn.GRU(3, 4), lambda: Orthogonal(4)])
def test_copies_are_accelerated(make):
    theirs, ours = pair(make)
    deep, shallow = copy.deepcopy(ours), copy.copy(ours)
    assert type(deep) is type(shallow) is type(ours)
    assert shallow.weight_ih_l0 is ours.weight_ih_l0
    assert deep.weight_ih_l0 is not ours.weight_ih_l0
    assert torch.equal(deep(X)[0], ours(X)[0])
    assert [type(elman.restore(part)) for part in (deep, shallow, ours)] == [type(theirs)] * 3
    tied = nn.ModuleList([ours, ours])
    twice = copy.deepcopy(elman.accelerate(tied))
    assert twice[0] is twice[1]


def test_scripting_a_subclass_gives_the_subclass():
    _, ours = pair(lambda: Deeper(4))
    assert type(ours.twin()) is Deeper
    assert "_elman_accelerated" not in vars(ours.twin())
