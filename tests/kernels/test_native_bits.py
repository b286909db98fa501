"""The same bits for a sequence alone, in any batch, in any place, on any number of threads, and step by step."""

import random

import pytest
import torch
from native_cases import CELLS, draw, leaves

from elman import cells
from elman.kernels.call import Call

native = pytest.importorskip("elman.kernels.native")


def _layer(rng: random.Random, cell: str) -> dict:
    case = leaves(draw(rng, cell), torch.float32, grad=False)
    return {name: case[name] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh") if name in case}


def _run(cell: str, layer: dict, sequences: list[torch.Tensor], states: tuple[torch.Tensor, ...], reverse: bool = False):
    """Sequences longest first; returns one output per sequence and the last states."""
    lengths = torch.tensor([len(s) for s in sequences])
    sizes = torch.tensor([int((lengths > t).sum()) for t in range(int(lengths.max()))], dtype=torch.int64)
    x = torch.cat([s[t : t + 1] for t in range(len(sizes)) for s in sequences[: int(sizes[t])]])
    output, last = native.run(Call(cell=cells.get(cell), x=x, batch_sizes=sizes, state=states, reverse=reverse, **layer))
    first = torch.cumsum(sizes, 0) - sizes
    return [output[first[: len(s)] + place] for place, s in enumerate(sequences)], last


def _bits(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.contiguous().view(torch.int32)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_needles(cell, reverse):
    """A sequence among others, ragged and poisoned, has the bits it has alone."""
    rng = random.Random(f"{cell}{reverse}")
    for _ in range(65):
        layer = _layer(rng, cell)
        hidden, inputs, count = layer["weight_hh"].shape[1], layer["weight_ih"].shape[1], rng.choice((1, 2, 3, 5, 8, 13, 16, 31))
        lengths = sorted((rng.randrange(1, 12) for _ in range(count)), reverse=True)
        place = rng.randrange(count)
        sequences = [torch.randn(n, inputs) for n in lengths]
        for other in range(count):
            if other != place and rng.random() < 0.3:
                sequences[other][0, 0] = rng.choice((float("nan"), float("inf"), 1e30))
        states = tuple(torch.randn(count, hidden) for _ in cells.get(cell).states)
        torch.set_num_threads(rng.choice((1, 2)))
        together, last = _run(cell, layer, sequences, states, reverse)
        torch.set_num_threads(1)
        alone, own = _run(cell, layer, [sequences[place]], tuple(s[place : place + 1] for s in states), reverse)
        assert torch.equal(_bits(together[place]), _bits(alone[0]))
        for one, other in zip(last, own, strict=True):
            assert torch.equal(_bits(one[place]), _bits(other[0]))


@pytest.mark.parametrize("cell", CELLS)
def test_chunks_and_single_steps(cell):
    rng = random.Random(cell)
    for _ in range(20):
        layer = _layer(rng, cell)
        x = torch.randn(rng.randrange(2, 30), layer["weight_ih"].shape[1])
        states = tuple(torch.randn(1, layer["weight_hh"].shape[1]) for _ in cells.get(cell).states)
        whole, last = _run(cell, layer, [x], states)
        pieces, at = [], 0
        while at < len(x):
            size = rng.randrange(1, 5)
            outputs, states = _run(cell, layer, [x[at : at + size]], states)
            pieces.append(outputs[0])
            at += size
        assert torch.equal(_bits(torch.cat(pieces)), _bits(whole[0]))
        assert all(torch.equal(one, other) for one, other in zip(last, states, strict=True))


@pytest.mark.parametrize("cell", ["elman", "gru", "lstm"])
def test_gradients_do_not_depend_on_threads(cell):
    generator = torch.Generator().manual_seed(3)
    gates = len(cells.get(cell).gates)
    tensors = {
        "x": torch.randn(40 * 9, 48, generator=generator),
        "weight_ih": torch.randn(gates * 70, 48, generator=generator) * 0.1,
        "weight_hh": torch.randn(gates * 70, 70, generator=generator) * 0.1,
    }
    found = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        leaves_ = {name: tensor.clone().requires_grad_() for name, tensor in tensors.items()}
        states = tuple(torch.zeros(9, 70) for _ in cells.get(cell).states)
        sizes = torch.full((40,), 9)
        output, _ = native.run(Call(cell=cells.get(cell), batch_sizes=sizes, state=states, **leaves_))
        found.append([output.detach(), *torch.autograd.grad(output.square().sum(), list(leaves_.values()))])
    torch.set_num_threads(2)
    for others in found[1:]:
        assert all(torch.equal(_bits(one), _bits(other)) for one, other in zip(found[0], others, strict=True))


def test_the_negative_control_notices_partial_sums():
    """Summing in two halves, as a split over k would, changes bits: the comparison above is able to see it."""
    x, w = torch.randn(64, 512), torch.randn(512)
    halves = [
        [sum((a * b).double() for a, b in zip(part, ws, strict=True)).float() for part, ws in ((r[:256], w[:256]), (r[256:], w[256:]))]
        for r in x[:4]
    ]
    whole = torch.stack([sum((a * b for a, b in zip(r, w, strict=True)), torch.tensor(0.0)) for r in x[:4]])
    assert not torch.equal(_bits(torch.stack([a + b for a, b in halves])), _bits(whole))
