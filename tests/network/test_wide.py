"""n-grams and the linear part on them, against dense oracles; ensembles; words and their pieces in the stem."""

import itertools

import numpy as np
import pytest
import torch

from elman.codecs import Binary, Continuous, Discrete, Product, Words
from elman.errors import DataError, SettingError
from elman.network import Network, Sizes, build, collate, plan
from elman.network.decoders.wide import MixedOutput, Wide
from elman.network.encoders.convolution import Convolutions
from elman.network.ensemble import Ensemble, build_all
from elman.network.ngram_features import grams
from elman.network.planning.infer import counted
from elman.network.planning.side import Side
from elman.network.stems.stem import WordStem
from elman.sequences import Ragged

WORDS = Words(7, 9)
TEXTS, CLASS = Side("many", WORDS), Side("one", Discrete(3))
SIZES = Sizes(rows=30, source_mean=4, source_max=6)
ROWS = [
    np.array([[1, 3, 0], [2, 4, 5], [1, 3, 0]], np.int32),
    np.zeros((0, 1), np.int32),
    np.array([[0]], np.int32),
    np.array([[2, 5], [6, 8]], np.int32),
]


def words(rows):
    return collate(rows, WORDS, "many")


def spoken(row):
    """n-grams of a row of words, as a person would list them."""
    ids = [int(word[0]) for word in row]
    found = [("gram", *ids[i : i + n]) for n in (1, 2) for i in range(len(ids) - n + 1)]
    return found + [("piece", int(piece)) for word in row for piece in word[1:] if piece]


def test_words_are_collated_whatever_their_pieces():
    batch = words(ROWS)
    assert batch.data.shape == (6, 3)
    for row, back in zip(ROWS, batch.to_list(), strict=True):
        assert np.array_equal(back.numpy()[:, : row.shape[1]], row)
        assert not back.numpy()[:, row.shape[1] :].any()
    with pytest.raises(DataError, match="row 1: an encoded value must have shape"):
        words([ROWS[0], np.zeros(3, np.int32)])


def test_grams_are_those_a_person_would_list():
    found = grams(words(ROWS))
    by_row = {row: [] for row in range(len(ROWS))}
    for key, row in zip(found.keys.tolist(), found.rows.tolist(), strict=True):
        by_row[row].append(key)
    for row, keys in by_row.items():
        expected = spoken(ROWS[row])
        assert len(keys) == len(expected)
        assert len(set(keys)) == len(set(expected))
    for row in range(len(ROWS)):  # the same n-gram has the same key in every row, another has another
        alone = grams(words([ROWS[row]])).distinct()
        assert sorted(alone.keys.tolist()) == sorted(set(by_row[row]))
    for row, other in itertools.combinations(range(len(ROWS)), 2):
        assert len(set(by_row[row]) & set(by_row[other])) == len(set(spoken(ROWS[row])) & set(spoken(ROWS[other])))


def test_grams_of_symbols_know_where_they_end():
    found = grams(Ragged.from_list([torch.tensor([1, 2, 1]), torch.tensor([2])]))
    places = sorted(zip(found.rows.tolist(), found.ends.tolist(), found.sizes.tolist(), strict=True))
    assert places == [(0, 0, 1), (0, 1, 1), (0, 1, 2), (0, 2, 1), (0, 2, 2), (0, 2, 3), (1, 0, 1)]
    assert len(grams(Ragged.from_list([torch.zeros(0, dtype=torch.int64)])).keys) == 0


def test_wide_scores_equal_a_dense_product():
    torch.manual_seed(0)
    every = grams(words(ROWS))
    keys = torch.unique(every.keys)[1:]  # one n-gram is unknown
    wide = Wide(len(keys), 2)
    wide.keys.copy_(keys)
    wide.weight.copy_(torch.randn(len(keys), 2))
    wide.bias.copy_(torch.tensor([0.5, -1.0]))
    expected = wide.bias.repeat(len(ROWS), 1)
    for row in range(len(ROWS)):
        has = set(every.keys[every.rows == row].tolist()) & set(keys.tolist())
        for sign in (False, True):
            group = [key for key in has if (key < 0) == sign]
            for key in group:
                expected[row] += wide.weight[keys.tolist().index(key)] / len(group) ** 0.5
    torch.testing.assert_close(wide(words(ROWS)), expected)
    alone = torch.cat([wide(words([row])) for row in ROWS])
    torch.testing.assert_close(wide(words(ROWS)), alone)


def test_the_mixed_output_learns_alone_and_answers_with_both():
    layer = MixedOutput(torch.nn.Linear(4, 2), 2)
    layer.shares.copy_(torch.tensor([0.25, 2.0]))
    deep, wide = torch.randn(3, 4), torch.randn(3, 2)
    torch.testing.assert_close(layer(deep), layer.inner(deep))
    torch.testing.assert_close(layer.eval()(torch.cat([deep, wide], 1)), 0.25 * layer.inner(deep) + 2 * wide)


def test_a_word_is_its_own_vector_and_the_mean_of_its_pieces():
    stem = WordStem(7, 9, 4)
    values = torch.tensor([[1, 3, 5], [2, 0, 0], [0, 8, 0]])
    expected = torch.stack(
        [
            stem.embedding.weight[1] + (stem.pieces.weight[3] + stem.pieces.weight[5]) / 2,
            stem.embedding.weight[2],
            stem.embedding.weight[0] + stem.pieces.weight[8],
        ]
    )
    torch.testing.assert_close(stem(values), expected)
    torch.testing.assert_close(stem(values[1:2, :1]), expected[1:2])
    for wrong in ([[7, 0]], [[0, 9]], [[-1, 0]]):
        with pytest.raises(DataError, match=r"words must be in 0\.\.6 and pieces in 0\.\.8"):
            stem(torch.tensor(wrong))


def test_word_dropout_reads_words_by_their_pieces_alone():
    torch.manual_seed(0)
    stem = WordStem(7, 9, 4, word_dropout=0.4)
    values = torch.tensor([[1, 3]] * 4000)
    unknown = stem.embedding.weight[0] + stem.pieces.weight[3]
    dropped = (stem(values) - unknown).abs().sum(1) < 1e-6
    assert float(dropped.float().mean()) == pytest.approx(0.4, abs=0.03)
    assert not ((stem.eval()(values) - unknown).abs().sum(1) < 1e-6).any()


def test_words_within_a_record_are_read_too():
    space = Product({"text": WORDS, "price": Continuous(1)}, {"text": "many", "price": "one"})
    model = build(plan(Side("many", space), CLASS, examples=SIZES)).eval()
    rows = [{"text": row, "price": np.ones(1, np.float32)} for row in ROWS]
    assert len(model.predict(collate(rows, space, "many"))) == len(ROWS)


def test_the_plan_of_a_text_names_its_recipe():
    made = plan(TEXTS, CLASS, examples=SIZES)
    assert (made.members, made.wide, made.word_dropout, made.label_smoothing) == (3, 1, 0.3, 0.1)
    assert "wide" in str(made)
    other = plan(Side("many", Continuous(2)), CLASS, examples=SIZES)
    assert (other.members, other.wide, other.word_dropout, other.label_smoothing) == (1, 0, 0.0, 0.0)
    assert plan(TEXTS, CLASS, examples=Sizes(rows=10**6)).members == 1
    assert counted(made, members=1).parameters * 3 == made.parameters


@pytest.mark.parametrize(
    ("settings", "source", "target", "message"),
    [
        ({"members": 0}, TEXTS, CLASS, r"members must be a whole number in 1\.\.100; got 0"),
        ({"members": 2}, TEXTS, Side("many", Discrete(4)), "members > 1 is for one answer a row or a step"),
        ({"wide": True}, Side("many", Continuous(2)), CLASS, "wide=True is for one answer"),
        ({"word_dropout": 1.0}, TEXTS, CLASS, "word_dropout must be in"),
    ],
)
def test_settings_of_texts_that_cannot_be_are_refused(settings, source, target, message):
    with pytest.raises(SettingError, match=message):
        plan(source, target, Network(**settings), examples=SIZES)


def test_a_wide_part_that_is_too_large_is_refused():
    with pytest.raises(SettingError, match="wide must be True, False or 'auto', and its n-grams at most"):
        counted(plan(TEXTS, CLASS, examples=SIZES), wide=10**7)


@pytest.mark.parametrize("target", [CLASS, Side("one", Binary(3)), Side("one", Continuous(2))])
def test_an_ensemble_answers_with_the_mean(target):
    torch.manual_seed(0)
    model = build_all(plan(TEXTS, target, Network(members=2, hidden_size=4), examples=SIZES)).eval()
    assert isinstance(model, Ensemble)
    batch = words(ROWS)
    each = [np.stack(member.predict_proba(batch)) for member in model.members]
    assert not np.allclose(*each)
    np.testing.assert_allclose(np.stack(model.predict_proba(batch)), np.mean(each, axis=0), atol=1e-7)
    answers = np.stack(model.predict(batch))
    mean = np.mean(each, axis=0)
    expected = mean.argmax(-1) if target is CLASS else mean > 0.5 if isinstance(target.space, Binary) else mean
    np.testing.assert_allclose(answers, expected, atol=1e-6)
    with pytest.raises(SettingError, match="nothing to search"):
        model.predict(batch, max_length=3)
    if isinstance(target.space, Continuous):
        assert model.quantiles(batch, (0.5,)).shape == (4, 2, 1)
    truth = torch.zeros(4, dtype=torch.int64) if target is CLASS else torch.zeros(4, target.space.n if hasattr(target.space, "n") else 2)
    losses = [float(member.loss(batch, truth).total.detach()) for member in model.members]
    assert float(model.loss(batch, truth).total.detach()) == pytest.approx(np.mean(losses))
    assert model.device.type == "cpu"


def test_convolutions_equal_a_loop_and_see_nothing_beyond_their_row():
    torch.manual_seed(0)
    layer = Convolutions(3, 5, (2, 3)).double()
    rows = [torch.randn(n, 3, dtype=torch.float64) for n in (4, 0, 1)]
    found, state = layer(Ragged.from_list(rows))
    assert layer.last(state).shape == (3, 10)
    for row, got in zip(rows, found.to_list(), strict=True):
        for t in range(len(row)):
            parts = []
            for width, convolution in zip(layer.widths, layer.layers, strict=True):
                window = torch.stack(
                    [row[t + k] if 0 <= t + k < len(row) else torch.zeros(3).double() for k in range(-((width - 1) // 2), width // 2 + 1)]
                )
                parts.append(torch.relu((convolution.weight * window.T).sum((1, 2)) + convolution.bias))
            torch.testing.assert_close(got[t], torch.cat(parts))
    empty, _ = layer(Ragged.from_list([torch.zeros(0, 3, dtype=torch.float64)]))
    assert empty.data.shape == (0, 10)


def test_class_weights_count_rows_as_often():
    torch.manual_seed(0)
    sizes = Sizes(rows=4, class_counts=(3, 1, 0))
    model = build(plan(TEXTS, CLASS, Network(wide=False, members=1, class_weight="balanced", label_smoothing=0.0), examples=sizes)).eval()
    heavy = build(plan(TEXTS, CLASS, Network(wide=False, members=1, label_smoothing=0.0), examples=sizes)).eval()
    heavy.load_state_dict(model.state_dict())
    rows, truth = [ROWS[0], ROWS[3], ROWS[2], ROWS[0]], torch.tensor([0, 0, 0, 1])
    weighted = model.loss(words(rows), truth).total
    repeated = heavy.loss(words([*rows, rows[3], rows[3]]), torch.tensor([0, 0, 0, 1, 1, 1])).total  # 1 : 3, as 4/6 to 2
    torch.testing.assert_close(weighted, repeated * 4 / 6)
