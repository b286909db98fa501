"""accelerate() and restore(): the same object, the same numbers, and everything that hangs on a layer stays on it."""

from __future__ import annotations

import copy
import io
import warnings

import pytest
import torch
from torch.nn.utils import parametrizations, parametrize, prune

import elman
from elman.errors import DataTypeError, ElmanWarning, SettingError

X = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(1))


class Tagger(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = torch.nn.LSTM(3, 4, 2, bidirectional=True)
        self.same = self.rnn
        self.cell = torch.nn.GRUCell(8, 5)
        self.plain = torch.nn.RNN(8, 4, nonlinearity="relu")
        self.gru = torch.nn.GRU(4, 2)

    def forward(self, x):
        y, _ = self.rnn(x)
        return self.gru(self.plain(y)[0])[0].sum(-1, keepdim=True) + self.cell(y[0])


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Tagger()


def room(module):
    return type(module).__module__.split(".")[0]


def test_in_place_and_back(model):
    before, keys, parameters = model(X), list(model.state_dict()), list(model.parameters())
    assert elman.accelerate(model) is model
    assert {room(m) for m in (model.rnn, model.plain, model.gru)} == {"elman"}
    assert type(model.cell) is torch.nn.GRUCell  # torch's single step is as fast
    assert model.same is model.rnn
    assert model.plain.cell.name == "elman_relu"
    torch.testing.assert_close(model(X), before)
    assert list(model.state_dict()) == keys
    assert all(a is b for a, b in zip(model.parameters(), parameters, strict=True))
    assert elman.restore(elman.accelerate(model)) is model
    assert type(model.rnn) is torch.nn.LSTM
    assert type(model.cell) is torch.nn.GRUCell
    assert torch.equal(model(X), before)
    assert vars(model.gru).keys() == vars(torch.nn.GRU(4, 2)).keys()


def test_a_layer_by_itself_and_a_layer_of_ours():
    layer = torch.nn.GRU(3, 4)
    assert type(elman.accelerate(layer)) is elman.nn.GRU
    assert type(elman.restore(layer)) is torch.nn.GRU
    ours = elman.nn.GRU(3, 4, zoneout=0.5)
    assert type(elman.restore(elman.accelerate(ours))) is elman.nn.GRU


def test_training_goes_on_with_the_same_optimizer(model):
    twin = copy.deepcopy(model)
    losses = {}
    for name, net in (("ours", model), ("theirs", twin)):
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        if name == "ours":
            elman.accelerate(net)
        losses[name] = []
        for _ in range(4):
            loss = net(X).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses[name].append(float(loss.detach()))
    assert losses["ours"] == pytest.approx(losses["theirs"], rel=1e-5)
    assert losses["ours"][-1] < losses["ours"][0]


def test_hooks_tied_weights_and_pruning_stay(model):
    seen = []
    model.rnn.register_forward_hook(lambda module, *_: seen.append(type(module).__module__))
    model.plain.register_full_backward_hook(lambda *_: seen.append("backward"))
    model.gru.weight_hh_l0 = torch.nn.Parameter(torch.zeros(6, 2))
    tied = torch.nn.GRU(4, 2)
    tied.weight_hh_l0 = model.gru.weight_hh_l0
    model.tied = tied
    prune.random_unstructured(model.plain, "weight_hh_l0", 0.5)
    before = model(X).detach()
    seen.clear()
    elman.accelerate(model)
    torch.testing.assert_close(model(X).detach(), before)
    model(X).sum().backward()
    assert seen[:1] == ["elman.nn.lstm"]
    assert "backward" in seen
    assert model.tied.weight_hh_l0 is model.gru.weight_hh_l0


def test_parametrised_layers_are_parametrised_after():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.LSTM(3, 4))
    parametrizations.weight_norm(net[0], "weight_hh_l0")
    before = net(X)[0]
    elman.accelerate(net)
    assert isinstance(net[0], elman.nn.LSTM)
    assert parametrize.is_parametrized(net[0], "weight_hh_l0")
    given = net(X)[0]
    torch.testing.assert_close(given, before)
    given.sum().backward()
    assert net[0].parametrizations.weight_hh_l0.original0.grad is not None
    elman.restore(net)
    assert not isinstance(net[0], elman.nn.LSTM)
    torch.testing.assert_close(net(X)[0], before)
    parametrize.remove_parametrizations(elman.accelerate(net)[0], "weight_hh_l0")
    assert type(net[0]) is elman.nn.LSTM
    assert type(elman.restore(net)[0]) is torch.nn.LSTM


def test_copies_and_files(model):
    elman.accelerate(model)
    twin = copy.deepcopy(model)
    assert room(twin.rnn) == "elman"
    torch.testing.assert_close(twin(X), model(X))
    twin.rnn.weight_ih_l0.data.zero_()
    assert bool(model.rnn.weight_ih_l0.any())
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    fresh = Tagger()
    fresh.load_state_dict(torch.load(file, weights_only=True))
    torch.testing.assert_close(fresh(X), model(X))
    assert type(elman.restore(twin).rnn) is torch.nn.LSTM


def test_replicas_as_data_parallel_makes_them(model):
    elman.accelerate(model)
    replica = model.rnn._replicate_for_data_parallel()
    for name, parameter in model.rnn.named_parameters():
        setattr(replica, name, parameter * 2)
    doubled = torch.nn.LSTM(3, 4, 2, bidirectional=True)
    doubled.load_state_dict({name: 2 * p for name, p in model.rnn.state_dict().items()})
    torch.testing.assert_close(replica(X)[0], doubled(X)[0])


def test_scripted_parts_and_forwards_of_their_own_are_left_alone_with_a_warning():
    class Mine(torch.nn.GRU):
        def forward(self, x, hx=None):
            return super().forward(x, hx)

    class Relaxed(torch.nn.GRU):
        def check_input(self, x, batch_sizes): ...

    class Named(torch.nn.GRU):
        options = ("a", "b")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        parts = {"scripted": torch.jit.script(torch.nn.LSTM(3, 4)), "mine": Mine(3, 4), "relaxed": Relaxed(3, 4), "named": Named(3, 4)}
    net = torch.nn.ModuleDict(parts)
    with pytest.warns(ElmanWarning) as caught:
        elman.accelerate(net)
    assert sorted(str(w.message) for w in caught) == [
        "accelerate() left 'mine' as it is: Mine has its own forward().",
        "accelerate() left 'named' as it is: Named has its own attribute 'options', a name that elman's layers use.",
        "accelerate() left 'relaxed' as it is: Relaxed has its own check_input().",
        "accelerate() left 'scripted' as it is: it is scripted, and TorchScript cannot hold other kernels.",
    ]
    assert {type(part) for part in net.values()} >= {Mine, Relaxed, Named}


def test_only_modules_are_accelerated():
    with pytest.raises(DataTypeError, match=r"module must be a torch\.nn\.Module; got list"):
        elman.accelerate([torch.nn.GRU(3, 4)])


def test_scripting_gives_torchs_own_layer_and_says_so(model):
    net = torch.nn.Sequential(elman.nn.LSTM(3, 4))
    expected = net(X)[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        with pytest.warns(ElmanWarning, match=r"turns elman's LSTM into torch's own"):
            scripted = torch.jit.script(net)
        torch.testing.assert_close(scripted(X)[0], expected)
        assert type(net[0]) is torch.nn.LSTM
        with pytest.raises(SettingError, match=r"torch has no layer with zoneout=0\.5"):
            torch.jit.script(elman.nn.GRU(3, 4, zoneout=0.5))


def test_tracing_holds_torchs_one_operator_and_exporting_ours(model):
    elman.accelerate(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(model, X)
        program = torch.export.export(model, (X,))
    assert "aten::lstm" in str(traced.inlined_graph)
    assert "elman::" not in str(traced.inlined_graph)
    torch.testing.assert_close(traced(X), model(X))
    calls = {str(node.target) for node in program.graph.nodes}
    assert {"elman.lstm.default", "elman.gru.default", "elman.rnn_relu.default"} < calls
    assert torch.equal(program.module()(X), model(X))
