"""Moving rows: the native copies and the indexing twin agree, values and gradients."""

import pytest
import torch

from elman.errors import ShapeError
from elman.sequences import Ragged
from elman.sequences import layout as rows


def _everything(sequences: list[torch.Tensor], lengths: torch.Tensor) -> list[torch.Tensor]:
    batch = Ragged.from_list(sequences)
    padded, mask = batch.to_padded(7)
    time_first = padded.transpose(0, 1).contiguous().transpose(0, 1)
    parts = [batch.data, padded, mask, batch.flip().data, *batch.to_list()]
    return [*parts, Ragged.from_padded(padded, lengths).data, Ragged.from_padded(time_first, lengths).data]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64, torch.uint8, torch.bool])
@pytest.mark.parametrize("trail", [(), (1,), (3,), (4, 5), (0,)])
def test_native_copies_equal_indexing(dtype, trail, monkeypatch):
    pytest.importorskip("elman._native")
    for count, longest in ((1, 0), (3, 4), (5, 9), (33, 20)):
        lengths = torch.randint(0, longest + 1, (count,))
        sequences = [torch.randint(0, 9, (int(n), *trail)).to(dtype) for n in lengths]
        native = _everything(sequences, lengths)
        with monkeypatch.context() as patch:
            patch.setattr(rows, "_native", None)
            indexed = _everything(sequences, lengths)
        for one, other in zip(native, indexed, strict=True):
            assert one.dtype == other.dtype
            assert torch.equal(one, other)
        for one, other in zip(Ragged.from_list(sequences).to_list(), sequences, strict=True):
            assert torch.equal(one, other)


def test_big_batches_are_split_between_threads():
    lengths = torch.randint(0, 400, (17,))
    batch = Ragged.from_list([torch.randn(int(n), 96) for n in lengths])
    assert torch.equal(batch.flip().flip().data, batch.data)
    assert torch.equal(Ragged.from_padded(batch.to_padded()[0], lengths).data, batch.data)


def test_gradients_flow_through_every_move():
    lengths = torch.tensor([3, 0, 7, 7, 1])

    def moves(x):
        batch = Ragged.from_padded(x, lengths).flip()
        return batch.to_padded()[0] * 2, torch.cat(batch.to_list())

    x = torch.randn(5, 7, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(moves, (x,))
    assert torch.autograd.gradgradcheck(moves, (x,))


FORMS = {
    "negated": lambda t: torch._neg_view(t),
    "conjugate": lambda t: t.to(torch.complex64).mul(1 + 2j).conj(),
    "zero": lambda t: torch._efficientzerotensor(t.shape, dtype=t.dtype),
}


@pytest.mark.parametrize("form", sorted(FORMS))
def test_rows_are_moved_by_their_values_and_not_just_their_memory(form):
    sizes, starts = torch.tensor([2, 2, 2, 1, 1]), torch.tensor([0, 1])
    padded, packed = FORMS[form](torch.randn(10, 3)), FORMS[form](torch.randn(8, 3))
    plain = [torch.zeros(t.shape) if form == "zero" else t.resolve_conj().resolve_neg().clone() for t in (padded, packed)]
    pairs = [
        (rows.pack(padded, starts, 2, sizes), rows.pack(plain[0], starts, 2, sizes)),
        (rows.unpack(packed, 10, starts, 2, sizes, fill=0.0), rows.unpack(plain[1], 10, starts, 2, sizes, fill=0.0)),
        (rows.flip(packed, sizes), rows.flip(plain[1], sizes)),
    ]
    for moved, expected in pairs:
        assert torch.equal(moved, expected)


def test_lengths_beyond_the_padding_are_refused():
    with pytest.raises(ShapeError, match=r"0\.\.T \(T=2\); got 3 at index 1"):
        Ragged.from_padded(torch.zeros(2, 2, 1), torch.tensor([1, 3]))
    with pytest.raises(ShapeError, match="-1"):
        Ragged.from_padded(torch.zeros(2, 2, 1), torch.tensor([-1, 2]))


def test_one_length_per_row():
    with pytest.raises(ShapeError, match="one entry per row, 2; got 1"):
        Ragged.from_padded(torch.zeros(2, 2, 1), torch.tensor([1]))
