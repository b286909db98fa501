"""Whole stacks in the compiled entry against the reference part by part: layers, directions, padded and packed rows, odd strides."""

from __future__ import annotations

import random

import pytest
import torch

from elman import cells, nn
from elman.errors import ShapeError
from elman.kernels import _passes, reference
from elman.kernels.stack import Batch, Spec, loop, spec_of
from elman.sequences.ragged import sort_lengths

native = pytest.importorskip("elman.kernels.native", reason="the native module is not built")

F64 = torch.float64
CELLS = ("elman", "elman_relu", "gru", "lstm")


class Case:
    """A random stack: what it is, over what, and leaves for all its tensors."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = random.Random(seed)
        torch.manual_seed(seed)
        cell = rng.choice(CELLS)
        kinds = ["w_ih", "w_hh"] + (["b_ih", "b_hh"] if rng.random() < 0.7 else [])
        kinds += (["mask"] if rng.random() < 0.3 else []) + (
            ["zone_h", "zone_c"][: len(cells.get(cell).states)] if rng.random() < 0.3 else []
        )
        inputs, hidden = rng.choice((1, 3, 9)), rng.choice((1, 4, 17))
        self.spec = spec_of(cell, inputs, hidden, rng.choice((1, 2, 3)), rng.choice((1, 2)), tuple(kinds), rng.random() < 0.3)
        self.batch, shape = self._batch(rng)
        self.x = self._strided(torch.randn(*shape, inputs, dtype=F64) / 2)
        self.states = tuple(torch.randn(self.spec.parts, self.batch.n, hidden, dtype=F64) for _ in cells.get(cell).states)
        if rng.random() < 0.4:
            self.states = ()
        self.tensors = tuple(self._tensor(kind, part) for part in range(self.spec.parts) for kind in kinds)

    def _batch(self, rng: random.Random) -> tuple[Batch, tuple[int, ...]]:
        n, steps, form = rng.choice((0, 1, 2, 5)), rng.choice((0, 1, 4)), rng.choice(("full", "lengths", "packed"))
        time = rng.choice((0, 1))
        shape = (steps, n) if time == 0 else (n, steps)
        if form == "full":
            return Batch(n=n, steps=steps, rows=steps * n, time=time), shape
        longest, rows, order, sizes = sort_lengths([rng.randint(0, steps) for _ in range(n)], n, steps)
        if form == "packed":
            return Batch(n=n, steps=longest, rows=rows, sizes=sizes, order=order), (rows,)
        return Batch(n=n, steps=longest, rows=rows, time=time, padded=steps, sizes=sizes, order=order), shape

    def _strided(self, x: torch.Tensor) -> torch.Tensor:
        way = self.rng.choice(("dense", "wide", "turned", "expanded"))
        if way == "wide":
            return torch.cat([x, x], -1)[..., : x.shape[-1]]
        if way == "turned" and x.dim() == 3:
            return x.transpose(0, 1).contiguous().transpose(0, 1)
        return x[:1].expand(x.shape) if way == "expanded" and len(x) else x

    def _tensor(self, kind: str, part: int) -> torch.Tensor:
        spec = self.spec
        if kind == "mask":
            return (torch.rand(self.batch.n, spec.hidden) > 0.3).to(F64) / 0.7
        if kind in ("zone_h", "zone_c"):
            return (torch.rand(self.batch.rows, spec.hidden) > 0.7).to(F64)
        shape = spec.shapes[part * len(spec.kinds) + spec.kinds.index(kind)]
        return torch.randn(*shape, dtype=F64) * 0.5 * spec.hidden**-0.5

    def answer(self, run):
        """Outputs and the gradients of everything learned, under fixed cotangents."""
        x = self.x.detach().requires_grad_()
        states = tuple(s.clone().requires_grad_() for s in self.states)
        tensors = tuple(t.clone().requires_grad_(can) for t, can in zip(self.tensors, self.spec.learned, strict=True))
        output, last = run(self.spec, self.batch, x, states or None, tensors)
        loss = sum((v * torch.linspace(-1, 1, max(v.numel(), 1), dtype=F64)[: v.numel()].view(v.shape)).sum() for v in (output, *last))
        inputs = [t for t in (x, *states, *tensors) if t.requires_grad]
        grads = torch.autograd.grad(loss, inputs, allow_unused=True) if loss.requires_grad else [None] * len(inputs)
        return [output, *last, *(torch.zeros_like(i) if g is None else g for i, g in zip(inputs, grads, strict=True))]


def by_reference(*stack):
    return loop(*stack, reference.run)


@pytest.mark.parametrize("first", range(0, 160, 20))
def test_values_and_gradients_are_the_references(first):
    for seed in range(first, first + 20):
        case = Case(seed)
        for given, expected in zip(case.answer(native.run_stack), case.answer(by_reference), strict=True):
            torch.testing.assert_close(given, expected, rtol=1e-10, atol=1e-11, msg=lambda m, c=case: f"{c.spec} {c.batch}: {m}")


def test_gradients_of_gradients_of_a_padded_batch():
    torch.manual_seed(1)
    layer = nn.GRU(2, 3, 2, bidirectional=True, batch_first=True, dtype=F64)
    x = torch.randn(3, 4, 2, dtype=F64, requires_grad=True)
    assert torch.autograd.gradgradcheck(
        lambda x, w: layer(x * w.sum(), lengths=[2, 0, 4])[0], (x, torch.ones(2, dtype=F64, requires_grad=True))
    )


@pytest.mark.parametrize("batch_first", [False, True])
def test_padding_is_zero_and_never_read(batch_first):
    layer = nn.LSTM(3, 5, 2, bidirectional=True, batch_first=batch_first)
    x = torch.randn(4, 6, 3)
    lengths = [6, 0, 2, 5]
    for row, length in enumerate(lengths):
        x[row, length:] = float("nan")
    given = (x if batch_first else x.transpose(0, 1)).detach().requires_grad_()
    output, _ = layer(given, lengths=lengths)
    output.sum().backward()
    for value in (output.detach(), given.grad):
        rows = value if batch_first else value.transpose(0, 1)
        for row, length in enumerate(lengths):
            assert not rows[row, length:].any()
            assert bool(rows[row, :length].isfinite().all())


@pytest.mark.parametrize("cell", CELLS)
def test_layouts_and_layers_give_the_same_bits(cell):
    """Packed, padded either way and one sequence alone: the same numbers, bit for bit, through two layers and both directions."""
    torch.manual_seed(2)
    layer = nn.layer(cell)(7, 19, 2, bidirectional=True)
    lengths, x = [5, 9, 1, 9], torch.randn(9, 4, 7)
    with torch.no_grad():
        padded, state = layer(x, lengths=lengths)
        packed = layer(torch.nn.utils.rnn.pack_padded_sequence(x, torch.tensor(lengths), enforce_sorted=False))
        layer.batch_first = True
        first, _ = layer(x.transpose(0, 1), lengths=lengths)
        alone = [layer(x[:n, row][None])[0][0] for row, n in enumerate(lengths)]
    assert torch.equal(first.transpose(0, 1), padded)
    assert torch.equal(torch.nn.utils.rnn.pad_packed_sequence(packed[0])[0], padded)
    for a, b in zip(*(s if isinstance(s, tuple) else (s,) for s in (packed[1], state)), strict=True):
        assert torch.equal(a, b)
    for row, n in enumerate(lengths):
        assert torch.equal(alone[row], padded[:n, row])


def test_equal_specs_are_one_object_and_know_their_shapes():
    one = spec_of("gru", 3, 4, 2, 2, ("w_ih", "w_hh", "mask"))
    assert one is spec_of("gru", 3, 4, 2, 2, ("w_ih", "w_hh", "mask"))
    assert one.shapes == ((12, 3), (12, 4), None) * 2 + ((12, 8), (12, 4), None) * 2
    assert one.learned == (True, True, False) * 4
    assert (one.compiled, Spec("gru", 3, 4, kinds=("w_ih", "w_hr")).compiled, Spec("mine", 3, 4).compiled) == (True, False, False)


def test_a_batch_beyond_memory_is_refused_in_our_words():
    spec, x = spec_of("gru", 1, 1, 1, 1, ("w_ih", "w_hh")), torch.zeros(1, 1, 1)
    tensors = (torch.zeros(3, 1), torch.zeros(3, 1))
    for steps, n in ((2**45, 1), (1, 2**45)):
        batch = Batch(n=n, steps=steps, rows=steps * n, time=0)
        for run in (native.run_stack, by_reference):
            with pytest.raises(ShapeError, match=f"An input of {steps} steps and {n} sequences does not fit into memory"):
                run(spec, batch, x.expand(steps, n, 1), None, tensors)


def test_large_memory_comes_from_kept_blocks_and_is_as_good():
    x = torch.zeros(3, 5)
    assert _passes.room(x, 2, 3, 4).shape == (2, 3, 4)
    large = _passes.room(x, 4, 1 << 10, 1 << 7)
    large.fill_(1.0)
    assert large.shape == (4, 1 << 10, 1 << 7)
    assert float(large.sum()) == 2**19
    address = large.data_ptr()
    del large
    assert _passes.room(x, 1 << 12, 1 << 7).data_ptr() == address


@pytest.mark.parametrize("steps", [2, 80])
def test_a_changed_output_is_noticed_whatever_memory_it_is_on(steps):
    layer, x = nn.RNN(8, 64), torch.randn(steps, 64, 8)
    output = layer(x)[0]
    assert output._base is None  # of a view torch would say something misleading
    output.mul_(2.0).sum().backward()
    expected = torch.autograd.grad(layer(x)[0].clone().mul_(2.0).sum(), layer.weight_hh_l0)
    assert torch.equal(layer.weight_hh_l0.grad, *expected)
