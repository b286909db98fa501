"""Our layers against torch's, in float64: every kind of input, every constructor argument, values, states and gradients."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from elman import kernels, nn
from elman.sequences import Ragged

KINDS = ["elman", "elman_relu", "gru", "lstm"]
INPUT, H = 3, 4


def pair(kind, **arguments):
    """Torch's layer and ours over equal weights."""
    theirs = {"elman": torch.nn.RNN, "elman_relu": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[kind]
    if kind == "elman_relu":
        arguments["nonlinearity"] = "relu"
    theirs = theirs(INPUT, H, dtype=torch.float64, **arguments)
    arguments.pop("nonlinearity", None)
    ours = nn.layer(kind)(INPUT, H, dtype=torch.float64, **arguments)
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours


def flat(result):
    output, state = result
    output = output.data if isinstance(output, PackedSequence | Ragged) else output
    return [output, *(state if isinstance(state, tuple) else (state,))]


def assert_agree(given, expected):
    for a, b in zip(flat(given), flat(expected), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


def start(layer, n, kind):
    shape = layer.num_layers * (2 if layer.bidirectional else 1), n
    h = torch.randn(*shape, layer.proj_size or H, dtype=torch.float64)
    return (h, torch.randn(*shape, H, dtype=torch.float64)) if kind == "lstm" else h


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_every_input_gives_torchs_values_and_gradients(data):
    draw = lambda *options: data.draw(st.sampled_from(options))  # noqa: E731
    torch.manual_seed(data.draw(st.integers(0, 999)))
    kind, form, batch_first = draw(*KINDS), draw("batch", "packed", "single"), draw(True, False)
    extra = {"proj_size": 2} if kind == "lstm" and draw(True, False, False) else {}
    theirs, ours = pair(
        kind, num_layers=draw(1, 2), bias=draw(True, False), batch_first=batch_first, bidirectional=draw(True, False), **extra
    )
    lengths = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    n, steps = len(lengths), max(lengths)
    x = torch.randn(*((n, steps) if batch_first else (steps, n)), INPUT, dtype=torch.float64)
    hx = start(ours, n, kind) if draw(True, False) else None
    if form == "single":
        x = x[0] if batch_first else x[:, 0]
        hx = hx if hx is None else tuple(s[:, 0] for s in hx) if isinstance(hx, tuple) else hx[:, 0]
    inputs = x
    if form == "packed":
        inputs = pack_padded_sequence(x, torch.tensor(lengths), batch_first, enforce_sorted=False)
    expected = theirs(inputs, hx)
    sum((part**2).sum() for part in flat(expected)).backward()
    for backend in ("aten", "reference"):
        ours.zero_grad()
        with kernels.use(backend):
            given = ours(inputs, hx)
        assert type(given[0]) is type(expected[0])
        assert_agree(given, expected)
        sum((part**2).sum() for part in flat(given)).backward()
        for (name, a), b in zip(ours.named_parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(a.grad, b.grad, rtol=1e-10, atol=1e-11, msg=lambda m, name=name: f"{name}: {m}")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("backend", ["aten", "reference"])
def test_lengths_are_packing(kind, batch_first, backend):
    torch.manual_seed(2)
    theirs, ours = pair(kind, num_layers=2, bidirectional=True, batch_first=batch_first)
    lengths = [2, 5, 1]
    x = torch.randn(3, 6, INPUT, dtype=torch.float64) if batch_first else torch.randn(6, 3, INPUT, dtype=torch.float64)
    expected, state = theirs(pack_padded_sequence(x, torch.tensor(lengths), batch_first, enforce_sorted=False))
    padded = torch.nn.utils.rnn.pad_packed_sequence(expected, batch_first, total_length=6)[0]
    with kernels.use(backend):
        assert_agree(ours(x, lengths=lengths), (padded, state))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("backend", ["aten", "reference"])
def test_empty_sequences_keep_their_state_in_every_layer(kind, backend):
    torch.manual_seed(3)
    theirs, ours = pair(kind, num_layers=2, bidirectional=True, batch_first=True)
    sequences = [torch.randn(n, INPUT, dtype=torch.float64) for n in (3, 0, 4, 0)]
    hx = start(ours, 4, kind)
    with kernels.use(backend):
        output, state = ours(Ragged.from_list(sequences), hx)
    assert isinstance(output, Ragged)
    for n, (found, sequence) in enumerate(zip(output.to_list(), sequences, strict=True)):
        first = tuple(s[:, n] for s in hx) if kind == "lstm" else hx[:, n]
        expected = theirs(sequence, first) if len(sequence) else (sequence.new_empty(0, 2 * H), first)
        last = tuple(s[:, n] for s in state) if kind == "lstm" else state[:, n]
        assert_agree((found, last), expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(0, 2), (4, 0), (0, 0)])
def test_no_steps_or_no_rows(kind, shape):
    layer = nn.layer(kind)(INPUT, H)
    output, state = layer(torch.zeros(*shape, INPUT))
    assert output.shape == (*shape, H)
    for part in state if isinstance(state, tuple) else (state,):
        torch.testing.assert_close(part, torch.zeros(1, shape[1], H))
    assert layer(torch.zeros(0, INPUT))[0].shape == (0, H)


def test_dropout_between_layers_is_torchs_for_the_same_seed():
    theirs, ours = pair("gru", num_layers=3, dropout=0.5)
    x = torch.randn(5, 2, INPUT, dtype=torch.float64)
    results = []
    for run, backend in ((theirs, "aten"), (ours, "aten"), (ours, "reference")):
        torch.manual_seed(7)
        with kernels.use(backend):
            results.append(run(x))
    assert_agree(results[1], results[0])
    assert_agree(results[2], results[0])
    assert not torch.equal(results[0][0], ours.eval()(x)[0])


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_torchs_kind_of_layer(kind):
    theirs, ours = pair(kind, num_layers=2)
    assert isinstance(ours, type(theirs))
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert repr(ours).split("(")[1] == repr(theirs).split("(")[1]
    theirs.load_state_dict(ours.state_dict())
    ours.flatten_parameters()
    torch.manual_seed(1)
    fresh = type(theirs)(INPUT, H)
    torch.manual_seed(1)
    again = type(ours)(INPUT, H)
    for a, b in zip(fresh.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)


def test_nonlinearity_may_stand_where_torch_has_it():
    assert nn.RNN(INPUT, H, 1, "relu").cell.name == "elman_relu"
    assert nn.RNN(INPUT, H, 1, "tanh", False).bias is False


@pytest.mark.parametrize("kind", KINDS)
def test_a_sequence_is_the_same_alone_and_in_any_company(kind):
    torch.manual_seed(4)
    layer = nn.layer(kind)(INPUT, H, 2, bidirectional=True, dtype=torch.float64)
    sequences = [torch.randn(n, INPUT, dtype=torch.float64) for n in (4, 1, 6, 0)]
    output, _ = layer(Ragged.from_list(sequences))
    shuffled, _ = layer(Ragged.from_list([torch.full((9, INPUT), torch.nan, dtype=torch.float64), *sequences[::-1]]))
    for n, sequence in enumerate(sequences):
        alone = layer(sequence)[0]
        torch.testing.assert_close(output.to_list()[n], alone, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(shuffled.to_list()[4 - n], alone, rtol=1e-12, atol=1e-12)
