"""What a layer and a single step are called with wrongly, and what they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import PackedSequence

from elman import nn
from elman.errors import DataTypeError, SettingError, ShapeError
from elman.sequences import Ragged

LSTM, GRU = nn.LSTM(3, 4), nn.GRU(3, 4, batch_first=True)
X = torch.zeros(5, 2, 3)
R = Ragged.from_list([torch.zeros(2, 3), torch.zeros(1, 3)])
H0 = torch.zeros(1, 2, 4)


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (lambda: LSTM(np.zeros((5, 2, 3))), DataTypeError, r"input must be a tensor; got ndarray"),
        (lambda: LSTM(None), DataTypeError, r"input must be a tensor; got NoneType"),
        (lambda: LSTM(X.to_sparse()), ShapeError, r"input must be a dense tensor; got torch.sparse_coo"),
        (lambda: LSTM(torch.nested.nested_tensor([X[0]], layout=torch.jagged)), ShapeError, r"input must be a dense tensor; got nested"),
        (lambda: LSTM(X.to("meta")), ShapeError, r"input must be on the layer's device cpu; got meta"),
        (lambda: LSTM(X.double()), ShapeError, r"input must have the layer's dtype torch.float32; got torch.float64"),
        (lambda: LSTM(X.long()), ShapeError, r"layer's dtype torch.float32; got torch.int64"),
        (lambda: LSTM(X[0, 0]), ShapeError, r"input must be \(T, I\) or \(T, N, I\) with I=3; got \(3,\)"),
        (lambda: GRU(X[..., :2]), ShapeError, r"input must be \(T, I\) or \(N, T, I\) with I=3; got \(5, 2, 2\)"),
        (lambda: LSTM(X, X), DataTypeError, r"hx must be a tuple of 2 tensors \('h', 'c'\); got Tensor"),
        (lambda: LSTM(X, (H0,)), DataTypeError, r"hx must be a tuple of 2 tensors .*; got 1 values"),
        (lambda: LSTM(X, (H0, None)), DataTypeError, r"c_0 must be a tensor; got NoneType"),
        (lambda: LSTM(X, (H0, H0[..., :3])), ShapeError, r"c_0 must have shape \(1, 2, 4\); got \(1, 2, 3\)"),
        (lambda: LSTM(X[:, 0], (H0, H0)), ShapeError, r"h_0 must have shape \(1, 4\); got \(1, 2, 4\)"),
        (lambda: GRU(X, H0), ShapeError, r"h_0 must have shape \(1, 5, 4\); got \(1, 2, 4\)"),
        (lambda: GRU(X, (H0, H0)), DataTypeError, r"h_0 must be a tensor; got tuple"),
        (lambda: LSTM(X, lengths=[1]), ShapeError, r"lengths must have one entry per row, 2; got 1"),
        (lambda: LSTM(X, lengths=[6, 1]), ShapeError, r"lengths must be in 0\.\.T \(T=5\); got 6 at index 0"),
        (lambda: LSTM(X, lengths=[-1, 1]), ShapeError, r"lengths must be at least 0; got -1"),
        (lambda: LSTM(X, lengths=["a"]), DataTypeError, r"lengths must be whole numbers"),
        (lambda: LSTM(X[:, 0], lengths=[5]), ShapeError, r"lengths= needs a batch of rank 3"),
        (lambda: LSTM(R, lengths=[2, 1]), ShapeError, r"lengths= goes with a padded tensor; a ragged input knows its own"),
        (lambda: LSTM(R.with_data(torch.zeros(3, 2))), ShapeError, r"packed input must be \(ΣT, I\) with I=3; got \(3, 2\)"),
        (lambda: LSTM(replace(R, batch_sizes=torch.tensor([9, 9]))), ShapeError, r"batch_sizes must sum to the rows of data"),
        (
            lambda: LSTM(PackedSequence(torch.zeros(3, 3), torch.tensor([1, 2]))),
            ShapeError,
            r"batch_sizes must be at least 1 and never rise",
        ),
        (lambda: nn.LSTMCell(3, 4)(X), ShapeError, r"input must be \(I,\) or \(N, I\) with I=3; got \(5, 2, 3\)"),
        (lambda: nn.LSTMCell(3, 4)(X[0], (H0[0], H0[0, :1])), ShapeError, r"c must have shape \(2, 4\); got \(1, 4\)"),
        (lambda: nn.LSTMCell(3, 4)(X[0], H0), DataTypeError, r"hx must be a tuple of 2 tensors"),
        (lambda: nn.GRUCell(3, 4)(X[0, 0], H0[0]), ShapeError, r"h must have shape \(4,\); got \(2, 4\)"),
        (lambda: nn.RNNCell(3, 4)([1.0]), DataTypeError, r"input must be a tensor; got list"),
        (lambda: nn.RNNCell(0, 4), SettingError, r"must be at least 1; got 0 and 4"),
        (lambda: nn.RNNCell(3, "4"), SettingError, r"cell cannot be built"),
    ],
)
def test_refused(wrong, error, message):
    with pytest.raises(error, match=message):
        wrong()


@pytest.mark.parametrize("name", ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "weight_hh_l1_reverse", "bias_hh_l1"])
def test_a_weight_that_lost_its_shape_is_named(name):
    layer = nn.GRU(3, 4, 2, bidirectional=True)
    getattr(layer, name).data = torch.zeros(2, 2)
    with pytest.raises(ShapeError, match=rf"{name} must be \(.*got \(2, 2\)"):
        layer(X)


def test_a_step_cells_weight_that_lost_its_shape_is_named():
    cell = nn.LSTMCell(3, 4)
    cell.weight_hh.data = torch.zeros(1, 4)
    with pytest.raises(ShapeError, match=r"weight_hh must have shape \(16, 4\) and .*; got \(1, 4\) torch.float32"):
        cell(X[0])


@pytest.mark.parametrize("kind", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize("shape", [(3,), (2, 3), (0, 3)])
def test_step_cells_give_torchs_results(kind, shape):
    torch.manual_seed(0)
    theirs, ours = getattr(torch.nn, kind + "Cell")(3, 4), getattr(nn, kind + "Cell")(3, 4)
    ours.load_state_dict(theirs.state_dict())
    x, h = torch.randn(shape), torch.randn(*shape[:-1], 4)
    hx = (h, h + 1) if kind == "LSTM" else h
    for given in (hx, None):
        expected, found = theirs(x, given), ours(x, given)
        torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_states_need_not_be_contiguous():
    wide = torch.randn(1, 2, 8)[..., ::2]
    torch.testing.assert_close(LSTM(X, (wide, wide))[0], LSTM(X, (wide.contiguous(), wide.contiguous()))[0])


def test_sizes_beyond_memory_are_refused():
    one = torch.zeros(1, 1, 1)
    for steps, n in ((2**45, 1), (1, 2**45)):
        with pytest.raises(ShapeError, match=r"(steps and .* sequences does|States of .* do) not fit into memory"):
            nn.GRU(1, 1)(one.expand(steps, n, 1))
