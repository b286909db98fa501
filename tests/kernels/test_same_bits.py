"""The same bits for a sequence alone, in any batch and place, beside anything, on any number of threads, and step by step.

500 needles here; ``make test-slow`` runs 10,000 (``ELMAN_SLOW_CASES`` sets another number). Forward in float32, whole layers as people
use them: 1–3 layers, both directions, padded with ``lengths=``, and streams in random chunks.
"""

from __future__ import annotations

import os
import random

import pytest
import torch

from elman import kernels, nn

pytest.importorskip("elman._native", reason="the native module is not built")

BATCHES = (*range(1, 10), 16, 31, 64)
POISON = (float("nan"), float("inf"), -float("inf"), 1e38)
CELLS = ("elman", "elman_relu", "gru", "lstm")


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def bits(tensor):
    return tensor.detach().contiguous().view(torch.int32)


def same(a, b):
    return a.shape == b.shape and torch.equal(bits(a), bits(b))


def states_of(state):
    return state if isinstance(state, tuple) else (state,)


class Needle:
    """One random layer, one sequence, and the hay it is put into."""

    def __init__(self, seed: int, layer=None) -> None:
        self.rng = random.Random(seed)
        torch.manual_seed(seed)
        self.inputs, self.hidden = self.rng.choice((1, 3, 8, 17)), self.rng.choice((1, 5, 8, 16, 23, 32, 64))
        self.layers, self.two_ways = self.rng.choice((1, 1, 2, 3)), self.rng.random() < 0.4
        kind = self.rng.choice(CELLS)
        make = layer or (lambda *a, **k: nn.layer(kind)(*a, **k))
        self.layer = make(self.inputs, self.hidden, self.layers, bidirectional=self.two_ways, batch_first=True).eval()
        self.x = torch.randn(self.rng.randint(1, 14), self.inputs)
        torch.set_num_threads(self.rng.choice((1, 2, 3, 4)))

    @torch.inference_mode()
    def alone(self):
        output, state = self.layer(self.x.unsqueeze(0))
        return output[0], tuple(s[:, 0] for s in states_of(state))

    @torch.inference_mode()
    def in_hay(self):
        """The sequence at a random place of a ragged batch, some of whose other rows are poisoned."""
        count, rng = self.rng.choice(BATCHES), self.rng
        steps = max(len(self.x), rng.randint(1, 14))
        hay, place = torch.randn(count, steps, self.inputs), rng.randrange(count)
        lengths = [rng.randint(0, steps) for _ in range(count)]
        for row in range(count):
            if rng.random() < 0.3:
                hay[row, rng.randrange(steps), rng.randrange(self.inputs)] = rng.choice(POISON)
        hay[place, : len(self.x)], lengths[place] = self.x, len(self.x)
        hay[place, len(self.x) :] = float("nan")  # padding is never read
        torch.set_num_threads(rng.choice((1, 2, 3, 4)))
        output, state = self.layer(hay, lengths=lengths)
        return output[place, : len(self.x)], tuple(s[:, place] for s in states_of(state))

    def streamed(self):
        """In chunks of random sizes, among other streams."""
        count, rng, outputs, at = self.rng.choice((1, 2, 5)), self.rng, [], 0
        stream, place = self.layer.stream(count), rng.randrange(count)
        while at < len(self.x):
            size = rng.choice((1, 1, 2, 3, 7))
            piece = self.x[at : at + size]
            many = torch.randn(count, len(piece), self.inputs)
            many[place] = piece
            torch.set_num_threads(rng.choice((1, 2, 3, 4)))
            outputs.append(stream.step(many[:, 0])[place, None] if len(piece) == 1 else stream.feed(many)[place])
            at += size
        return torch.cat(outputs), tuple(s[:, place] for s in stream.state.tensors)

    def check(self) -> None:
        expected = self.alone()
        for way in (self.in_hay, self.in_hay, *([] if self.two_ways else [self.streamed])):
            output, state = way()
            assert same(output, expected[0]), (self.layer, way.__name__)
            assert all(same(a, b) for a, b in zip(state, expected[1], strict=True)), (self.layer, way.__name__)


def test_500_needles():
    for seed in range(500):
        Needle(seed).check()


@pytest.mark.slow
def test_many_needles():
    for seed in range(500, 500 + int(os.environ.get("ELMAN_SLOW_CASES", "10000"))):
        Needle(seed).check()


def test_without_our_kernels_bits_do_differ():
    """Negative control: the same battery notices torch's own recurrences."""

    def differing() -> int:
        found = 0
        for seed in range(40):
            try:
                Needle(seed).check()
            except AssertionError:
                found += 1
        return found

    with kernels.use("aten"):
        assert differing() > 10
    assert differing() == 0


def test_a_planted_partial_sum_is_noticed(monkeypatch):
    """Negative control: a path for one row that adds up two halves of h·W, as a faster kernel might, differs somewhere."""
    layer = nn.GRU(8, 64).eval()
    x = torch.randn(9, 1, 8)
    expected = layer(x)[0]

    def two_halves(call):
        with torch.no_grad():
            output, state = call.x.new_empty(len(call.x), 64), call.state[0]
            for t, row in enumerate(call.x):
                gx = row[None] @ call.weight_ih.T + call.bias_ih
                gh = state[:, :32] @ call.weight_hh[:, :32].T + state[:, 32:] @ call.weight_hh[:, 32:].T + call.bias_hh
                (state,) = call.cell.step(gx, gh, (state,))
                output[t] = state[0]
        return output, (state,)

    monkeypatch.setattr(kernels.dispatch, "can_run_stack", lambda *_: False)  # part by part
    monkeypatch.setattr(kernels.dispatch, "run_checked", two_halves)
    planted = layer(x)[0]
    torch.testing.assert_close(planted, expected)
    assert not same(planted, expected)
    monkeypatch.undo()
    assert same(layer(x)[0], expected)
