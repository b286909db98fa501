"""Scores of free answers against the probabilities of the network, symbol by symbol."""

from __future__ import annotations

import numpy as np
import pytest

from elman import Category, Model, Network, Text, Training
from elman.errors import SettingError
from elman.generation.hypothesis import length_norm
from elman.network import collate

PENALTY = 0.6


@pytest.fixture(scope="module")
def backwards():
    words = [a + b for a in "abc" for b in "abc"] * 3
    model = Model(Text("char"), Text("char"), align="attention", network=Network(hidden_size=8), training=Training(max_epochs=5, verbose=0))
    return model.fit(words, [word[::-1].upper() for word in words])


def score_of(model, source, answer):
    """Log-probability of an answer and its end, over the penalty for its length."""
    x = collate([model.source_.encode(source)], model.source_.space, "many")
    symbols = model.target_.encode(answer)
    chances = model.model_.predict_proba(x, collate([symbols], model.target_.space, "many"))[0]
    ends = chances.shape[1] - 1
    log_prob = sum(float(np.log(row[symbol])) for row, symbol in zip(chances, [*symbols, ends], strict=True))
    return log_prob / length_norm(len(symbols) + 1, PENALTY)


def test_each_answer_comes_with_its_score_best_first(backwards):
    sources = ["ab", "c", "", "abca"]
    options = {"n_best": 3, "beam_size": 4, "length_penalty": PENALTY}
    values, scores = backwards.predict(sources, return_scores=True, **options)
    assert values == backwards.predict(sources, **options)
    for source, answers, marks in zip(sources, values, scores, strict=True):
        assert sorted(marks, reverse=True) == marks
        ended = [place for place, answer in enumerate(answers) if len(answer) < 4]  # longer ones were ended by the limit
        assert ended
        for place in ended:
            assert marks[place] == pytest.approx(score_of(backwards, source, answers[place]), abs=1e-4)


def test_one_answer_and_one_score_a_row_without_n_best(backwards):
    values, scores = backwards.predict(["ab", "bc"], return_scores=True, beam_size=4)
    several, marks = backwards.predict(["ab", "bc"], return_scores=True, beam_size=4, n_best=4)
    assert values == [row[0] for row in several]
    assert scores == [row[0] for row in marks]


def test_scores_are_for_free_sequences():
    model = Model(Text("char"), Category(), network=Network(hidden_size=2), training=Training(max_epochs=1, verbose=0))
    with pytest.raises(SettingError, match=r"\['return_scores'\] are for free sequences; this model answers with decoder 'summary'"):
        model.fit(["ab", "ba"] * 4, ["x", "y"] * 4).predict(["ab"], return_scores=True)
