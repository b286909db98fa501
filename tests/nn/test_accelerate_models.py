"""accelerate() on models as people write them: equal results in training and inference, ONNX files, and exact restoration."""

from __future__ import annotations

import copy
import io
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import elman

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12}


class Last(nn.Module):
    """Keeps the output of a recurrent layer, so that it can stand in a Sequential."""

    def forward(self, x):
        return x[0]


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 6)
        self.rnn = nn.LSTM(6, 8, 2, batch_first=True, bidirectional=True)
        self.head = nn.Linear(16, 3)

    def forward(self, ids, lengths=(9, 4, 6)):
        packed = pack_padded_sequence(self.embed(ids), torch.tensor(lengths), batch_first=True, enforce_sorted=False)
        output, (h_n, _) = self.rnn(packed)
        return self.head(pad_packed_sequence(output, batch_first=True)[0].mean(1) + torch.cat([h_n[-2], h_n[-1]], 1))


class Decoder(nn.Module):
    """Cells in a loop, feeding back, with tied output weights."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 8)
        self.lstm, self.gru, self.rnn = nn.LSTMCell(8, 8), nn.GRUCell(8, 8), nn.RNNCell(8, 8)
        self.out = nn.Linear(8, 20, bias=False)
        self.out.weight = self.embed.weight

    def forward(self, ids):
        x, state, g, r = self.embed(ids[:, 0]), None, None, None
        answers = []
        for _ in range(5):
            state = self.lstm(x, state)
            g, r = self.gru(state[0], g), self.rnn(x, r)
            answers.append(self.out(g + r))
            x = answers[-1].softmax(-1) @ self.embed.weight
        return torch.stack(answers, 1)


class Tied(nn.Module):
    """Two layers that share weights, one of them normalised, and a hook."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 6)
        self.first, self.second = nn.GRU(6, 6, batch_first=True), nn.GRU(6, 6, batch_first=True)
        self.second.weight_ih_l0 = self.first.weight_ih_l0
        self.normed = parametrizations.weight_norm(nn.RNN(6, 6, batch_first=True, nonlinearity="relu"), "weight_hh_l0")
        self.first.register_forward_hook(lambda module, given, answer: (2 * answer[0], answer[1]))
        self.second.register_forward_pre_hook(lambda module, given: (given[0] + 1,))

    def forward(self, ids):
        return self.normed(self.second(self.first(self.embed(ids))[0])[0])[0]


def sequential():
    return nn.Sequential(nn.Embedding(20, 6), nn.GRU(6, 7, 2), Last(), nn.Tanh(), nn.RNN(7, 5), Last(), nn.LSTM(5, 4, proj_size=2), Last())


MODELS = {"sequential": sequential, "classifier": Classifier, "decoder": Decoder, "tied": Tied}
IDS = torch.randint(0, 20, (3, 9), generator=torch.Generator().manual_seed(0))
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections")


def built(name, dtype):
    torch.manual_seed(0)
    return MODELS[name]().to(dtype)


def pair(name, dtype):
    return built(name, dtype), elman.accelerate(built(name, dtype))


def close(given, expected, dtype):
    scale = max(1.0, float(expected.detach().abs().max()))
    assert given.shape == expected.shape
    assert float((given - expected).detach().abs().max()) <= TOLERANCE[dtype] * scale


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", MODELS)
def test_equal_in_inference_and_training(name, dtype):
    theirs, ours = pair(name, dtype)
    for mode in (True, False):
        with torch.no_grad():
            close(ours.train(mode)(IDS), theirs.train(mode)(IDS), dtype)
    for model in (theirs, ours):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        for _ in range(3):
            optimizer.zero_grad()
            model(IDS).square().mean().backward()
            optimizer.step()
    for (key, a), b in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        close(a, b, dtype)
        assert a.grad is not None, key
        close(a.grad, b.grad, dtype)


@pytest.mark.parametrize("name", MODELS)
def test_restored_exactly(name):
    model, ours = pair(name, torch.float32)
    restored = elman.restore(ours)
    described = lambda net: [(path, type(part).__qualname__, sorted(vars(part))) for path, part in net.named_modules()]  # noqa: E731
    assert described(restored) == described(model)
    assert list(restored.state_dict()) == list(model.state_dict())
    assert torch.equal(restored(IDS), model(IDS))


@pytest.mark.parametrize("name", MODELS)
def test_weights_travel_between_both(name):
    theirs, ours = pair(name, torch.float32)
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.mul_(0.9)
    file = io.BytesIO()
    torch.save(ours.state_dict(), file)
    file.seek(0)
    theirs.load_state_dict(torch.load(file, weights_only=True))
    close(ours(IDS), theirs(IDS), torch.float32)
    if name == "tied":
        return  # torch cannot copy a recurrent layer with parametrised weights, its own neither
    twin = copy.deepcopy(ours)
    assert torch.equal(twin(IDS), ours(IDS))
    with torch.no_grad():
        next(twin.parameters()).zero_()
    assert not torch.equal(twin(IDS), ours(IDS))


def test_replicas_of_a_whole_model():
    _, ours = pair("classifier", torch.float32)
    replica = ours.rnn._replicate_for_data_parallel()
    for key, parameter in ours.rnn.named_parameters():
        setattr(replica, key, parameter.clone())
    x = torch.randn(2, 5, 6)
    assert torch.equal(replica(x)[0], ours.rnn(x)[0])
    assert torch.nn.DataParallel(ours, device_ids=[])(IDS).shape == (3, 3)


class Exportable(nn.Module):
    """What ONNX can hold: padded layers, one of each kind."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 4, 2, batch_first=True, bidirectional=True)
        self.gru, self.rnn = nn.GRU(8, 5, batch_first=True), nn.RNN(5, 6, batch_first=True)

    def forward(self, x):
        return self.rnn(self.gru(self.lstm(x)[0])[0])[0]


@pytest.mark.parametrize("dynamo", [False, True])
def test_onnx_files_are_those_of_the_original(dynamo):
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    if dynamo:
        pytest.importorskip("onnxscript", reason="onnxscript is not installed")
    torch.manual_seed(0)
    model, x = Exportable().eval(), torch.randn(2, 7, 3)
    files = [exported(part, x, dynamo) for part in (model, elman.accelerate(copy.deepcopy(model)))]
    theirs, ours = (onnx.load_model_from_string(file) for file in files)
    assert [node.op_type for node in ours.graph.node] == [node.op_type for node in theirs.graph.node]
    assert {node.op_type for node in ours.graph.node} >= ({"LSTM", "GRU", "RNN"} if not dynamo else {"LSTM"})
    assert not any("elman" in node.domain for node in ours.graph.node)
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    answers = [runtime.InferenceSession(file, providers=["CPUExecutionProvider"]).run(None, {"x": x.numpy()})[0] for file in files]
    assert np.array_equal(*answers)
    np.testing.assert_allclose(answers[1], model(x).detach().numpy(), atol=1e-5)


def exported(model, x, dynamo):
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, (x,), file, dynamo=dynamo, input_names=["x"], output_names=["y"], verbose=False)
    return file.getvalue()
