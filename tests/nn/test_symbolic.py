"""torch.fx: models with our layers are traced, changed and prepared for quantisation as they are with torch's."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.fx import symbolic_trace

import elman
from elman.errors import DataTypeError

X = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(1))


class Tagger(nn.Module):
    def __init__(self, layers=nn):
        super().__init__()
        self.lstm, self.gru = layers.LSTM(3, 4, 2, bidirectional=True), layers.GRU(8, 5)
        self.rnn, self.cell, self.head = layers.RNN(5, 4), layers.LSTMCell(4, 4), nn.Linear(4, 2)

    def forward(self, x, start=None):
        y, (h, _) = self.lstm(x, start)
        y, last = self.gru(y, h[:1, :, :].repeat(1, 1, 2)[..., :5])
        y = self.rnn(y)[0].relu()
        h, c = self.cell(y[0])
        h, _ = self.cell(input=y[1], hx=(h, c))
        return self.head(y + h) + last.mean()


def built(layers=nn):
    torch.manual_seed(0)
    return Tagger(layers)


def test_traced_models_hold_one_node_a_call_and_run_our_layers():
    theirs, ours = built(), elman.accelerate(built())
    traced = symbolic_trace(ours)
    described = [[(node.op, node.target) for node in graph.graph.nodes] for graph in (traced, symbolic_trace(theirs))]
    assert described[0] == described[1]
    assert traced.lstm is ours.lstm
    torch.testing.assert_close(traced(X), theirs(X))
    assert torch.equal(traced(X), ours(X))
    start = (torch.ones(4, 2, 4), torch.ones(4, 2, 4))
    torch.testing.assert_close(traced(X, start), theirs(X, start))
    traced(X).sum().backward()
    theirs(X).sum().backward()
    torch.testing.assert_close(traced.lstm.weight_hh_l1.grad, theirs.lstm.weight_hh_l1.grad)


def test_layers_that_were_elmans_from_the_beginning():
    model = built(elman.nn)
    assert torch.equal(symbolic_trace(model)(X), model(X))


def test_options_and_lengths_are_traced():
    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.gru = elman.nn.GRU(3, 4, layer_norm=True)

        def forward(self, x, lengths):
            return self.gru(x, lengths=lengths)[0]

    torch.manual_seed(0)
    model, lengths = Reader(), torch.tensor([5, 2])
    assert torch.equal(symbolic_trace(model)(X, lengths), model(X, lengths))


def test_a_layer_by_itself_is_no_model():
    with pytest.raises(DataTypeError, match=r"torch\.fx traces a recurrent layer as a part of a model; got GRU itself\."):
        symbolic_trace(elman.nn.GRU(3, 4))
