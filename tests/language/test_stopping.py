"""Where generation ends: one text, several, or a symbol; streamed and at once alike."""

from __future__ import annotations

import pytest

from elman import LanguageModel, Network, Symbols, Text, Training

TRAINING = Training(max_epochs=12, learning_rate=0.02, verbose=0)
NETWORK = Network(cell="gru", hidden_size=16, num_layers=1, dropout=0.0)


@pytest.fixture(scope="module")
def alphabet() -> LanguageModel:
    return LanguageModel(Text("char"), network=NETWORK, training=TRAINING).fit(["abcdefgh" * 6] * 20)


@pytest.mark.parametrize(
    ("stop", "expected"),
    [("fg", "abcde"), (["h", "fg"], "abcde"), (["xyz", "c"], "ab"), (["xyz", ""], "abcdefgha"), ([], "abcdefgha"), (None, "abcdefgha")],
)
def test_it_ends_before_the_first_of_them(alphabet: LanguageModel, stop: object, expected: str) -> None:
    assert alphabet.generate("a", temperature=0, max_new_steps=8, stop=stop) == expected
    assert "a" + "".join(alphabet.generate("a", temperature=0, max_new_steps=8, stop=stop, stream=True)) == expected


def test_the_prompt_may_hold_it(alphabet: LanguageModel) -> None:
    assert alphabet.generate("abc", temperature=0, max_new_steps=8, stop="b") == "abcdefgha"


def test_symbols_that_are_not_text() -> None:
    steps = ["left", "right", "turn"]
    model = LanguageModel(Symbols(), network=NETWORK, training=TRAINING).fit([steps * 8] * 20)
    assert model.generate(["left"], temperature=0, max_new_steps=6, stop="turn") == ["left", "right"]
    assert model.generate(["left"], temperature=0, max_new_steps=6, stop=["nothing", "right"]) == ["left"]
