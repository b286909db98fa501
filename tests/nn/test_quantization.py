"""torch.ao.quantization on accelerated models: the same int8 model as from torch's layers."""

from __future__ import annotations

import copy
import warnings

import pytest
import torch
from torch import nn

import elman
from elman.nn.recurrent import Recurrent

X = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(1))
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.skipif(not torch.backends.quantized.supported_engines, reason="torch was built without quantised kernels"),
]


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.gru = nn.LSTM(3, 4, 2, bidirectional=True), nn.GRU(8, 5)
        self.cell, self.head = nn.LSTMCell(5, 5), nn.Linear(5, 2)

    def forward(self, x):
        return self.head(self.cell(self.gru(self.lstm(x)[0])[0][-1])[0])


def pair():
    torch.manual_seed(0)
    theirs = Tagger().eval()
    return theirs, elman.accelerate(copy.deepcopy(theirs))


def kinds(model):
    """Classes of the parts, and whether they are quantised."""
    return [(type(part).__name__, "quantized" in type(part).__module__) for part in model.modules()]


@pytest.mark.parametrize(
    "spec", [{nn.LSTM, nn.GRU, nn.LSTMCell, nn.Linear}, {nn.LSTM}, {nn.Linear}, {"gru": None}], ids=("all", "lstm", "linear", "by name")
)
def test_quantize_dynamic(spec):
    if spec == {"gru": None}:
        spec = {"gru": torch.ao.quantization.default_dynamic_qconfig}
    theirs, ours = pair()
    expected = torch.ao.quantization.quantize_dynamic(theirs, spec)
    found = torch.ao.quantization.quantize_dynamic(ours, spec)
    assert kinds(found) == kinds(expected)
    torch.testing.assert_close(found(X), expected(X))
    assert isinstance(ours.lstm, Recurrent)  # it was a copy that was quantised
    assert isinstance(found.lstm, Recurrent) == (nn.LSTM not in spec)  # what stays in float stays accelerated
    torch.ao.quantization.quantize_dynamic(ours, spec, inplace=True)
    assert kinds(ours) == kinds(expected)
    torch.testing.assert_close(ours(X), expected(X))


def test_prepare_and_convert_fx():
    from torch.ao.quantization import QConfigMapping, default_dynamic_qconfig, quantize_fx

    answers = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for model in pair():
            mapping = QConfigMapping().set_object_type(nn.LSTM, default_dynamic_qconfig).set_object_type(nn.Linear, default_dynamic_qconfig)
            prepared = quantize_fx.prepare_fx(model, mapping, (X,))
            prepared(X)
            answers.append(quantize_fx.convert_fx(prepared))
    expected, found = answers
    assert kinds(found)[1:] == kinds(expected)[1:]
    assert "dynamic" in type(found.lstm).__module__
    torch.testing.assert_close(found(X), expected(X))
    assert isinstance(found.gru, Recurrent)
