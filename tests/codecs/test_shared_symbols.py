import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.codecs import Category, Symbols, Text
from elman.codecs.shared_symbols import shared_symbols

SAMPLE = ["Zwei Männer gehen über die Straße.", 'a b  c\n"Don\'t!"'] * 2
CODECS = {level: Text(level).fit(SAMPLE) for level in ("word", "char", "bpe")}


@pytest.mark.parametrize("level", CODECS)
@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=30) | st.sampled_from(SAMPLE))
def test_symbols_are_as_many_as_indices_and_spell_the_text_again(level, text) -> None:
    codec = CODECS[level]
    text = text.replace("\ufffd", "?")
    symbols, indices = codec.symbols(text), codec.encode(text)
    assert len(symbols) == len(indices)
    assert all(codec.vocabulary_.symbol(i) == symbol for i, symbol in zip(indices.tolist(), symbols, strict=True) if i)
    assert codec.symbols(codec.spell(symbols)) == symbols
    if level == "bpe":
        assert codec.decode(indices) == codec.spell(symbols) == codec.read(text)
    if level == "char":
        assert codec.spell(symbols) == codec.read(text)


def test_symbols_of_any_kind_round_trip() -> None:
    codec = Symbols().fit([["a", 1]])
    assert codec.spell(codec.symbols(["a", (2, 3), 1])) == ["a", (2, 3), 1]


def test_words_are_shared_by_value_but_not_with_characters() -> None:
    ours, theirs = Text().fit(["the cat sat"]), Text("word").fit(["a cat sat down"])
    shared = shared_symbols(ours, theirs)
    assert shared[0] == -1
    assert {ours.vocabulary_.symbol(i): theirs.vocabulary_.symbol(int(j)) for i, j in enumerate(shared) if j >= 0} == {
        "cat": "cat",
        "sat": "sat",
    }
    assert shared_symbols(Symbols().fit([["cat"]]), theirs).tolist() == [-1, theirs.vocabulary_.index("cat")]
    assert shared_symbols(ours, Text("char").fit(["cat"])) is None
    assert shared_symbols(Text("bpe").fit(SAMPLE), Symbols().fit([["a"]])) is None
    assert shared_symbols(Text("bpe").fit(SAMPLE), CODECS["bpe"]).tolist() == [-1, *range(1, CODECS["bpe"].space.n)]
    assert shared_symbols(Category().fit(["a"]), ours) is None


def test_the_level_left_open_is_words() -> None:
    assert Text().unit == "word"
    assert Text().fit(["a b"]).encode("b a").tolist() == [2, 1]
    assert Text("bpe").unit == "bpe"
