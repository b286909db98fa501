"""Streams: the offline result, step by step, in chunks, forked, saved and put back; and pools of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from elman import nn
from elman.errors import DataError, DataTypeError, SettingError, ShapeError

KINDS = ["elman", "gru", "lstm"]
X = torch.randn(9, 2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


def layer_of(kind, **options):
    torch.manual_seed(0)
    return nn.layer(kind)(3, 4, 2, dtype=torch.float64, **options)


def close(a, b):
    torch.testing.assert_close(torch.as_tensor(a), torch.as_tensor(b), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{}, {"layer_norm": True, "zoneout": 0.2, "recurrent_dropout": 0.5}, {"dropout": 0.5}])
def test_steps_and_chunks_give_the_offline_evaluation_even_in_train_mode(kind, options):
    layer = layer_of(kind, **options)
    stream = layer.stream(batch=2)
    parts = [stream.step(X[0])[:, None], stream.feed(X[1:6].transpose(0, 1)), stream.feed(X[6:6].transpose(0, 1))]
    parts += [stream.step(x)[:, None] for x in X[6:]]
    expected, state = layer.eval()(X)
    close(torch.cat(parts, 1).transpose(0, 1), expected.detach())
    for given, last in zip(stream.state.tensors, state if isinstance(state, tuple) else (state,), strict=True):
        close(given, last.detach())
    assert not parts[0].requires_grad


def test_arrays_in_arrays_out():
    layer = nn.GRU(3, 4)
    stream = layer.stream()
    out = stream.step(np.zeros((1, 3), np.float64))
    assert isinstance(out, np.ndarray)
    assert out.dtype == np.float32
    assert stream.feed(np.zeros((1, 5, 3), np.float32)).shape == (1, 5, 4)
    assert nn.GRU(3, 4).bfloat16().stream().step(np.zeros((1, 3))).dtype == np.float32


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_is_copied_saved_and_put_back(kind):
    stream = layer_of(kind).stream(2)
    stream.feed(X[:4].transpose(0, 1))
    kept, saved, fork = stream.state.copy(), stream.state.save(), stream.copy()
    after = stream.step(X[4])
    close(fork.step(X[4]), after)
    stream.state = kept
    close(stream.step(X[4]), after)
    stream.state = kept
    twin = stream.copy()
    for tensor in twin.state.tensors:
        tensor.fill_(9.0)
    close(stream.step(X[4]), after)  # a fork and what was kept are memories of their own
    stream.reset()
    assert all(not bool(t.any()) for t in stream.state.tensors)
    stream.state.load(saved)
    close(stream.step(X[4]), after)
    stream.state = kept
    close(stream.step(X[4]), after)


def test_weights_are_read_when_the_stream_is_made_and_again_when_asked():
    layer = layer_of("gru")
    stream = layer.stream(2)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.mul_(0)
    stream.refresh()
    assert not bool(stream.step(X[0]).any())


@pytest.mark.parametrize("kind", KINDS)
def test_compiled_steps_and_the_state_object_never_part(kind):
    layer = layer_of(kind)
    stream, plain = layer.stream(2), layer.stream(2)
    plain._native = None
    held = stream.state
    for t in range(3):
        close(stream.step(X[t]), plain.step(X[t]))
    for mine, theirs in zip(held.tensors, plain.state.tensors, strict=True):
        close(mine, theirs)
    held.reset()
    plain.state.reset()
    close(stream.step(X[3].double().numpy().astype(np.float32)), plain.step(X[3].float().numpy()))
    fork = stream.copy()
    close(stream.step(X[4]), fork.step(X[4]))
    saved = stream.state.save()
    stream.step(X[0])
    held.load(saved)
    close(stream.step(X[1]), fork.step(X[1]))
    close(stream.feed(torch.stack([X[2], X[3]], 1)), fork.feed(torch.stack([X[2], X[3]], 1)))
    close(stream.step(X[4]), fork.step(X[4]))


@pytest.mark.parametrize("kind", KINDS)
def test_thousands_of_streams_come_and_go(kind):
    rng = np.random.default_rng(0)
    layer = layer_of(kind)
    pool = nn.StreamPool(layer)
    alone = {}
    for _ in range(6):
        for number in pool.join(3):
            assert number not in alone
            alone[number] = layer.stream()
        ids = rng.permutation(sorted(alone))[: rng.integers(1, len(alone) + 1)].tolist()
        x = torch.from_numpy(rng.normal(size=(len(ids), 3)))
        out = pool.step(ids, x)
        for row, number in enumerate(ids):
            close(out[row], alone[number].step(x[row : row + 1])[0])
        gone = ids[:2]
        pool.leave(gone)
        for number in gone:
            del alone[number]
        assert len(pool) == len(alone)
    number = next(iter(alone))
    alone[number].state = pool.state(number)
    many = pool.join(5000)
    assert pool.step(many, np.zeros((5000, 3))).shape == (5000, 4)
    assert pool.step([], torch.zeros(0, 3, dtype=torch.float64)).shape == (0, 4)


S, LONE = layer_of("lstm").stream(2), nn.StreamPool(layer_of("lstm"))
LONE.join(2)


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (lambda: nn.LSTM(3, 4, bidirectional=True).stream(), SettingError, r"bidirectional layer cannot be streamed: .* from the end"),
        (lambda: nn.StreamPool(nn.GRU(3, 4, bidirectional=True)), SettingError, r"bidirectional layer cannot be streamed"),
        (lambda: nn.LSTM(3, 4).stream(0), SettingError, r"batch must be a whole number of at least 1; got 0"),
        (lambda: nn.LSTM(3, 4).stream(2**45), SettingError, r"states of 35184372088832 sequences do not fit into memory"),
        (lambda: LONE.join(2**70), SettingError, r"do not fit into memory"),
        (lambda: S.step(X[0, :1]), ShapeError, r"x must have shape \(2, 3\); got \(1, 3\)"),
        (lambda: S.step(X), ShapeError, r"x must have shape \(2, 3\); got \(9, 2, 3\)"),
        (lambda: S.feed(X), ShapeError, r"x must have shape \(2, T, 3\); got \(9, 2, 3\)"),
        (lambda: S.step(X[0].float()), ShapeError, r"x must have the layer's dtype torch.float64"),
        (lambda: S.step([[1.0]]), DataTypeError, r"x must be a tensor; got list"),
        (lambda: S.step(np.array([["a"]])), DataTypeError, r"floating-point numbers; got a NumPy array of <U1"),
        (lambda: S.state.load("text"), DataTypeError, r"bytes that save\(\) gave; got str"),
        (lambda: S.state.load(b"\x00" * 9), DataError, r"These 9 bytes are not a saved state"),
        (lambda: S.state.load(layer_of("gru").stream(2).state.save()), ShapeError, r"this stream's is .*'c'"),
        (lambda: S.state.load(layer_of("lstm").stream(1).state.save()), ShapeError, r"same layer and batch"),
        (lambda: setattr(S, "state", layer_of("lstm").stream(1).state), ShapeError, r"StreamState of shapes .*; got StreamState\(h="),
        (lambda: LONE.join(-1), SettingError, r"count must be a whole number of at least 0; got -1"),
        (lambda: LONE.step([0, 7], X[0]), DataError, r"No stream has the number 7"),
        (lambda: LONE.step([-1, 0], X[0]), DataError, r"No stream has the number -1"),
        (lambda: LONE.step([0, 0], X[0]), DataError, r"each stream at most once"),
        (lambda: LONE.step([0, 1], X[0, :1]), ShapeError, r"x must have shape \(2, 3\); got \(1, 3\)"),
        (lambda: LONE.leave(["a"]), DataError, r"ids must be numbers that join\(\) gave"),
        (lambda: LONE.state(5), DataError, r"No stream has the number 5"),
    ],
)
def test_refused(wrong, error, message):
    with pytest.raises(error, match=message):
        wrong()


def test_whoever_has_left_is_unknown():
    pool = nn.StreamPool(nn.GRU(3, 4))
    (number,) = pool.join()
    pool.leave([number])
    with pytest.raises(DataError, match="has left"):
        pool.leave([number])
    assert pool.join() == [number]
    assert not bool(pool.state(number).tensors[0].any())
