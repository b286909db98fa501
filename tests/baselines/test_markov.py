"""Markov: chains that continue text and tell categories apart, against figures worked out elsewhere."""

import math

import numpy as np
import pytest
from sklearn.base import clone

import elman
from elman import Series, Symbols, Text
from elman.baselines import Markov
from elman.errors import DataError, ModelFileError, NotFittedError, SettingError
from elman.ngrams import KneserNey

SAM = ["I am Sam", "Sam I am", "I do not like green eggs and ham"]
"""The corpus of Jurafsky and Martin, "Speech and language processing", 3rd ed., section 3.1."""


def test_the_counts_are_those_of_the_textbook():
    """P(I|<s>) = 2/3, P(Sam|<s>) = 1/3, P(am|I) = 2/3, P(</s>|Sam) = 1/2, P(Sam|am) = 1/2, P(do|I) = 1/3."""
    model = Markov(Text("word"), order=2).fit(SAM)
    counts, chain, word = model.chains_[0].counts_, model.chains_[0], {w: int(model.codec_.encode(w)[0]) for w in ["I", "am", "Sam", "do"]}
    begin, end = chain.classes_, chain.vocabulary_size_

    def share(first, second):
        nodes = counts.find(counts.find([0, 0], [first, first]), [second, second])
        return counts.count[nodes[0]] / counts.count[counts.find([0], [first])[0]]

    found = [share(begin, word["I"]), share(begin, word["Sam"]), share(word["I"], word["am"])]
    found += [share(word["Sam"], end), share(word["am"], word["Sam"]), share(word["I"], word["do"])]
    np.testing.assert_allclose(found, [2 / 3, 1 / 3, 2 / 3, 1 / 2, 1 / 2, 1 / 3])


def test_interpolated_kneser_ney_on_the_textbook_corpus():
    """Equation 3.38 with d = 0.75 by hand: 15 kinds of bigrams, "Sam" follows 2, "am" is followed by 2 of 2; 12 classes."""
    text = Text("word").fit(SAM, role="target")
    model = KneserNey(2, end=True, discount=0.75).fit(text.encode_all(SAM), text.space.n)
    am, sam = (int(text.encode(w)[0]) for w in ("am", "Sam"))
    unigram = (2 - 0.75) / 15 + 0.75 * 11 / 15 / 12
    np.testing.assert_allclose(model.next([am])[sam], (1 - 0.75) / 2 + 0.75 * 2 / 2 * unigram)
    np.testing.assert_allclose(model.next([am]).sum(), 1)


@pytest.mark.parametrize("smoothing", ["kneser_ney", "ppm"])
def test_a_language_model(smoothing, tmp_path):
    texts = ["the cat sat on the mat", "the dog sat on the log", "a cat saw the dog"] * 3
    model = Markov(Text("char"), smoothing=smoothing).fit(texts)
    bits = model.surprisal(["the cat", ""])
    assert [len(b) for b in bits] == [8, 1]  # the end counts
    np.testing.assert_allclose(model.score(["the cat", ""]), sum(b.sum() for b in bits) / 9)
    np.testing.assert_allclose(model.perplexity(["the cat"]), 2 ** bits[0].mean())
    assert sum(chance for _, chance in model.next("the ca", k=1000)) == pytest.approx(1)
    assert model.next("the ca", k=1)[0][0] == "t"
    assert model.next("sat on the mat", k=1)[0][0] is None
    assert model.generate("the c", max_new_steps=5, random_state=3).startswith("the c")
    model.save(tmp_path / "chain.elman")
    again = elman.load(tmp_path / "chain.elman")
    assert again.score(texts) == model.score(texts)
    assert again.generate("a", random_state=1) == model.generate("a", random_state=1)
    assert model.parameters_ == again.parameters_ > 50
    assert again.nbytes_ == model.nbytes_


def test_a_classifier_follows_bayes(tmp_path):
    x = [list("abab"), list("abba"), list("aabb"), list("bbbb")]
    y = [True, True, False, True]
    model = Markov(Symbols(), order=2).fit(x, y)
    first = np.array([chain.log_prob([*model.codec_.encode(list("ab")), chain.vocabulary_size_]).sum() for chain in model.chains_])
    weighed = np.exp(first) * [1 / 4, 3 / 4]  # False, True
    np.testing.assert_allclose(model.predict_proba([list("ab")])[0], weighed / weighed.sum())
    assert model.classes_ == [False, True]
    assert model.predict([list("bb")]).tolist() == [True]
    assert model.score(x, y) == np.mean(model.predict(x) == y)
    model.save(tmp_path / "chains.elman")
    np.testing.assert_array_equal(elman.load(tmp_path / "chains.elman").predict_log_proba(x), model.predict_log_proba(x))


def test_long_sequences_do_not_underflow():
    long = ["ab" * 5000, "ba" * 5000, "aabb" * 2000]
    proba = Markov(Text("char")).fit(long, ["x", "x", "y"]).predict_proba(long)
    np.testing.assert_allclose(proba.sum(1), 1)
    assert proba[2, 1] > 0.99


def test_order_and_settings_are_scikit_learns():
    model = Markov(Text("char"), order=3, smoothing="ppm")
    assert clone(model).get_params()["order"] == 3
    assert Markov(Text("char")).fit(["abc"]).chains_[0].order == 7
    assert Markov(Text("char"), smoothing="ppm").fit(["abc"]).chains_[0].order == 6
    many = [list(range(500))]
    assert Markov(Symbols()).fit(many).chains_[0].order == 5


def test_the_surprisal_of_a_network_is_its_score():
    training = elman.Training(max_epochs=2, verbose=0)
    texts = ["abcabc", "", "abc" * 400]
    model = elman.LanguageModel(Text("char"), training=training).fit(texts)
    bits = model.surprisal(texts)
    assert [len(b) for b in bits] == [7, 1, 1201]
    np.testing.assert_allclose(sum(b.sum() for b in bits) / 1209, model.score(texts), rtol=1e-6)
    np.testing.assert_allclose(bits[1], model.surprisal([""])[0], rtol=1e-5)
    np.testing.assert_allclose(math.log2(model.perplexity(texts)), model.score(texts), rtol=1e-9)


def test_what_it_cannot_do(tmp_path):
    with pytest.raises(NotFittedError, match="This Markov is not fitted yet"):
        Markov().score(["a"])
    with pytest.raises(NotFittedError, match="fitted without categories: it continues text"):
        Markov().fit(["a b"]).predict(["a"])
    with pytest.raises(NotFittedError, match="fitted on categories: it has a chain for each"):
        Markov().fit(["a b", "b"], [0, 1]).generate("a")
    with pytest.raises(SettingError, match="smoothing must be one of .* Did you mean 'kneser_ney'"):
        Markov(smoothing="kneserney").fit(["a"])
    with pytest.raises(SettingError, match="Markov reads sequences of symbols; Series is not one"):
        Markov(Series()).fit([[1.0]], [0])
    with pytest.raises(DataError, match="The sequences hold no symbol"):
        Markov().fit([""])
    model = Markov(Text("char")).fit(["ab", "ba"], [0, 1])
    model.save(tmp_path / "good.elman")
    from elman.io import model_file

    meta, tensors = model_file.read(tmp_path / "good.elman")
    for change in ({"rows": [2]}, {"chains": meta["spec"]["chains"][:1]}, {"params": {}, "extra": 1}, {"rows": [0, 2]}):
        model_file.write(tmp_path / "bad.elman", tensors, {"kind": "markov", "spec": {**meta["spec"], **change}})
        with pytest.raises(ModelFileError, match=r"its description (does not make a model|is not that of Markov chains)"):
            elman.load(tmp_path / "bad.elman")
