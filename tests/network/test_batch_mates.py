"""A row alone gives what it gives in any batch; empty sources are legal; pieces with carried state equal the whole."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.codecs import Binary, Continuous, Discrete, Pixels, Product
from elman.generation import Beam, Greedy
from elman.network import Network, SequenceModel, Sizes, build, collate, plan
from elman.network.planning.side import Side

RNG = np.random.default_rng(0)
SYMBOLS, NUMBERS = Side("many", Discrete(6)), Side("many", Continuous(3))
STROKES = Side("many", Product({"xy": Continuous(2), "pen": Binary(1)}, {"xy": "many", "pen": "many"}))


def symbols(n: int) -> np.ndarray:
    return RNG.integers(0, 6, n)


def numbers(n: int) -> np.ndarray:
    return RNG.normal(size=(n, 3)).astype(np.float32)


def strokes(n: int) -> dict[str, np.ndarray]:
    return {"xy": RNG.normal(size=(n, 2)).astype(np.float32), "pen": RNG.integers(0, 2, (n, 1)).astype(np.float32)}


def model_of(source: Side, target: Side, align: str = "auto", equal: bool = False, **options) -> SequenceModel:
    torch.manual_seed(0)
    chosen = Network(**{"hidden_size": 8, "embedding_size": 8, **options})
    made = plan(source, target, chosen, examples=Sizes(rows=10, source_max=9, target_max=5, equal_lengths=equal), align=align)
    return build(made).double()


CASES: dict[str, tuple[Callable[[], SequenceModel], Callable[[int], object]]] = {
    **{
        f"summary-{pooling}": (lambda pooling=pooling: model_of(SYMBOLS, Side("one", Continuous(2)), pooling=pooling), symbols)
        for pooling in ("last", "mean", "max", "attention", "concat")
    },
    "step": (lambda: model_of(NUMBERS, Side("many", Continuous(2)), equal=True), numbers),
    "general": (lambda: model_of(SYMBOLS, Side("many", Continuous(2)), "attention"), symbols),
    "additive": (lambda: model_of(SYMBOLS, Side("many", Continuous(2)), "attention", attention="additive"), symbols),
    "dot": (lambda: model_of(SYMBOLS, Side("many", Continuous(2)), "attention", attention="dot", bidirectional=False), symbols),
    "no attention": (lambda: model_of(SYMBOLS, Side("many", Continuous(2)), "attention", attention="none"), symbols),
    "input feeding": (lambda: model_of(SYMBOLS, Side("many", Continuous(2)), "attention", input_feeding=True), symbols),
    "symbols": (lambda: model_of(SYMBOLS, SYMBOLS, "attention", cell="gru", num_layers=2), symbols),
    "ctc": (lambda: model_of(NUMBERS, SYMBOLS, "ctc"), numbers),
    "strided": (lambda: model_of(NUMBERS, SYMBOLS, "ctc", stem="conv", time_stride=2), numbers),
    "plane": (lambda: model_of(NUMBERS, SYMBOLS, "ctc", stem="conv2d", time_stride=2), numbers),
    "strokes": (lambda: model_of(STROKES, Side("one", Continuous(2))), strokes),
}


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=4, deadline=None)
@given(lengths=st.lists(st.integers(0, 7), min_size=2, max_size=5))
def test_alone_equals_in_a_batch(name: str, lengths: list[int]) -> None:
    make, draw = CASES[name]
    model = make()
    rows = [draw(n) for n in lengths]
    side = model.plan.source
    together = model.predict(collate(rows, side.space, "many"))
    for row, found in zip(rows, together, strict=True):
        np.testing.assert_allclose(model.predict(collate([row], side.space, "many"))[0], found, atol=1e-9)


def test_loss_of_a_batch_is_the_sum_of_its_rows() -> None:
    for name in ("symbols", "input feeding", "ctc", "step", "summary-concat"):
        make, draw = CASES[name]
        model = make().eval()
        space, target = model.plan.source.space, model.plan.target
        rows = [draw(n) for n in (5, 0, 7, 3)]
        fitting = {"step": (5, 0, 7, 3), "ctc": (1, 0, 2, 1)}.get(name, (2, 3, 0, 1))
        one = isinstance(target.space, Continuous) and target.rank == "one"
        answers = [RNG.normal(size=2) if one else symbols(n) if target.space == Discrete(6) else RNG.normal(size=(n, 2)) for n in fitting]
        x, y = collate(rows, space, "many"), collate(answers, target.space, target.rank)
        whole = model.loss(x, y)
        parts = [
            model.loss(collate([a], space, "many"), collate([b], target.space, target.rank)) for a, b in zip(rows, answers, strict=True)
        ]
        assert whole.units == sum(part.units for part in parts)
        assert float(whole.total.detach()) == pytest.approx(sum(float(part.total.detach()) for part in parts), abs=1e-9)


def test_beam_and_greedy_do_not_see_batch_mates() -> None:
    model = CASES["symbols"][0]()
    rows = [symbols(n) for n in (4, 0, 7, 2)]
    for search in (Greedy(), Beam(size=3)):
        together = model.predict(collate(rows, SYMBOLS.space, "many"), search=search)
        alone = [model.predict(collate([row], SYMBOLS.space, "many"), search=search)[0] for row in rows]
        assert [a.tolist() for a in together] == [a.tolist() for a in alone]


@pytest.mark.parametrize("length", [1, 2, 3, 20])
def test_pieces_of_a_language_model_equal_the_whole(length: int) -> None:
    torch.manual_seed(0)
    model = build(plan(None, SYMBOLS, Network(hidden_size=8), examples=Sizes(rows=9))).double().eval()
    y = collate([symbols(n) for n in (5, 0, 7, 3, 6)], SYMBOLS.space, "many")
    whole = model.loss(None, y)
    pieces = list(model.losses(None, y, length))
    assert sum(piece.units for piece in pieces) == whole.units
    assert float(sum(piece.total for piece in pieces).detach()) == pytest.approx(float(whole.total.detach()), abs=1e-9)


def test_pieces_of_an_aligned_model_equal_the_whole() -> None:
    model = model_of(SYMBOLS, SYMBOLS, "step", equal=True, bidirectional=False).eval()
    rows = [symbols(n) for n in (5, 0, 7, 3)]
    x = collate(rows, SYMBOLS.space, "many")
    whole, pieces = model.loss(x, x), list(model.losses(x, x, 2))
    assert len(pieces) == 4
    assert float(sum(piece.total for piece in pieces).detach()) == pytest.approx(float(whole.total.detach()), abs=1e-9)


def test_frames_of_pictures_are_sequences_too() -> None:
    frames = Side("many", Pixels(1, 6, 5))
    rows = [RNG.random((n, 1, 6, 5)).astype(np.float32) for n in (3, 0, 2)]
    model = model_of(frames, Side("one", Discrete(4)))
    together = model.predict_proba(collate(rows, frames.space, "many"))
    for row, found in zip(rows, together, strict=True):
        np.testing.assert_allclose(model.predict_proba(collate([row], frames.space, "many"))[0], found, atol=1e-9)
        assert found.sum() == pytest.approx(1.0)
