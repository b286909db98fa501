"""Copying, coverage and own guesses: against the formulas, and step by step against whole sequences."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.nn import functional

from elman.codecs import Binary, Continuous, Discrete, Product
from elman.errors import DataError, SettingError
from elman.generation import Beam
from elman.network import Network, Plan, Sizes, build, collate, plan
from elman.network.decoders.pointer import Pointer
from elman.network.heads import SoftmaxHead
from elman.network.planning.side import Side

SOURCE, TARGET = Side("many", Discrete(5), unknown=0), Side("many", Discrete(4), unknown=0)
SHARED = (-1, 2, -1, 3, 1)
SIZES = Sizes(rows=10, source_max=6, target_max=6, shared=SHARED, copied_share=0.9, chance_share=0.1)
ROWS = [np.array(row) for row in ([1, 2, 4], [6, 2, 5, 6, 2], [], [3], [5, 5, 0, 2])]
WANTED = [np.array(row) for row in ([2, 6, 1, 0], [5, 6, 6], [3], [], [5, 7, 8])]

KINDS = {
    "plain": {"copy": False},
    "copy": {},
    "copy, additive": {"attention": "additive", "num_layers": 2, "cell": "gru"},
    "copy, coverage": {"coverage": 1.0},
    "additive, coverage": {"coverage": 0.5, "attention": "additive", "copy": False},
    "copy, coverage, input feeding": {"coverage": 1.0, "input_feeding": True},
    "tied": {"tie_weights": True},
}


def model_of(seed: int = 0, **settings):
    torch.manual_seed(seed)
    chosen = Network(**{"hidden_size": 8, "embedding_size": 6, "dropout": 0.0, **settings})
    model = build(plan(SOURCE, TARGET, chosen, examples=SIZES, align="attention")).double()
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.7)
    return model.eval()


def batch(model, rows=ROWS, wanted=WANTED):
    fitting = rows if model.plan.copies else [np.where(row > 4, 0, row) for row in rows]
    said = wanted if model.plan.copies else [np.where(row > 3, 0, row) for row in wanted]
    return collate(fitting, SOURCE.space, "many"), collate(said, TARGET.space, "many"), said


def test_equal_symbols_of_a_source_are_one_class() -> None:
    pointer = Pointer(SHARED, 4, 3)
    symbols = torch.tensor([[1, 2, 4, 2], [6, 5, 6, 0]])
    assert pointer.classes(symbols).tolist() == [[2, 4 + 1 + 1, 1, 4 + 1 + 1], [5, 6, 5, 8]]


def test_the_mixture_is_the_papers_and_sums_to_one() -> None:
    torch.manual_seed(0)
    pointer, head = Pointer(SHARED, 4, 3).double(), SoftmaxHead(3, 5, label_smoothing=0.2).double()
    features, gate = torch.randn(3, 3, dtype=torch.float64), torch.randn(3, 1, dtype=torch.float64)
    weights = torch.randn(3, 4, dtype=torch.float64).softmax(1)
    classes = torch.tensor([[2, 6, 1, 6], [5, 6, 5, 8], [3, 3, 3, 3]])
    expected = torch.zeros(3, 4 + 1 + 4, dtype=torch.float64)
    for row in range(3):
        p_gen = torch.sigmoid(gate[row, 0])
        expected[row, :5] = p_gen * head.proba(features[row : row + 1])[0]
        for step in range(4):
            expected[row, classes[row, step]] += (1 - p_gen) * weights[row, step]
    found = pointer.log_proba(head, features, gate, weights, classes)
    torch.testing.assert_close(found.exp(), expected)
    torch.testing.assert_close(found.exp().sum(1), torch.ones(3, dtype=torch.float64))
    wanted = torch.tensor([6, 4, 3])
    copied = (weights * (classes == wanted[:, None])).sum(1)
    right = -found.gather(1, wanted[:, None])[:, 0]
    torch.testing.assert_close(pointer.loss(head.eval(), features, gate, copied, wanted), right)
    spread = -head.proba(features).log().mean(1)
    torch.testing.assert_close(pointer.loss(head.train(), features, gate, copied, wanted), 0.8 * right + 0.2 * spread)


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
def test_steps_of_a_search_say_what_the_loss_of_the_whole_says(kind: str) -> None:
    model = model_of(**KINDS[kind])
    source, target, said = batch(model)
    nats, units = model.row_losses(source, target)
    for row, symbols in enumerate(said):
        encoded = model.encode(collate([batch(model)[0].to_list()[row].numpy()], SOURCE.space, "many"))
        steps, state, total, newest = model.decoder.steps(), model.decoder.begin(encoded), 0.0, None
        for symbol in [*symbols.tolist(), steps.end]:
            log_probs, state, weights = steps.advance(state, newest)
            torch.testing.assert_close(log_probs.exp().sum(1), torch.ones(1, dtype=torch.float64))
            assert weights is not None
            total, newest = total - float(log_probs[0, symbol]), torch.tensor([symbol])
        assert float(nats[row]) == pytest.approx(total, rel=1e-9)
        assert int(units[row]) == len(symbols) + 1


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
def test_a_wide_beam_finds_what_listing_every_answer_finds(kind: str) -> None:
    model, limit = model_of(seed=3, **KINDS[kind]), 3
    rows = [np.array([1, 2, 6]), np.array([], dtype=np.int64), np.array([5, 5])]
    source, _, _ = batch(model, rows, WANTED[:3])
    encoded = model.encode(source)
    found = Beam(size=400, length_penalty=0.6).n_best(model.decoder.steps(), model.decoder.begin(encoded), torch.full((3,), limit))
    for row, answers in enumerate(found):
        steps = len(rows[row]) if model.plan.copies else 0
        symbols = [1, 2, 3, *range(5, 5 + steps)]
        every = [np.array(said, dtype=np.int64) for n in range(limit + 1) for said in itertools.product(symbols, repeat=n)]
        alone = collate([source.to_list()[row].numpy()] * len(every), SOURCE.space, "many")
        nats, _ = model.row_losses(alone, collate(every, TARGET.space, "many"))
        likely = {tuple(said.tolist()): -float(loss) for said, loss in zip(every, nats, strict=True) if loss < 1e6}
        ours = {tuple(answer.symbols.tolist()): answer.log_prob for answer in answers}
        assert len(ours) == len(answers)
        assert ours == pytest.approx({said: likely[said] for said in ours}, rel=1e-6)
        best = sorted(likely, key=lambda said: -likely[said] / ((6 + len(said)) / 6) ** 0.6)[:20]
        assert [tuple(answer.symbols.tolist()) for answer in answers[: len(best)]] == best


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_alone_is_answered_as_in_a_batch(kind: str) -> None:
    model = model_of(seed=5, **KINDS[kind]).float()
    source, _, _ = batch(model)
    together = model.predict(source, search=Beam(size=4), max_length=6)
    for row, said in enumerate(together):
        alone = collate([source.to_list()[row].numpy()], SOURCE.space, "many")
        assert model.predict(alone, search=Beam(size=4), max_length=6)[0].tolist() == said.tolist()


@torch.no_grad()
def test_coverage_counts_what_is_looked_at_twice_in_training_alone() -> None:
    model = model_of(coverage=2.0, label_smoothing=0.0)
    source, target, _ = batch(model)
    quiet = float(model.loss(source, target).total)
    loud = float(model.train().loss(source, target).total)
    encoded = model.eval().encode(source)
    twice = 0.0
    for row in range(len(ROWS)):
        state, newest = model.decoder.begin(encoded).select(torch.tensor([row])), None
        seen = torch.zeros(1, 5, dtype=torch.float64)
        for symbol in [*WANTED[row].tolist(), 4]:
            _, state, weights = model.decoder.steps().advance(state, newest)
            twice, seen, newest = twice + float(torch.minimum(weights, seen).sum()), seen + weights, torch.tensor([symbol])
    assert loud == pytest.approx(quiet + 2.0 * twice)


@torch.no_grad()
@pytest.mark.parametrize("settings", [{}, {"input_feeding": True}, {"copy": False, "num_layers": 2}])
def test_own_guesses_are_read_as_often_as_asked(settings) -> None:
    model = model_of(label_smoothing=0.0, teacher_forcing_ratio=0.0, **settings)
    source, target, said = batch(model)
    forced = float(model.loss(source, target).total)
    epoch = lambda number: SimpleNamespace(epoch=number, settings=SimpleNamespace(max_epochs=3))  # noqa: E731
    model.train().on_epoch_start(epoch(1))
    assert float(model.loss(source, target).total) == pytest.approx(forced)
    model.on_epoch_start(epoch(2))
    assert model.decoder.teacher_forcing == 0.5
    model.on_epoch_start(epoch(3))
    # Never the true symbol, but where the guess was "end", which is no symbol to read.
    free, steps = 0.0, model.decoder.steps()
    state = model.decoder.begin(model.eval().encode(source))
    for row, symbols in enumerate(said):
        at, newest = state.select(torch.tensor([row])), None
        for symbol in [*symbols.tolist(), 4]:
            log_probs, at, _ = steps.advance(at, newest)
            free -= float(log_probs[0, symbol])
            guess = int(log_probs.argmax())
            newest = torch.tensor([symbol if guess == 4 else guess])
    assert float(model.train().loss(source, target).total) == pytest.approx(free)


def test_guesses_of_numbers_are_read_too() -> None:
    torch.manual_seed(0)
    numbers = Side("many", Continuous(2))
    settings = Network(hidden_size=8, embedding_size=6, dropout=0.0, teacher_forcing_ratio=0.5)
    model = build(plan(SOURCE, numbers, settings, examples=Sizes(rows=10), align="attention"))
    rows = [np.ones((n, 2), np.float32) for n in (3, 0, 2)]
    loss = model.loss(collate([np.array([1, 2]), np.array([3]), np.array([4])], SOURCE.space, "many"), collate(rows, numbers.space, "many"))
    loss.total.backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


@torch.no_grad()
def test_smoothing_knows_the_end_and_ragged_rows() -> None:
    model = model_of(copy=False, label_smoothing=0.1)
    source, target, said = batch(model)
    found = float(model.train().loss(source, target).total)
    wanted = 0.0
    model.eval()
    for row, symbols in enumerate(said):
        alone = collate([source.to_list()[row].numpy()], SOURCE.space, "many")
        log_probs = torch.tensor(model.predict_proba(alone, collate([symbols], TARGET.space, "many"))[0]).log()
        classes = torch.tensor([*symbols.tolist(), 4])
        wanted += float(0.9 * functional.nll_loss(log_probs, classes, reduction="sum") - 0.1 * log_probs.mean(1).sum())
    assert found == pytest.approx(wanted)


def test_probabilities_of_a_copying_model_cover_all_its_classes() -> None:
    model = model_of()
    source, target, said = batch(model)
    for row, found in enumerate(model.predict_proba(source, target)):
        assert found.shape == (len(said[row]) + 1, 4 + 1 + 5)
        np.testing.assert_allclose(found[:, : 5 + max(len(ROWS[row]), 1)].sum(1), 1 if len(ROWS[row]) else found.sum(1))


def test_copying_is_chosen_where_targets_repeat_their_own_sources() -> None:
    made = plan(SOURCE, TARGET, examples=SIZES, align="attention")
    assert made.copies == SHARED
    assert "copy" in str(made)
    assert Plan.from_config(made.config()) == made
    for own, other in ((0.4, 0.0), (0.9, 0.8)):
        rare = Sizes(rows=10, shared=SHARED, copied_share=own, chance_share=other)
        assert plan(SOURCE, TARGET, examples=rare, align="attention").copies == ()
    assert plan(SOURCE, TARGET, Network(copy=False), examples=SIZES, align="attention").copies == ()
    rare = Sizes(rows=10, shared=SHARED)
    assert plan(SOURCE, TARGET, Network(copy=True), examples=rare, align="attention").copies == SHARED


def test_plans_copy_as_many_indices_as_the_source_has() -> None:
    config = plan(SOURCE, TARGET, Network(copy=False), examples=SIZES, align="attention").config()
    with pytest.raises(DataError, match="copies must have one index"):
        Plan.from_config({**config, "copies": [0, 9]})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"copy": True, "attention": "none"}, "copy=True needs attention"),
        ({"copy": False, "coverage": 1.0, "attention": "none"}, "coverage needs attention"),
        ({"coverage": -1.0}, "coverage must be a number"),
        ({"teacher_forcing_ratio": 1.5}, "teacher_forcing_ratio must be in"),
        ({"class_weight": "balanced"}, "class_weight='balanced' weighs"),
    ],
)
def test_settings_of_free_sequences_that_cannot_be_are_refused(settings, message) -> None:
    sizes = Sizes(rows=10, shared=SHARED, copied_share=0.9, class_counts=(1, 1, 1, 1))
    with pytest.raises(SettingError, match=message):
        plan(SOURCE, TARGET, Network(**settings), examples=sizes, align="attention")


def test_a_language_model_reads_no_guesses() -> None:
    with pytest.raises(SettingError, match="teacher_forcing_ratio < 1 is for free sequences with a source"):
        plan(None, TARGET, Network(teacher_forcing_ratio=0.5), examples=Sizes(rows=10))


def test_guesses_of_records_are_read_too() -> None:
    torch.manual_seed(0)
    points = Side("many", Product({"xy": Continuous(2), "pen": Binary(1)}, {"xy": "many", "pen": "many"}))
    settings = Network(hidden_size=8, embedding_size=6, dropout=0.0, teacher_forcing_ratio=0.0)
    model = build(plan(SOURCE, points, settings, examples=Sizes(rows=10), align="attention"))
    rows = [{"xy": np.ones((n, 2), np.float32), "pen": np.zeros((n, 1), np.float32)} for n in (3, 0, 2)]
    source, target = collate(ROWS[3:4] * 3, SOURCE.space, "many"), collate(rows, points.space, "many")
    assert float(model.loss(source, target).total.detach()) != pytest.approx(float(model.eval().loss(source, target).total.detach()))
