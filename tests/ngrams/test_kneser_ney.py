import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_ngrams import kneser_ney

from elman.errors import NotFittedError, SettingError
from elman.ngrams import KneserNey
from elman.ngrams.kneser_ney import estimate_discounts

TOY = """the cat sat on the mat
the dog sat on the log
the cat saw the dog
a dog saw a cat
the mat is on the log
on the mat the cat sat
a cat is a cat
the dog is on a log"""

# log10 probabilities of KenLM: lmplz -o 3 --discount_fallback on TOY, then query -v word; the last of each row is the end of the line
KENLM = {
    "the cat sat on a mat": [-0.49620008, -0.58465815, -0.3931443, -0.4434904, -0.99924266, -1.408684, -0.6561253],
    "a log sat": [-0.87932086, -1.1607622, -1.6026206, -0.627377],
    "bird on the dog": [-1.3966367, -1.1234789, -1.0114058, -1.2202543, -0.5852301],
    "": [-1.0448405],
}


@pytest.fixture(scope="module")
def toy():
    index = {}
    rows = [[index.setdefault(word, len(index) + 1) for word in line.split()] for line in TOY.splitlines()]
    return KneserNey(3, end=True).fit(rows, len(index) + 1), index


@pytest.mark.parametrize("line", KENLM)
def test_the_figures_are_those_of_kenlm(toy, line):
    model, index = toy
    scores = model.score([[index.get(word, 0) for word in line.split()]])[0]
    np.testing.assert_allclose(scores / np.log(10), KENLM[line], atol=2e-6)


def test_the_discounts_are_those_of_kenlm(toy):
    np.testing.assert_allclose(toy[0].discounts_[1:, 1:], [[1 / 11, 1.89091, 2.63636], [0.588235, 1.4958, 3.0], [0.5, 1.0, 1.5]], atol=1e-5)


def test_a_bigram_model_worked_by_hand():
    """0 opens both sequences; 0, 1 and 2 each follow one symbol, so that the unigrams are 1/3 each."""
    model = KneserNey(2, discount=0.5).fit([[0, 1], [0, 2]], 3)
    np.testing.assert_allclose(model.next([]), [(2 - 0.5) / 2 + 0.25 / 3, 0.25 / 3, 0.25 / 3])
    np.testing.assert_allclose(model.next([0]), [0.5 / 3, 0.25 + 0.5 / 3, 0.25 + 0.5 / 3])
    np.testing.assert_allclose(model.next([1]), [1 / 3, 1 / 3, 1 / 3])  # nothing ever followed 1
    np.testing.assert_allclose(np.exp(model.log_prob([0, 1])), [(2 - 0.5) / 2 + 0.25 / 3, 0.25 + 0.5 / 3])


@pytest.mark.skipif("ELMAN_DATA" not in os.environ, reason="needs tiny_shakespeare/input.txt.gz in the folder ELMAN_DATA")
def test_tiny_shakespeare_in_characters_is_as_kenlm_scores_it():
    """lmplz -o 5 --discount_fallback on the first 90 % as one line of characters, query on the rest."""
    with gzip.open(Path(os.environ["ELMAN_DATA"]) / "tiny_shakespeare/input.txt.gz", "rt", encoding="utf-8") as stream:
        _, codes = np.unique(np.array(list(stream.read())), return_inverse=True)
    cut = int(0.9 * len(codes))
    model = KneserNey(5, end=True).fit([codes[:cut]], 66)
    np.testing.assert_allclose(2 ** model.bits_per_symbol([codes[cut:]]), 4.764897, rtol=1e-5)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 3), max_size=20), min_size=1, max_size=4),
    st.integers(1, 4),
    st.booleans(),
    st.lists(st.integers(0, 4), max_size=8),
)
def test_scores_and_distributions_are_those_of_the_plain_twin(sequences, order, end, text):
    model = KneserNey(order, end=end).fit(sequences, 5)
    classes = 5 + end
    slow = kneser_ney(sequences, order, classes, end=5 if end else None)
    expected = [slow(w, tuple(text[:t])) for t, w in enumerate(text)]
    np.testing.assert_allclose(np.exp(model.log_prob(text)), expected, rtol=1e-9)
    np.testing.assert_allclose(model.next(text), [slow(w, tuple(text)) for w in range(classes)], rtol=1e-9)


def test_estimated_discounts_on_a_corpus_large_enough_match_the_plain_twin():
    random = np.random.default_rng(0)
    text = random.zipf(1.6, 600) % 40
    model = KneserNey(3).fit([text], 41)
    assert model.discounts_[2, 1:].tolist() != [0.5, 1.0, 1.5]
    slow = kneser_ney([text], 3, 41)
    past = [int(w) for w in text[50:70]]
    np.testing.assert_allclose(np.exp(model.log_prob(past[5:], past[:5])), [slow(past[t], past[:t]) for t in range(5, 20)], rtol=1e-9)


def test_the_discount_formula():
    y = 100 / 180
    assert estimate_discounts([100, 40, 20, 10]) == pytest.approx((1 - 2 * y * 0.4, 2 - 3 * y * 0.5, 3 - 4 * y * 0.5))
    assert estimate_discounts([0, 3, 2, 1]) == (0.5, 1.0, 1.5)
    assert estimate_discounts([1, 1, 50, 1]) == (0.5, 1.0, 1.5)  # D2 would be negative


def test_the_table_for_native_code_scores_as_the_model(toy):
    model, index = toy
    table = model.backoff_table()

    def score(state, symbol):
        total = 0.0
        while True:
            low, high = table["first"][state], table["first"][state + 1]
            at = low + np.searchsorted(table["symbol"][low:high], symbol)
            if at < high and table["symbol"][at] == symbol:
                return total + table["log_prob"][at]
            total += table["log_backoff"][state]
            if state == 0:
                return total + table["log_prob"][0]
            state = table["suffix"][state]

    state = model.start()
    for symbol in [index["a"], index["dog"], 0, index["the"], index["cat"], model.vocabulary_size_]:
        assert score(state, symbol) == pytest.approx(np.log(model.next_at([state])[0, symbol]), abs=1e-5)
        state = model.advance([state], [symbol])[0]


@pytest.mark.parametrize("discount", [1.5, (0.5, 1.0), (0.5, 1.0, 3.5), -0.1, "half"])
def test_impossible_discounts_are_refused(discount):
    with pytest.raises(SettingError, match=r"discount must be one number in 0..1, or three"):
        KneserNey(2, discount=discount)


def test_an_unfitted_model_has_no_table():
    with pytest.raises(NotFittedError, match=r"KneserNey is not fitted yet. Call fit"):
        KneserNey(2).backoff_table()
