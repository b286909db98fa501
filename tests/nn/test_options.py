"""The options beyond torch's: what each does to values, in training and evaluation, and what is refused."""

from __future__ import annotations

import pytest
import torch

from elman import nn
from elman.errors import SettingError
from elman.kernels import Call
from elman.nn import stack
from elman.nn.dropouts import locked_dropout
from elman.sequences import Ragged

F64 = torch.float64
X = torch.randn(6, 3, 2, dtype=F64, generator=torch.Generator().manual_seed(1))


def calls_of(layer, monkeypatch):
    """What the layer asks of the kernels in one forward pass."""
    seen: list[Call] = []
    run = stack.dispatch.run_checked

    def look(call):
        seen.append(call)
        return run(call)

    monkeypatch.setattr(stack.dispatch, "can_run_stack", lambda *_: False)  # part by part
    monkeypatch.setattr(stack.dispatch, "run_checked", look)
    layer(X)
    monkeypatch.undo()
    return seen


def test_recurrent_dropout_draws_one_mask_per_sequence_and_layer(monkeypatch):
    torch.manual_seed(0)
    first, second = calls_of(nn.LSTM(2, 50, 2, recurrent_dropout=0.3, dtype=F64), monkeypatch)
    assert set(first.recurrent_mask.unique().tolist()) == {0.0, 1 / 0.7}
    assert 0.15 < float((first.recurrent_mask == 0).double().mean()) < 0.45
    assert not torch.equal(first.recurrent_mask[0], first.recurrent_mask[1])
    assert not torch.equal(first.recurrent_mask, second.recurrent_mask)


def test_weight_dropout_drops_recurrent_weights_once_per_pass(monkeypatch):
    torch.manual_seed(0)
    layer = nn.GRU(2, 40, weight_dropout=0.5, dtype=F64)
    (call,) = calls_of(layer, monkeypatch)
    dropped = call.weight_hh == 0
    assert 0.4 < float(dropped.double().mean()) < 0.6
    torch.testing.assert_close(call.weight_hh[~dropped], 2 * layer.weight_hh_l0[~dropped])
    assert call.weight_ih is layer.weight_ih_l0
    layer(X)[0].sum().backward()
    assert 0.2 < float((layer.weight_hh_l0.grad == 0).double().mean()) < 0.8


def test_zoneout_keeps_units_in_training_and_expects_in_evaluation(monkeypatch):
    torch.manual_seed(0)
    layer = nn.LSTM(2, 50, zoneout=0.2, dtype=F64)
    (call,) = calls_of(layer, monkeypatch)
    assert [tuple(z.shape) for z in call.zoneout] == [(18, 50)] * 2
    assert 0.1 < float(call.zoneout[0].mean()) < 0.3
    assert not torch.equal(*call.zoneout)
    output = layer(X)[0]
    assert 0.1 < float((output[1:] == output[:-1]).double().mean()) < 0.3
    assert calls_of(layer.eval(), monkeypatch)[0].zoneout == 0.2


@pytest.mark.parametrize("option", ["weight_dropout", "recurrent_dropout"])
def test_dropouts_are_off_in_evaluation(option):
    torch.manual_seed(5)
    layer = nn.GRU(2, 4, dtype=F64, **{option: 0.5}).eval()
    plain = torch.nn.GRU(2, 4, dtype=F64)
    plain.load_state_dict(layer.state_dict())
    torch.testing.assert_close(layer(X)[0], plain(X)[0], rtol=1e-12, atol=1e-12)
    assert not torch.allclose(layer.train()(X)[0], plain(X)[0])


def test_locked_dropout_draws_one_mask_per_sequence_for_all_of_its_steps():
    torch.manual_seed(0)
    for lengths in ([4, 2, 1], [3, 3, 3]):
        batch = Ragged.from_list([torch.ones(n, 60, dtype=F64) for n in lengths])
        rows = batch.with_data(locked_dropout(batch.data, batch.batch_sizes, 3, 0.25)).to_list()
        for row in rows:
            assert set(row.unique().tolist()) == {0.0, 1 / 0.75}
            assert all(torch.equal(step, row[0]) for step in row)
        assert not torch.equal(rows[0][0], rows[1][0])
        assert 0.1 < float((torch.stack([row[0] for row in rows]) == 0).double().mean()) < 0.4
    assert locked_dropout(batch.data, batch.batch_sizes, 3, 0.0) is batch.data


@pytest.mark.parametrize(("kind", "inner"), [("lstm", 2), ("gru", 0), ("elman", 0)])
def test_layer_norm_adds_parameters_after_torchs_own_and_uses_them(kind, inner):
    layer = nn.layer(kind)(2, 5, 2, bidirectional=True, layer_norm=True, dtype=F64)
    names = list(layer.state_dict())
    own = list(nn.layer(kind)(2, 5, 2, bidirectional=True).state_dict())
    assert names[: len(own)] == own
    assert len(names) - len(own) == 4 * (2 + inner)
    output = layer(X)[0]
    output.square().sum().backward()
    assert all(p.grad is not None and bool(p.grad.any()) for p in layer.parameters())
    torch.testing.assert_close(layer(X)[0], output)


def test_reset_parameters_sets_norms_and_forget_bias_again():
    layer = nn.LSTM(2, 3, layer_norm=True, forget_bias=1.5)
    for parameter in layer.parameters():
        torch.nn.init.constant_(parameter, 9.0)
    layer.reset_parameters()
    assert layer.norm_ih_l0.tolist() == [1.0] * 12
    assert layer.norm_c_bias_l0.tolist() == [0.0] * 3
    assert layer.bias_ih_l0[3:6].tolist() == [1.5] * 3
    assert layer.bias_hh_l0[3:6].tolist() == [0.0] * 3
    assert float(layer.bias_ih_l0.detach().abs().max()) == 1.5
    assert bool((layer.weight_ih_l0.abs() <= 3**-0.5).all())


def test_options_show_in_repr_and_survive_a_state_dict():
    layer = nn.LSTM(2, 3, zoneout=0.1, layer_norm=True)
    assert repr(layer) == "LSTM(2, 3, zoneout=0.1, layer_norm=True)"
    other = nn.LSTM(2, 3, zoneout=0.1, layer_norm=True)
    other.load_state_dict(layer.state_dict())
    torch.testing.assert_close(other.eval()(X.float())[0], layer.eval()(X.float())[0])


@pytest.fixture
def one_thread():
    """Operators this small only wait for one another on several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("kind", ["elman", "gru", "lstm"])
def test_a_layer_with_everything_on_learns(kind, one_thread):
    torch.manual_seed(3)
    layer = nn.layer(kind)(1, 16, layer_norm=True, zoneout=0.05, recurrent_dropout=0.05, weight_dropout=0.05)
    head = torch.nn.Linear(16, 1)
    optimizer = torch.optim.Adam([*layer.parameters(), *head.parameters()], lr=0.03)
    losses = []
    for _ in range(40):
        x = torch.randn(6, 24, 1)  # say the number of two steps ago
        loss = (head(layer(x)[0])[2:] - x[:-2]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert sum(losses[-5:]) / 5 < 0.75 * sum(losses[:5]) / 5


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        ("gru", {"zoneout": 1.2}, r"zoneout must be a probability in 0\.\.1; got 1\.2"),
        ("gru", {"weight_dropout": "much"}, r"weight_dropout must be a probability in 0\.\.1; got 'much'"),
        ("gru", {"recurrent_dropout": True}, r"recurrent_dropout must be a probability in 0\.\.1; got True"),
        ("gru", {"layer_norm": 1}, r"layer_norm must be True or False; got 1"),
        ("gru", {"recompute": 1}, r"recompute must be True or False; got 1"),
        ("gru", {"recompute": True, "layer_norm": True}, r"recompute=True cannot go with layer_norm=True"),
        ("gru", {"forget_bias": 1.0}, r"forget_bias needs a cell with a forget gate and biases; got cell 'gru', bias=True"),
        ("lstm", {"forget_bias": 1.0, "bias": False}, r"got cell 'lstm', bias=False"),
        ("lstm", {"forget_bias": "one"}, r"forget_bias must be a number or None; got 'one'"),
        ("lstm", {"num_layers": 0}, r"cannot be built from .*num_layers must be greater than zero"),
        ("lstm", {"hidden": 3}, r"cannot be built from .*hidden"),
        ("lstm", {"dropout": 2.0}, r"cannot be built from .*dropout should be a number in range"),
        ("elman", {"nonlinearity": "sin"}, r"cannot be built from .*nonlinearity"),
    ],
)
def test_refused(kind, arguments, message):
    with pytest.raises(SettingError, match=message):
        {"elman": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[kind](2, 3, **arguments)


def test_an_unknown_layer_is_refused():
    with pytest.raises(SettingError, match=r"cell must be one of .*got 'lsmt'\. Did you mean 'lstm'\?"):
        nn.layer("lsmt")
