"""A language model with n-grams beside it: every answer against the mixture computed symbol by symbol from both parts alone."""

import numpy as np
import pytest
from scipy import optimize

import elman
from elman import Category, LanguageModel, Model, Network, Text, Training
from elman.errors import ModelFileError, SettingError
from elman.estimators.saving import save
from elman.generation import next_probabilities
from elman.io.tokens import Tokens
from elman.language import scoring as _judging
from elman.language.training import parts
from elman.ngrams import KneserNey, Mixture

TEXTS = [("the cat sat on the mat. " * 3)[i : i + 40] for i in range(24)] + ["a dog ran to the cat", "the dog sat"] * 8


@pytest.fixture(scope="module")
def model():
    training = Training(max_epochs=3, learning_rate=0.02, verbose=0)
    return LanguageModel(Text("char"), network=Network(hidden_size=16, ngram_order=3), training=training).fit(TEXTS)


def chances(model, text):
    """Probabilities after a text, from the network alone and the n-grams alone."""
    row = model.target_.encode(text)
    own = next_probabilities(model.model_, [row])[0].astype(np.float64)
    ngrams = model.mixture_.ngrams
    share = model.mixture_.shares[ngrams.counts_.depth[model.mixture_.contexts(row)[-1]]]
    return share * own + (1 - share) * ngrams.next(row)


def test_next_is_the_mixture(model):
    expected = chances(model, "the ca")
    found = model.next("the ca", k=3)
    assert [p for _, p in found] == pytest.approx(np.sort(expected)[::-1][:3], rel=1e-6)
    assert found[0][0] == "t"


def test_a_trace_expects_what_next_expects(model):
    told = elman.trace(model, "the ca").predictions
    assert told.values[-1] == pytest.approx(chances(model, "the ca"), rel=1e-5)
    assert told.values[2] == pytest.approx(chances(model, "the"), rel=1e-5)


def test_score_and_accuracy_sum_up_what_next_says(model):
    texts = ["the cat ran. ", "a mat sat on", ""]
    nats, hits, units = 0.0, 0, 0
    for text in texts:
        row = [*model.target_.encode(text), model.target_.space.n]
        for t, symbol in enumerate(row):
            p = chances(model, text[:t])
            nats, hits, units = nats - np.log(p[symbol]), hits + (p.argmax() == symbol), units + 1
    assert model.score(texts) == pytest.approx(nats / units / np.log(2), rel=1e-5)
    assert model.accuracy(texts) == hits / units


def test_long_documents_are_judged_over_windows(model, monkeypatch):
    texts = ["the cat sat on the mat. " * 9, "a dog", "", "the dog ran to the mat"]
    whole = model.score(texts), model.accuracy(texts)
    monkeypatch.setattr(_judging, "_WINDOW", 7)
    assert (model.score(texts), model.accuracy(texts)) == pytest.approx(whole, rel=1e-6)


def test_the_likeliest_is_written_and_a_stream_writes_the_same(model):
    text = "the c"
    for _ in range(8):
        best = chances(model, text)
        best[list(model.model_.decoder.banned)] = 0
        if best.argmax() == model.target_.space.n:
            break
        text += model.target_.decode(np.array([best.argmax()]))
    assert model.generate("the c", temperature=0, max_new_steps=8) == text
    drawn = {"max_new_steps": 30, "random_state": 5, "top_p": 0.9}
    assert "".join(model.generate("the c", stream=True, **drawn)) == model.generate("the c", **drawn)[5:]


def test_prompts_are_continued_alike_alone_and_together(model):
    prompts = ["the ", "a d", "", "zebra? ", "sat"]
    assert model.generate(prompts, max_new_steps=25) == [model.generate(prompt, max_new_steps=25) for prompt in prompts]


def test_the_search_that_knows_rules_draws_the_same(model, monkeypatch):
    from elman.generation import continuation

    quick = model.generate(["the ", "a d"], max_new_steps=20)
    monkeypatch.setattr(continuation, "_writes", lambda *_: False)
    assert model.generate(["the ", "a d"], max_new_steps=20) == quick
    assert "".join(model.generate("the ", max_new_steps=20, stream=True)) == quick[0][4:]


def test_draws_follow_the_mixture(model):
    expected = chances(model, "the ")
    drawn = [model.generate("the ", max_new_steps=1, random_state=seed)[4:] for seed in range(400)]
    known = {model.target_.decode(np.array([i])): p for i, p in enumerate(expected[:-1]) if i not in model.model_.decoder.banned}
    known[""] = expected[-1]
    total = sum(known.values())
    for symbol in sorted(known, key=known.get)[-3:]:
        p = known[symbol] / total
        assert abs(drawn.count(symbol) / 400 - p) < 4 * np.sqrt(p * (1 - p) / 400) + 1e-9


def test_the_file_gives_the_same_model_back(model, tmp_path):
    model.save(tmp_path / "a.elman")
    again = elman.load(tmp_path / "a.elman")
    assert again.score(TEXTS) == model.score(TEXTS)
    assert again.next("the") == model.next("the")
    assert again.generate(["the", "a"], max_new_steps=20) == model.generate(["the", "a"], max_new_steps=20)
    assert "ngram_order" in str(again.plan())


def test_a_file_whose_ngrams_are_over_other_symbols_is_refused(model, tmp_path):
    other = LanguageModel(Text("char"), network=Network(hidden_size=4, ngram_order=2), training=Training(max_epochs=1, verbose=0))
    other.fit(["ab"] * 9)
    mixed = LanguageModel(Text("char"))
    mixed.__dict__.update({**model.__dict__, "mixture_": other.mixture_})
    save(mixed, tmp_path / "b.elman")
    with pytest.raises(ModelFileError, match="n-grams are over other symbols than its codec's"):
        elman.load(tmp_path / "b.elman")


def test_the_shares_come_from_text_that_neither_part_has_seen():
    tokens = Tokens.of([np.arange(n) % 5 for n in (3, 4, 300, 5, 6)], 5)
    training = Training(validation_fraction=0.2)
    learned, held = parts(tokens, training)
    assert sum(len(piece) for piece in held) == pytest.approx(0.2 * len(tokens.flat), abs=12)
    assert sum(len(piece) + 1 for piece in learned + held) >= len(tokens.flat)
    short = Tokens.of([np.arange(n) % 5 for n in range(2, 40)], 5)
    learned, held = parts(short, training)
    assert len(learned) + len(held) == 38
    assert len(held) == 8


def test_the_shares_are_those_that_make_held_out_text_likeliest_under_ngrams_of_the_rest(model):
    """Each share maximises its likelihood times a beta prior of 2.5 symbols for either part; the n-grams that stay count everything."""
    end = model.target_.space.n
    tokens = Tokens.of([model.target_.encode(text) for text in TEXTS], end)
    learned, held = parts(tokens, model.training)
    assert sorted(map(tuple, [*learned, *held])) == sorted(map(tuple, tokens))
    ngrams = KneserNey(3, end=True).fit(learned, end)
    cases = [[], [], []]
    for row in held:
        depths = ngrams.counts_.depth[Mixture(ngrams).contexts(row)]
        for t, symbol in enumerate([*row, end]):
            own = next_probabilities(model.model_, [row[:t]])[0][symbol]
            cases[depths[t]].append((own, ngrams.next(row[:t])[symbol]))
    for share, pairs in zip(model.mixture_.shares, cases, strict=True):
        own, theirs = np.array(pairs, np.float64).reshape(-1, 2).T

        def cost(a, own=own, theirs=theirs):
            return -np.log(a * own + (1 - a) * theirs).sum() - 2.5 * np.log(a * (1 - a))

        best = optimize.minimize_scalar(cost, bounds=(1e-6, 1 - 1e-6), method="bounded", options={"xatol": 1e-7}).x
        assert share == pytest.approx(best, abs=1e-3)
    everything = KneserNey(3, end=True).fit(list(tokens), end)
    row = model.target_.encode("the ca")
    assert model.mixture_.ngrams.next(row) == pytest.approx(everything.next(row))


def test_small_texts_and_other_tasks_have_none(model):
    small = LanguageModel(Text("char"), network=Network(hidden_size=4), training=Training(max_epochs=1, verbose=0)).fit(TEXTS)
    assert small.mixture_ is None
    assert small.plan().ngram_order == 0
    with pytest.raises(SettingError, match="ngram_order=3 is for language models over symbols"):
        Model(Text("char"), Category(), network=Network(ngram_order=3)).fit(["a", "b"] * 5, [0, 1] * 5)


@pytest.mark.parametrize("order", [-1, 21, 2.5, True, "five"])
def test_an_order_that_cannot_be_is_refused(order):
    with pytest.raises(SettingError, match="ngram_order must be a whole number in 0..20, or 'auto'; got"):
        LanguageModel(Text("char"), network=Network(ngram_order=order)).fit(TEXTS)
