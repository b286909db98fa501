"""Small parts: inputs, shift, attention, pooling, CTC's arithmetic, errors of the assembled model."""

import numpy as np
import pytest
import torch

from elman.codecs import Continuous, Discrete, Pixels, Product, Space
from elman.errors import DataError, SettingError
from elman.network import Network, Sizes, build, collate, plan
from elman.network.decoders.attention import Attention
from elman.network.decoders.ctc import collapse
from elman.network.decoders.feedback import Feedback
from elman.network.decoders.teacher_forcing import shift
from elman.network.planning.side import Side, space_config
from elman.network.pooling import Pooling, max_of, mean_of
from elman.network.stems.stem import element_stem
from elman.sequences import Ragged

TEXT, CLASS, SERIES = Side("many", Discrete(5)), Side("one", Discrete(3)), Side("many", Continuous(2))
SIZES = Sizes(rows=10, source_max=5, target_max=5)
SMALL = Network(hidden_size=8, embedding_size=8)


def text(*rows: list[int]) -> Ragged:
    return collate([np.array(row, dtype=np.int64) for row in rows], Discrete(5), "many")


def test_collate_keeps_values_rows_and_types() -> None:
    rows = [np.ones((2, 2), np.float32), np.zeros((0, 2), np.float32), np.full((1, 2), 3, np.float32)]
    batch = collate(rows, Continuous(2), "many")
    assert batch.data.dtype == torch.float32
    for row, back in zip(rows, batch.to_list(), strict=True):
        np.testing.assert_array_equal(row, back.numpy())
    assert collate([np.int64(2), np.int64(0)], Discrete(3), "one").tolist() == [2, 0]
    both = collate(
        [{"a": np.array([1]), "b": np.array([0.5])}], Product({"a": Discrete(2), "b": Continuous(1)}, {"a": "many", "b": "one"}), "many"
    )
    assert both["a"].lengths.tolist() == [1]
    assert both["b"].dtype == torch.float64
    assert len(collate([], Continuous(2), "many")) == 0


def test_collate_names_the_bad_row() -> None:
    with pytest.raises(DataError, match=r"row 1: an encoded value must have shape \(T, 2\); got \(3,\)"):
        collate([np.ones((2, 2)), np.ones(3)], Continuous(2), "many")
    with pytest.raises(DataError, match="dict with part 'a'"):
        collate([{"b": 1}], Product({"a": Discrete(2)}, {"a": "one"}), "one")
    with pytest.raises(DataError, match="collate knows"):
        collate([1], Space(), "one")
    with pytest.raises(DataError, match="A space must be one of"):
        space_config(Space())


@pytest.mark.parametrize("ends", [[True, True, True], [False, False, False], [True, False, True]])
def test_shift_feeds_each_step_its_predecessor(ends: list[bool]) -> None:
    rows = [[1, 2, 3], [], [4, 5]]
    target = collate([np.array(row, dtype=np.int64) for row in rows], Discrete(9), "many")
    found = shift(target, torch.tensor(ends))
    fed = torch.cat([torch.tensor([10, 20, 30]), target.data])[found.inputs]
    wanted = torch.cat([target.data, torch.tensor([-1])])[found.outputs]
    inputs = [row.tolist() for row in found.geometry.with_data(fed).to_list()]
    outputs = [row.tolist() for row in found.geometry.with_data(wanted).to_list()]
    for row, first, end, given, asked in zip(rows, (10, 20, 30), ends, inputs, outputs, strict=True):
        assert given == [first, *row][: len(row) + end]
        assert asked == row + [-1] * end
    last = torch.cat([torch.tensor([10, 20, 30]), target.data])[found.last]
    assert last.tolist() == [3, 20, 5]


@pytest.mark.parametrize("score", ["general", "dot", "additive"])
def test_attention_ignores_what_is_masked(score: str) -> None:
    torch.manual_seed(0)
    attention = Attention(4, 4, score)
    memory, query = torch.randn(2, 3, 4), torch.randn(2, 1, 4)
    mask = torch.tensor([[True, True, False], [False, False, False]])
    context, weights = attention(query, attention.keys(memory), memory, mask)
    memory[0, 2] = 1e6
    again, _ = attention(query, attention.keys(memory), memory, mask)
    torch.testing.assert_close(context, again)
    torch.testing.assert_close(weights.sum(-1).flatten(), torch.tensor([1.0, 0.0]))
    torch.testing.assert_close(context[0, 0], (weights[0, 0, :2, None] * memory[0, :2]).sum(0))


@pytest.mark.parametrize("score", ["general", "dot", "additive"])
def test_attention_looks_less_or_more_at_steps_it_has_seen(score: str) -> None:
    """The key of a step is ``k + c·w`` with c the attention it had so far (See 2017, eq. 11)."""
    torch.manual_seed(0)
    attention = Attention(4, 4, score, coverage=True).double()
    for weight in attention.parameters():
        torch.nn.init.normal_(weight)
    memory, query, covered = (torch.randn(2, n, m, dtype=torch.float64) for n, m in ((3, 4), (2, 4), (2, 3)))
    covered = covered.abs()
    found = attention(query, attention.keys(memory), memory, torch.ones(2, 3, dtype=torch.bool), covered)[1]
    for row in range(2):
        for t in range(2):
            keys = attention.key(memory[row]) + covered[row, t][:, None] * attention.seen
            if score == "additive":
                scores = attention.energy(torch.tanh(attention.query(query[row, t]) + keys))[:, 0]
            else:
                scores = keys @ query[row, t]
            torch.testing.assert_close(found[row, t], scores.softmax(0))


def test_attention_refuses_unknown_scores_and_sizes() -> None:
    with pytest.raises(SettingError, match="attention must be one of"):
        Attention(4, 4, "generl")
    with pytest.raises(SettingError, match="needs queries and source steps of one size"):
        Attention(4, 8, "dot")


def test_poolings_equal_a_loop() -> None:
    rows = [torch.randn(n, 4) for n in (3, 0, 5)]
    batch = Ragged.from_list(rows)
    torch.testing.assert_close(mean_of(batch), torch.stack([r.mean(0) if len(r) else torch.zeros(4) for r in rows]))
    torch.testing.assert_close(max_of(batch), torch.stack([r.max(0).values if len(r) else torch.zeros(4) for r in rows]))
    weights = batch.with_data(Pooling(4, "attention").weights(batch)[:, None]).to_list()
    assert [round(float(w.detach().sum()), 5) for w in weights] == [1.0, 0.0, 1.0]
    with pytest.raises(SettingError, match="has no weights"):
        Pooling(4, "mean").weights(batch)
    with pytest.raises(SettingError, match="pooling must be one of"):
        Pooling(4, "sum")


def test_ctc_merges_repeats_and_drops_blanks() -> None:
    assert collapse(np.array([4, 1, 1, 4, 1, 2, 2, 4]), 4).tolist() == [1, 1, 2]
    assert collapse(np.array([], dtype=np.int64), 4).tolist() == []


def test_ctc_rows_that_cannot_fit_cost_nothing() -> None:
    model = build(plan(SERIES, TEXT, SMALL, examples=SIZES, align="ctc")).eval()
    rows = [np.ones((2, 2), np.float32), np.ones((6, 2), np.float32), np.ones((0, 2), np.float32)]
    source, target = collate(rows, SERIES.space, "many"), text([1, 2, 3], [1, 2], [1])
    loss = model.loss(source, target).total
    loss.backward()
    alone = model.loss(collate(rows[1:2], SERIES.space, "many"), text([1, 2])).total
    torch.testing.assert_close(loss, alone)
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)
    nothing = model.loss(collate(rows[2:], SERIES.space, "many"), text([1]))
    assert float(nothing.total.detach()) == 0.0


def test_the_model_refuses_what_does_not_belong_together() -> None:
    step = build(plan(SERIES, TEXT, SMALL, examples=Sizes(rows=3, equal_lengths=True)))
    summary = build(plan(SERIES, CLASS, SMALL, examples=SIZES))
    language = build(plan(None, TEXT, SMALL, examples=SIZES))
    free = build(plan(TEXT, SERIES, SMALL, examples=SIZES))
    one = build(plan(Side("one", Continuous(2)), CLASS, SMALL, examples=SIZES))
    forecast = build(plan(SERIES, SERIES, SMALL, examples=SIZES, horizon=2))
    x = collate([np.ones((2, 2), np.float32)], SERIES.space, "many")
    with pytest.raises(DataError, match=r"row 0: .*same length; got 2 and 1"):
        step.loss(x, text([1]))
    with pytest.raises(DataError, match="source has 1 rows and target 2"):
        step.loss(x, text([1], [2]))
    with pytest.raises(SettingError, match="needs a source"):
        summary.predict(None)
    with pytest.raises(SettingError, match="takes no source"):
        language.loss(x, text([1]))
    with pytest.raises(SettingError, match="nothing to search"):
        summary.predict(x, search=lambda *_: [])
    with pytest.raises(SettingError, match="pass target"):
        language.predict_proba(None)
    with pytest.raises(SettingError, match="one element after the other"):
        summary.row_losses(x, torch.tensor([1]))
    with pytest.raises(SettingError, match="goes over symbols"):
        free.predict(text([1]), search=lambda *_: [])
    with pytest.raises(SettingError, match="max_length must be 0 or more"):
        free.predict(text([1]), max_length=-1)
    with pytest.raises(SettingError, match="Quantiles are for"):
        summary.quantiles(x, (0.5,))
    with pytest.raises(DataError, match="Collate the target with rank 'one'"):
        summary.loss(x, text([1]))
    with pytest.raises(DataError, match="row 0: a target has at most 2 steps"):
        forecast.loss(x, collate([np.ones((3, 2), np.float32)], SERIES.space, "many"))
    with pytest.raises(DataError, match=r"indices must be in 0..4; got 7..7"):
        build(plan(TEXT, CLASS, SMALL, examples=SIZES)).predict(collate([np.array([7])], TEXT.space, "many"))
    with pytest.raises(SettingError, match="A summary needs a source"):
        one.decoder.predict(type(one.encode(torch.zeros(1, 2)))(size=1))
    with pytest.raises(DataError, match="aligned decoder needs a source of sequences"):
        step.decoder.predict(one.encode(torch.zeros(1, 2)))
    with pytest.raises(DataError, match="CTC needs a source of sequences"):
        build(plan(SERIES, TEXT, SMALL, examples=SIZES, align="ctc")).decoder.predict(one.encode(torch.zeros(1, 2)))


def test_parts_of_one_step_must_be_equally_long() -> None:
    space = Product({"a": Continuous(1), "b": Continuous(1)}, {"a": "many", "b": "many"})
    model = build(plan(Side("many", space), CLASS, SMALL, examples=SIZES))
    rows = [{"a": np.ones((2, 1), np.float32), "b": np.ones((3, 1), np.float32)}]
    with pytest.raises(DataError, match="row 0: parts of one step"):
        model.predict(collate(rows, space, "many"))


def test_spaces_without_stem_or_feedback_are_refused() -> None:
    with pytest.raises(SettingError, match="No stem reads"):
        element_stem(Space(), 4)
    with pytest.raises(SettingError, match="cannot be generated"):
        Feedback(Pixels(1, 2, 2), 4)


def test_a_target_is_cut_to_its_limit_and_never_says_unknown() -> None:
    target = Side("many", Discrete(3), unknown=0)
    model = build(plan(TEXT, target, SMALL, examples=SIZES))
    with torch.no_grad():
        model.decoder.head.output.linear.bias.copy_(torch.tensor([50.0, 1.0, 0.0, -50.0]))
    assert [row.tolist() for row in model.predict(text([1, 2], []), max_length=3)] == [[1, 1, 1], [1, 1, 1]]
    assert len(model.predict(text([1, 2]))[0]) == int(np.ceil(2 * model.plan.length_ratio)) + 5
    assert model.predict(text([1]), max_length=0)[0].tolist() == []


def test_prediction_leaves_the_mode_and_needs_no_gradient() -> None:
    model = build(plan(SERIES, CLASS, SMALL, examples=SIZES)).train()
    x = collate([np.ones((2, 2), np.float32)], SERIES.space, "many")
    np.testing.assert_array_equal(model.predict_proba(x)[0], model.predict_proba(x)[0])
    assert model.training
