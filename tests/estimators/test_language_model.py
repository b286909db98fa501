"""LanguageModel: continues text and symbols, says how likely they are, keeps its word through files, and explains refusals."""

import math

import numpy as np
import pytest
import torch

import elman
from elman import Category, LanguageModel, Network, Series, Symbols, Text, Training
from elman.errors import DataError, DataTypeError, NotFittedError, SettingError


def model(codec, epochs=12, **training):
    settings = Training(max_epochs=epochs, learning_rate=0.02, batch_size=8, verbose=0, **training)
    return LanguageModel(codec, network=Network(hidden_size=24), training=settings)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def periodic():
    """Knows that a is followed by b, b by c, and c by a."""
    return model(Text("char"), 30).fit(["abc" * 5, "bca" * 6, "cab" * 4] * 10)


@pytest.fixture(scope="module")
def unsure():
    """Knows little: four letters in any order, so that draws differ."""
    rng = np.random.default_rng(0)
    return model(Text("char"), 2).fit(["".join(rng.choice(list("abcd"), 12)) for _ in range(30)])


def test_a_periodic_text_is_continued_and_hardly_surprises(periodic):
    assert periodic.generate("ab", temperature=0, max_new_steps=7) == "abcabcabc"
    assert periodic.perplexity(["abc" * 5]) < 1.5
    assert periodic.perplexity(["abc" * 5]) < periodic.perplexity(["acb" * 5])
    symbol, chance = periodic.next("abcab", k=1)[0]
    assert symbol == "c"
    assert chance > 0.8


def test_score_is_the_logarithm_of_the_perplexity_and_counts_every_symbol_alike(periodic):
    texts = ["abcab", "b", "cabcabc"]
    assert periodic.score(texts) == pytest.approx(math.log2(periodic.perplexity(texts)))
    nats = [math.log(periodic.perplexity([text])) * (len(text) + 1) for text in texts]
    assert math.log(periodic.perplexity(texts)) == pytest.approx(sum(nats) / sum(len(text) + 1 for text in texts), rel=1e-6)
    assert periodic.perplexity("abcab") == pytest.approx(periodic.perplexity(["abcab"]))


def test_perplexity_is_what_the_single_predictions_say(unsure):
    text = "abdc"
    chances = [dict(unsure.next(text[:i], k=99))[c] for i, c in enumerate(text)] + [dict(unsure.next(text, k=99))[None]]
    assert unsure.perplexity([text]) == pytest.approx(math.exp(-sum(map(math.log, chances)) / 5), rel=1e-5)


def test_next_gives_a_distribution(unsure):
    everything = unsure.next("ab", k=99)
    assert sum(chance for _, chance in everything) == pytest.approx(1.0, abs=1e-5)
    chances = [chance for _, chance in everything]
    assert chances == sorted(chances, reverse=True)
    assert {"a", "b", "c", "d", None} <= {symbol for symbol, _ in everything}
    assert unsure.next("ab", k=2) == everything[:2]
    assert len(unsure.next()) == 5


def test_draws_follow_the_probabilities(unsure):
    drawn = [text[2:] or None for text in unsure.generate(["ab"] * 300, max_new_steps=1)]
    for symbol, chance in unsure.next("ab", k=3):
        assert drawn.count(symbol) / 300 == pytest.approx(chance, abs=4 * math.sqrt(chance * (1 - chance) / 300))


def test_the_seed_decides_and_a_batch_changes_nothing(unsure):
    prompts = ["", "a", "dcba", "zz"]
    together = unsure.generate(prompts, max_new_steps=12, random_state=3)
    assert together == [unsure.generate(prompt, max_new_steps=12, random_state=3) for prompt in prompts]
    assert len(set(unsure.generate(["ab"] * 6, max_new_steps=12))) > 3
    assert together == unsure.generate(prompts[::-1], max_new_steps=12, random_state=3)[::-1]
    assert len({unsure.generate("ab", max_new_steps=12, random_state=seed) for seed in range(6)}) > 3


def test_prompts_may_hold_anything(periodic):
    for prompt in ("", "xyz", "a\0b", "日本\U0001f600", "\n\t ", "abc" * 300):
        text = periodic.generate(prompt, max_new_steps=3, temperature=0)
        assert text.startswith(prompt)
        assert len(text) <= len(prompt) + 3


def test_temperature_and_cuts_narrow_the_choice(unsure):
    likeliest = unsure.generate("ab", temperature=0, max_new_steps=10)
    for narrow in ({"top_k": 1}, {"top_p": 1e-6}, {"temperature": 1e-4}):
        assert {unsure.generate("ab", max_new_steps=10, random_state=seed, **narrow) for seed in range(4)} == {likeliest}
    allowed = {symbol or "" for symbol, _ in unsure.next("ab", k=2)}
    assert {unsure.generate("ab", max_new_steps=1, top_k=2, random_state=seed)[2:] for seed in range(40)} <= allowed
    half, mass = set(), 0.0
    for symbol, chance in unsure.next("ab", k=99):
        half.add(symbol or "")
        mass += chance
        if mass >= 0.5:
            break
    assert {unsure.generate("ab", max_new_steps=1, top_p=0.5, random_state=seed)[2:] for seed in range(40)} <= half


def test_stop_ends_before_the_text_and_only_in_what_is_new(periodic):
    assert periodic.generate("ab", temperature=0, max_new_steps=9, stop="b") == "abca"
    assert periodic.generate("ab", temperature=0, max_new_steps=9, stop="ca") == "abcab"[:2]
    assert periodic.generate("ab", temperature=0, max_new_steps=3, stop="zz") == "abcab"
    assert periodic.generate(["ab", "bc"], temperature=0, max_new_steps=9, stop="b") == ["abca", "bca"]


@pytest.mark.parametrize("stop", [None, "ca", "cab", "zz"])
def test_streamed_pieces_join_to_the_same_text(periodic, unsure, stop):
    for fitted in (periodic, unsure):
        for prompt in ("", "ab"):
            options = {"max_new_steps": 9, "random_state": 5, "stop": stop}
            pieces = list(fitted.generate(prompt, stream=True, **options))
            assert prompt + "".join(pieces) == fitted.generate(prompt, **options)
            assert all(pieces)


def test_words():
    fitted = model(Text("word"), 30).fit(["the cat sat on the mat", "the dog sat on the log"] * 15)
    said = fitted.generate("the cat", temperature=0, max_new_steps=2)
    assert said == "the cat sat on"
    assert (
        "".join(fitted.generate("the cat", temperature=0, max_new_steps=4, stream=True))
        == fitted.generate("the cat", temperature=0, max_new_steps=4)[7:]
    )
    assert fitted.generate("the unicorn", temperature=0, max_new_steps=2).startswith("the unicorn")
    assert fitted.perplexity(["the cat sat on the mat"]) < 2


def test_subwords():
    texts = ["lower newer wider", "newest lowest widest"] * 15
    fitted = model(Text("bpe"), 25).fit(texts)
    text = fitted.generate("low", temperature=0, max_new_steps=20)
    assert text.startswith("low")
    assert fitted.perplexity(texts[:2]) < fitted.perplexity(["zzz qqq", "xx"])
    pieces = list(fitted.generate("new", max_new_steps=12, stream=True, random_state=2))
    assert "new" + "".join(pieces) == fitted.generate("new", max_new_steps=12, random_state=2)


def test_symbols_of_any_kind():
    fitted = model(Symbols(), 30).fit([[("n", 1), ("n", 2), 7] * 4] * 20)
    assert fitted.generate([("n", 1)], temperature=0, max_new_steps=2) == [("n", 1), ("n", 2), 7]
    assert fitted.generate([[("n", 1)], [7]], temperature=0, max_new_steps=1) == [[("n", 1), ("n", 2)], [7, ("n", 1)]]
    assert fitted.generate([("n", 1)], temperature=0, max_new_steps=5, stop=7) == [("n", 1), ("n", 2)]
    assert fitted.next([("n", 1)], k=1)[0][0] == ("n", 2)
    assert [s for piece in fitted.generate([7], temperature=0, max_new_steps=3, stream=True) for s in piece] == [("n", 1), ("n", 2), 7]
    assert len(fitted.generate(temperature=0, max_new_steps=2)) == 2


def test_a_long_document_is_learned_in_pieces_and_judged_whole():
    text = "abcd" * 1000
    fitted = model(Text("char"), 8).fit(text)
    assert fitted.perplexity(text) < 1.1
    assert fitted.score(text) < fitted.baseline_ / 4


def test_a_whole_text_is_judged_the_same_in_pieces(monkeypatch, unsure):
    from elman.language import scoring as _judging

    text = "abcd" * 50 + "dcba" * 33 + "a"
    whole = unsure.perplexity(text)
    for reach in (1, 7, 64, len(text), 10_000):
        monkeypatch.setattr(_judging, "_WINDOW", reach)
        assert unsure.perplexity(text) == pytest.approx(whole, rel=1e-6)
        assert unsure.perplexity([text, "", "ab"]) == pytest.approx(unsure.perplexity(["ab", text, ""]), rel=1e-6)


@pytest.mark.parametrize("codec", [Text("char"), Text("word"), Text("bpe"), Symbols()])
def test_a_file_keeps_everything(tmp_path, codec):
    texts = [[1, 2, "x"] * 3, [2, True]] * 6 if isinstance(codec, Symbols) else ["to be or not", "not to be"] * 6
    fitted = model(codec, 2).fit(texts)
    fitted.save(tmp_path / "a.elman")
    loaded = elman.load(tmp_path / "a.elman")
    assert loaded.perplexity(texts) == fitted.perplexity(texts)
    assert loaded.generate(texts[0], max_new_steps=8, random_state=4) == fitted.generate(texts[0], max_new_steps=8, random_state=4)
    assert loaded.next(texts[0]) == fitted.next(texts[0])
    assert loaded.baseline_ == fitted.baseline_
    assert str(loaded.plan()) == str(fitted.plan())


def test_empty_documents_are_legal_beside_others(unsure):
    assert unsure.perplexity(["", "ab"]) > 1
    assert len(model(Text("char"), 1).fit(["abab", "", "ba"] * 3).history_) == 1


@pytest.mark.parametrize(
    ("texts", "error", "message"),
    [
        ([], DataError, "texts is empty. Give at least one row"),
        ([""], DataError, "nothing to continue|no text|at least one"),
        (["", ""], DataError, "nothing to continue|no text|at least one"),
        ("a", DataError, "fewer than 2 symbols; there is nothing to continue. Give more text"),
        (3, DataTypeError, "texts must hold one value a row"),
        ([1, 2], DataTypeError, "row 0: expected text"),
        (["ab", None], DataError, "row 1: .*text"),
        ({"a": 1}, DataTypeError, "texts must hold one value a row"),
    ],
)
def test_texts_that_cannot_be_learned(texts, error, message):
    with pytest.raises(error, match=message):
        model(Text("char"), 1).fit(texts)


@pytest.mark.parametrize(
    ("codec", "texts", "error", "message"),
    [
        (Series(), [[1.0, 2.0]] * 3, SettingError, "LanguageModel continues sequences of symbols; Series is not one"),
        (Category(), ["a", "b"], SettingError, "Category is not one. Use Text"),
        (Text, ["ab"], DataTypeError, "codec must be a codec such as Text.*Give an instance"),
        ("char", ["ab"], DataTypeError, "codec must be a codec"),
    ],
)
def test_codecs_that_cannot_be_continued(codec, texts, error, message):
    with pytest.raises(error, match=message):
        model(codec, 1).fit(texts)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1}, "temperature must be 0 .always the likeliest. or more; got -1"),
        ({"temperature": float("nan")}, "temperature must be 0"),
        ({"temperature": float("inf")}, "temperature must be 0"),
        ({"temperature": "hot"}, "temperature must be 0"),
        ({"top_k": 0}, "top_k must be .*at least 1; got 0"),
        ({"top_k": 1.5}, "top_k must be .*at least 1; got 1.5"),
        ({"top_p": 0}, "top_p must be in 0 < top_p <= 1; got 0"),
        ({"top_p": 1.1}, "top_p must be"),
        ({"top_p": float("nan")}, "top_p must be"),
        ({"max_new_steps": -1}, "max_new_steps must be a whole number of 0 or more; got -1"),
        ({"max_new_steps": 2.5}, "max_new_steps must be a whole number"),
        ({"random_state": "x"}, "random_state must be a whole number"),
        ({"random_state": -1}, "random_state must be a whole number"),
        ({"stop": 3}, "stop must be text"),
        ({"stop": ""}, "stop must be text"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_odd_options_are_explained_at_once(periodic, options, message, stream):
    with pytest.raises(SettingError, match=message):
        periodic.generate("ab", stream=stream, **options)


def test_odd_prompts_are_explained(periodic):
    with pytest.raises(DataError, match="expected text"):
        periodic.generate(3)
    with pytest.raises(DataError, match="expected text"):
        periodic.generate(["ab", 3])
    with pytest.raises(DataError, match="expected text"):
        periodic.next(None)
    assert periodic.generate([]) == []


@pytest.mark.parametrize("k", [0, -1, 1.0, True, "5"])
def test_next_needs_a_count(periodic, k):
    with pytest.raises(SettingError, match="k must be a whole number from 1"):
        periodic.next("ab", k=k)


def test_nothing_is_said_before_fit():
    fresh = LanguageModel(Text("char"))
    for call in (fresh.generate, fresh.next, fresh.plan, lambda: fresh.perplexity("a"), lambda: fresh.score("a"), lambda: fresh.save("x")):
        with pytest.raises(NotFittedError, match=r"This LanguageModel is not fitted yet\. Call fit"):
            call()
