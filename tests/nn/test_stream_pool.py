"""StreamPool: members have the bits of streams by themselves, whoever steps beside them; they are saved, loaded, copied."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from elman import kernels, nn
from elman.errors import DataError, ShapeError


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def same(a, b):
    view = torch.int32 if a.dtype == torch.float32 else torch.int64
    return a.shape == b.shape and torch.equal(a.contiguous().view(view), b.contiguous().view(view))


OPTIONS = ({}, {"num_layers": 3}, {"layer_norm": True}, {"zoneout": 0.2, "num_layers": 2}, {"bias": False})


@pytest.mark.parametrize("kind", ["elman", "elman_relu", "gru", "lstm"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_members_have_the_bits_of_streams_alone(kind, options):
    pytest.importorskip("elman._native", reason="the native module is not built")
    rng = random.Random(len(kind))
    for hidden, dtype in ((5, torch.float32), (33, torch.float32), (17, torch.float64)):
        torch.manual_seed(hidden)
        layer = nn.layer(kind)(3, hidden, dtype=dtype, **options)
        pool, alone = nn.StreamPool(layer), {}
        for tick in range(5):
            for number in pool.join(rng.choice((0, 1, 7, 60))):
                alone[number] = layer.stream()
            if not alone:
                continue
            ids = rng.sample(sorted(alone), rng.randint(1, len(alone)))
            x = torch.randn(len(ids), 3, dtype=dtype)
            if tick == 3:
                x[0] = torch.nan
            torch.set_num_threads(rng.choice((1, 2, 3)))
            found = pool.step(torch.tensor(ids), x)
            for row, number in enumerate(ids):
                expected = alone[number].step(x[row : row + 1])[0]
                if tick != 3 or row:
                    assert same(found[row], expected)
            for number in ids[:3]:
                pool.leave([number])
                del alone[number]
        for number in list(alone)[:5]:
            held, wanted = pool.state(number).tensors, alone[number].state.tensors
            assert all(same(a, b) or bool(b.isnan().any()) for a, b in zip(held, wanted, strict=True))


def test_without_compiled_steps_it_works_as_well():
    torch.manual_seed(0)
    layer = nn.LSTM(3, 4, 2)
    x = torch.randn(3, 3)
    pool = nn.StreamPool(layer)
    ids = pool.join(3)
    with kernels.use("aten"):
        other = nn.StreamPool(layer)
        assert other.join(3) == ids
        torch.testing.assert_close(other.step(ids, x), pool.step(ids, x))
        torch.testing.assert_close(other.step(ids[:2], x[:2]), pool.step(ids[:2], x[:2]))
        assert other.load(other.save()) == [5, 4, 3] or len(other) == 6
    projected = nn.LSTM(3, 4, proj_size=2)
    pool = nn.StreamPool(projected)
    (number,) = pool.join()
    torch.testing.assert_close(pool.step([number], x[:1]), projected.stream().step(x[:1]))


def test_members_are_saved_and_loaded():
    layer = nn.LSTM(3, 4, 2)
    pool, x = nn.StreamPool(layer), np.random.default_rng(0).normal(size=(3, 3)).astype(np.float32)
    a, b, c = pool.join(3)
    pool.step([a, b, c], x)
    data, one = pool.save(), pool.save([c])
    expected = pool.step([a, b, c], x)
    other = nn.StreamPool(layer)
    other.join(2)
    fresh = other.load(data)
    assert np.array_equal(other.step(fresh, x), expected)
    assert np.array_equal(other.step(other.load(one), x[2:]), expected[2:])
    stream = layer.stream()
    stream.step(x[:1])
    (number,) = other.join()
    other.set_state(number, stream.state)
    assert np.array_equal(other.step([number], x[:1]), expected[:1])
    assert len(pool) == 3
    assert pool.ids() == sorted([a, b, c])


def test_weights_are_read_when_asked():
    layer = nn.GRU(3, 4)
    pool, x = nn.StreamPool(layer), torch.ones(1, 3)
    (number,) = pool.join()
    pool.step([number], x)
    stream = layer.stream()
    stream.step(x)
    with torch.no_grad():
        layer.weight_ih_l0.mul_(2)
    pool.refresh()
    stream.refresh()
    assert torch.equal(pool.step([number], x), stream.step(x))


def test_refused():
    pool = nn.StreamPool(nn.LSTM(3, 4))
    ids = pool.join(2)
    with pytest.raises(DataError, match="These are not saved states"):
        pool.load(b"\x00" * 9)
    with pytest.raises(ShapeError, match=r"this pool holds .*'c'.* Load them into a pool of the same layer"):
        pool.load(nn.StreamPool(nn.GRU(3, 4)).save())
    with pytest.raises(ShapeError, match="The saved states are"):
        pool.load(nn.StreamPool(nn.LSTM(3, 5)).save())
    with pytest.raises(ShapeError, match=r"state must be a StreamState of shapes \[\(1, 1, 4\), \(1, 1, 4\)\]"):
        pool.set_state(ids[0], nn.LSTM(3, 4).stream(2).state)
    with pytest.raises(DataError, match=r"each stream at most once; 1 is named twice"):
        pool.step([1, 0, 1], torch.zeros(3, 3))
    pool.step([1, 0], torch.zeros(2, 3))  # nothing stays of the refused call


def test_no_number_is_accepted_twice_where_the_module_is_missing(monkeypatch):
    monkeypatch.setattr("elman.nn.stream_pool._native", None)
    pool = nn.StreamPool(nn.GRU(3, 4))
    ids = pool.join(3)
    assert pool.step(ids, torch.zeros(3, 3)).shape == (3, 4)
    for wrong in ([0, 0], [7], [-1]):
        with pytest.raises(DataError, match=r"No stream has|at most once"):
            pool.step(wrong, torch.zeros(len(wrong), 3))
