"""What a recurrent network can learn of a language that n-grams cannot: to count, also beyond the lengths it saw."""

from __future__ import annotations

import pytest

from elman import LanguageModel, Model, Network, Symbols, Training
from elman.datasets import grammars


def settings(epochs: int) -> dict:
    network = Network(cell="lstm", hidden_size=32, bidirectional=False, dropout=0.0, recurrent_dropout=0.5)
    learning = {"learning_rate": 0.01, "weight_decay": 0.0, "batch_size": 32}
    return {"network": network, "training": Training(max_epochs=epochs, patience=epochs, verbose=0, **learning)}


def sets_of(language, word):
    return ["".join(sorted(language.next_symbols(word[:stop]))) for stop in range(len(word) + 1)]


@pytest.mark.parametrize(("name", "longest"), [("anbncn", 30), ("dyck_1", 20)])
def test_next_symbols_are_right_at_every_step_of_words_longer_than_all_seen(name, longest):
    language = grammars.get(name)
    words = language(400, (1, longest), positive=1.0).x
    model = Model(Symbols(), Symbols(), align="step", **settings(40)).fit(
        [["^", *word] for word in words], [sets_of(language, word) for word in words]
    )
    new = list(dict.fromkeys(language(60, (longest + 1, longest * 3 // 2), random_state=1, positive=1.0).x))
    answers = model.predict([["^", *word] for word in new])
    right = [answer == sets_of(language, word) for answer, word in zip(answers, new, strict=True)]
    assert sum(right) / len(right) >= 0.9
    wrong = [word[:-1] for word in new]
    accepted = [
        all(symbol in allowed for symbol, allowed in zip([*word, grammars.END], answer, strict=True))
        for word, answer in zip(wrong, model.predict([["^", *word] for word in wrong]), strict=True)
    ]
    assert sum(accepted) / len(accepted) <= 0.1


def test_a_language_model_counts():
    words = grammars.anbn(300, (2, 16), positive=1.0).x
    model = LanguageModel(Symbols(), **settings(40)).fit([list(word) for word in words])
    for n in range(2, 9):
        assert model.generate(["a"] * n + ["b"], temperature=0) == ["a"] * n + ["b"] * n
