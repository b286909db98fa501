"""Text to text: levels, copying of words never seen, searches, attention, and input that is bad or strange."""

import matplotlib.figure
import numpy as np
import pytest

import elman
from elman import Model, Network, Series, Symbols, Text, Training
from elman.errors import SettingError

NAMES = [f"name{i}" for i in range(120)]
QUICK = Training(max_epochs=2, verbose=0, random_state=0)


def sentences(count: int, low: int, high: int, seed: int = 0) -> tuple[list[list[str]], list[list[str]]]:
    rng = np.random.default_rng(seed)
    draw = lambda: NAMES[rng.integers(low, high)]  # noqa: E731
    rows = [(draw(), ("likes", "sees", "calls")[rng.integers(3)], draw()) for _ in range(count)]
    return [["now", a, verb, b, "."] for a, verb, b in rows], [["he", verb, b, "and", a] for a, verb, b in rows]


@pytest.fixture(scope="module")
def copier() -> Model:
    """A model whose vocabulary holds a third of the names."""
    x, y = sentences(500, 0, 90)
    codec = Symbols(max_vocabulary=40)
    training = Training(max_epochs=16, learning_rate=0.01, batch_size=32, verbose=0)
    return Model(codec, codec, align="attention", network=Network(hidden_size=32, dropout=0.0), training=training).fit(x, y)


@pytest.fixture(scope="module")
def reader() -> Model:
    """A small text-to-text model, hardly trained."""
    x = ["ein Hund läuft", "zwei Hunde laufen schnell", "eine Katze schläft dort", "zwei Katzen schlafen"] * 6
    y = ["a dog runs", "two dogs run fast", "a cat sleeps there", "two cats are asleep here"] * 6
    return Model(Text(), Text(), network=Network(hidden_size=16, embedding_size=16), training=QUICK).fit(x, y)


def test_words_never_seen_are_copied_as_the_user_wrote_them(copier, tmp_path) -> None:
    x, y = sentences(60, 90, 120, seed=1)
    assert copier.plan().copies
    answer = copier.predict(x)
    assert np.mean([a == b for a, b in zip(answer, y, strict=True)]) >= 0.9
    assert copier.score(x, y) >= 0.95
    assert copier.predict(x[:1], beam_size=1) == copier.predict(x[:2])[:1] == answer[:1]
    copier.save(tmp_path / "copier.elman")
    assert elman.load(tmp_path / "copier.elman").predict(x) == answer


def test_attention_comes_with_the_names_of_both_sides(copier) -> None:
    x, _ = sentences(3, 90, 120, seed=2)
    values, maps = copier.predict(x, return_attention=True)
    for source, answer, attention_map in zip(x, values, maps, strict=True):
        assert (attention_map.source, attention_map.target) == (tuple(source), tuple(answer))
        np.testing.assert_allclose(attention_map.weights.sum(1), 1, rtol=1e-5)
        copied = [(a, b) for a, b in attention_map.looked_at() if a.startswith("name")]
        assert copied
        assert all(a == b for a, b in copied)
    several, their_maps = copier.predict(x, return_attention=True, n_best=3)
    assert [row[0] for row in several] == values
    assert all([m.score for m in row] == sorted((m.score for m in row), reverse=True) for row in their_maps)
    again, scores, same = copier.predict(x, return_scores=True, return_attention=True)
    assert (again, scores) == (values, [attention_map.score for attention_map in same])
    assert copier.predict(x, return_scores=True) == (values, scores)
    greedy, _ = copier.predict(x, return_attention=True, beam_size=1)
    assert greedy == copier.predict(x, beam_size=1)


def test_attention_is_drawn(reader) -> None:
    _, (attention_map,) = reader.predict(["zwei Hunde"], return_attention=True)
    axes = attention_map.plot()
    assert isinstance(axes.figure, matplotlib.figure.Figure)
    assert [label.get_text() for label in axes.get_xticklabels()] == list(attention_map.source)
    assert attention_map.plot(axes=axes) is axes
    assert "".join(attention_map.source) == "zwei Hunde"


def test_open_levels_are_subwords_where_text_is_written_freely(reader) -> None:
    assert (reader.source_.level, reader.target_.level, reader.source.level) == ("bpe", "bpe", "auto")
    assert reader.plan().beam_size == 5
    words = Model(Text(), Text(), training=QUICK).fit(["a b c", "b a"] * 4, ["x y z", "y x"] * 4)
    assert (words.source_.unit, words.plan().decoder) == ("word", "step")
    mixed = Model(Text("word"), Text(), training=QUICK).fit(["a b c", "b a"] * 4, ["x y", "y x z"] * 4)
    assert (mixed.source_.unit, mixed.target_.unit) == ("word", "word")


def test_texts_that_repeat_each_other_share_their_subwords() -> None:
    x = ["the old dog sleeps here", "the young cat runs there now"] * 6
    shared = Model(Text(), Text(), training=QUICK).fit(x, [" ".join(v.split()[:3]) for v in x])
    assert shared.source_.vocabulary_.symbols == shared.target_.vocabulary_.symbols
    assert shared.plan().copies == (-1, *range(1, shared.target_.space.n))


def test_n_best_answers_are_different_texts(reader) -> None:
    for row in reader.predict(["ein Hund", "zwei", ""], n_best=7):
        assert 1 <= len(row) <= 7
        assert len(set(row)) == len(row)


def test_options_reach_the_search(reader, copier) -> None:
    x = ["zwei Katzen schlafen", "ein Hund läuft", ""]
    assert all(len(reader.target_.encode(answer)) <= 2 for answer in reader.predict(x, max_length=2))
    assert reader.predict(x, max_length=0) == ["", "", ""]
    for answer in copier.predict([["now", "new", "sees"], NAMES[:9]], min_length=7, max_length=9, no_repeat_ngram=1):
        assert 7 <= len(set(answer)) == len(answer) <= 9
    for beam_size in (1, 3):
        alone = [reader.predict([value], beam_size=beam_size)[0] for value in x]
        assert reader.predict(x, beam_size=beam_size) == alone


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beam_size": 0}, "beam_size must be a whole number of at least 1; got 0"),
        ({"beam_size": 2.5}, "beam_size must be a whole number"),
        ({"n_best": 0}, "n_best must be a whole number of at least 1"),
        ({"n_best": 3, "beam_size": 2}, "n_best must be at most beam_size"),
        ({"max_length": -1}, "max_length must be a whole number of at least 0"),
        ({"length_penalty": -1.0}, "length_penalty must be a number of 0 or more"),
        ({"min_length": -1}, "min_length must be a whole number of 0 or more"),
        ({"constraint": lambda _symbols: set()}, "allow neither a symbol nor the end"),
    ],
)
def test_options_that_cannot_be_are_refused(reader, options, message) -> None:
    with pytest.raises(SettingError, match=message):
        reader.predict(["ein Hund"], **options)


def test_a_model_without_attention_shows_none() -> None:
    model = Model(Text(), Text(), network=Network(attention="none", hidden_size=8, embedding_size=8), training=QUICK)
    model.fit(["a b c", "b a"] * 4, ["x y", "y x z"] * 4)
    with pytest.raises(SettingError, match="return_attention is for models with attention"):
        model.predict(["a"], return_attention=True)


def test_sources_of_nothing_and_of_unknown_symbols_alone_are_answered(reader, copier) -> None:
    strange = ["", "   ", "\u4f60\u597d", "\ufffd\ufffd", "q" * 300]
    assert all(isinstance(answer, str) for answer in reader.predict(strange))
    assert reader.predict(strange) == [reader.predict([value])[0] for value in strange]
    assert all(isinstance(answer, list) for answer in copier.predict([[], ["never", "seen"], ["?"] * 40]))
    _, (nothing,) = reader.predict([""], return_attention=True)
    assert nothing.source == ()
    assert nothing.looked_at() == []


def test_empty_targets_and_targets_beyond_the_usual_length_are_learned_from() -> None:
    x, y = ["a", "b b", "", "c"] * 5, ["", "x " * 40, "y", ""] * 5
    model = Model(Text(), Text(), network=Network(hidden_size=8, embedding_size=8), training=QUICK).fit(x, y)
    assert 0 <= model.score(x, y) <= 1 or model.score(x, y) < 0
    empty = Model(Text("word"), Text("word"), align="attention", network=Network(hidden_size=8), training=QUICK).fit(
        ["a b", "c"] * 4, [""] * 8
    )
    assert empty.predict(["a b", "zzz"]) == ["", ""]


def test_truths_longer_than_any_answer_may_be_are_scored(reader) -> None:
    assert reader.score(["ein Hund läuft"], ["a dog runs " * 60]) < 0.2


def test_series_are_still_answered_without_a_beam() -> None:
    rows = [np.arange(n, dtype=np.float32) for n in (3, 4, 5, 6)] * 3
    model = Model(Series(), Series(), align="step", network=Network(hidden_size=8), training=QUICK).fit(rows, rows)
    with pytest.raises(SettingError, match=r"\['beam_size'\] are for free sequences"):
        model.predict(rows[:1], beam_size=2)
