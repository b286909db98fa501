"""Readers of running text say what whole documents say: same loss, same gradient where nothing is cut, memory emptied at their ends."""

import numpy as np
import pytest
import torch

from elman.codecs import Discrete
from elman.io.tokens import Tokens
from elman.network import Network, Sizes, build, collate, plan
from elman.network.planning.side import Side
from elman.training.contiguous import Stream, place

TEXT = Side("many", Discrete(6), unknown=0)


def language(**network):
    torch.manual_seed(0)
    return build(plan(None, TEXT, Network(hidden_size=9, **network), examples=Sizes(rows=10, target_max=5))).double().eval()


def documents(*lengths):
    rng = np.random.default_rng(1)
    return [rng.integers(0, 6, n) for n in lengths]


def stream(rows, readers=1, longest=10_000):
    tokens = Tokens.of(rows, 6)
    return Stream(tokens, np.stack([tokens.starts[:-1], tokens.starts[1:]], 1), readers=readers, longest=longest)


def total(losses):
    return sum(piece.total.item() for piece in losses)


@pytest.mark.parametrize("length", [1, 2, 5, 7, 100])
@pytest.mark.parametrize("lengths", [(7,), (3, 0, 5, 1), (0,), (0, 0, 4), (12, 2)])
def test_one_reader_sums_to_the_loss_of_the_documents(lengths, length):
    model, rows = language(), documents(*lengths)
    whole = model.loss(None, collate(rows, TEXT.space, "many"))
    pieces = list(model.losses(None, place(list(stream(rows))), length))
    assert sum(piece.units for piece in pieces) == whole.units == sum(lengths) + len(lengths)
    assert total(pieces) == pytest.approx(whole.total.item(), rel=1e-10)


def test_in_one_window_the_gradient_is_that_of_the_documents():
    model, rows = language(num_layers=2), documents(4, 0, 6, 1)
    whole = torch.autograd.grad(model.loss(None, collate(rows, TEXT.space, "many")).total, list(model.parameters()))
    (piece,) = model.losses(None, place(list(stream(rows))), 1000)
    for ours, theirs in zip(torch.autograd.grad(piece.total, list(model.parameters())), whole, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("readers", [2, 3, 5])
def test_readers_side_by_side_equal_each_of_them_alone(readers):
    model, rows = language(), documents(9, 3, 0, 14, 2)
    stretches = list(stream(rows, readers))
    together = total(model.losses(None, place(stretches), 3))
    alone = [total(model.losses(None, place([one]), 3)) for one in stretches]
    assert together == pytest.approx(sum(alone), rel=1e-10)


def test_a_reader_in_the_middle_of_a_document_reads_the_symbol_before_with_an_empty_memory():
    model, rows = language(), documents(8)
    second = stream(rows, 2)[1]
    begun = model.decoder.read_on(*_window(second), None)
    symbols = np.append(rows[0], 6)
    assert second.inputs.tolist() == symbols[4:8].tolist()
    assert second.outputs.tolist() == symbols[5:9].tolist()
    assert total(model.losses(None, place([second]), 50)) == pytest.approx(begun.total.item(), rel=1e-12)


def _window(stretch):
    (window,) = place([stretch]).windows(100)
    return window.symbols, window.wanted


def test_training_draws_locked_masks_and_pays_for_activations():
    model = language(
        locked_dropout=True, input_dropout=0.3, embedding_dropout=0.3, dropout=0.4, activation_penalty=2.0, temporal_activation_penalty=1.0
    ).train()
    (first,) = model.losses(None, place(list(stream(documents(9, 3)))), 1000)
    (second,) = model.losses(None, place(list(stream(documents(9, 3)))), 1000)
    assert first.total.item() != second.total.item()
    assert first.penalty.item() > 0
    assert first.penalty.requires_grad
    model.eval()
    (judged,) = model.losses(None, place(list(stream(documents(9, 3)))), 1000)
    assert judged.penalty is None


def test_penalties_are_the_papers():
    from elman.network.decoders.regularisation import Regularisation
    from elman.sequences import Ragged

    steps = Ragged.from_list([torch.randn(4, 3, dtype=torch.float64), torch.randn(2, 3, dtype=torch.float64)])
    dropped = steps.data * 0.5
    found = Regularisation(activation=2.0, temporal_activation=3.0).penalty(steps.data, dropped, steps)
    rows = steps.to_list()
    slow = sum(float((row[1:] - row[:-1]).square().mean(1).sum()) for row in rows)
    assert float(found) == pytest.approx(2.0 * float(dropped.square().mean(1).sum()) + 3.0 * slow, rel=1e-12)
    assert Regularisation().penalty(steps.data, dropped, steps) is None
