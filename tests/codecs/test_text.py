"""Text and its words, characters and subwords."""

import copy
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.codecs import Text
from elman.codecs.tokens import bpe, words
from elman.errors import DataError, DataTypeError, SettingError

SAMPLE = ["The food wasn't good.", 'He said: "No!" (twice)', "state-of-the-art costs $1,000.5 – 20%"]


@pytest.mark.parametrize(
    "text",
    [*SAMPLE, "नमस्ते दुनिया", "👩‍🚀 flies", "one\n\ntwo", "l’été, ça va?", "a - b", "3.14 and 2,71", "'yes' and \"no\"", "名前。"],
)
def test_words_come_back_as_written(text: str) -> None:
    assert words.join(words.split(text)) == text


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=30), st.text("ab1 .,'\"’-$()\n\u0301\u200d👩\ufffd", max_size=30)))
def test_words_cut_the_same_after_a_round_trip(text: str) -> None:
    tokens = words.split(text)
    assert words.split(words.join(tokens)) == tokens
    assert "".join(tokens) == "".join(c for c in text if not c.isspace() or c == "\n")


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=20), level=st.sampled_from(["word", "char", "bpe"]), lowercase=st.booleans())
def test_decoding_and_encoding_again_changes_nothing(text: str, level: str, lowercase: bool) -> None:
    codec = _fitted(level, lowercase)
    once = codec.decode(codec.encode(text))
    assert codec.decode(codec.encode(once)) == once
    if level != "bpe":
        np.testing.assert_array_equal(codec.encode(once), codec.encode(text))
    elif not lowercase and "\ufffd" not in once:
        import unicodedata

        assert once == unicodedata.normalize("NFC", text)


_FITTED: dict = {}


def _fitted(level: str, lowercase: bool) -> Text:
    key = (level, lowercase)
    if key not in _FITTED:
        _FITTED[key] = Text(level, lowercase=lowercase).fit([*SAMPLE, "Ünï 👩‍🚀 abc 0"])
    return _FITTED[key]


def test_unknown_symbols_are_index_0_and_one_sign() -> None:
    codec = Text().fit(["a b c"])
    assert codec.encode("a z c").tolist() == [1, 0, 3]
    assert codec.decode([1, 0, 3]) == "a \ufffd c"
    assert Text("char").fit(["ab"]).encode("azb").tolist() == [1, 0, 2]


def test_the_most_frequent_come_first_and_rare_ones_are_unknown() -> None:
    codec = Text(max_vocabulary=2).fit(["b a a c", "a b"])
    assert codec.encode("a b c").tolist() == [1, 2, 0]
    assert Text(min_count=2).fit(["a a b"]).space.n == 2


def test_forms_of_unicode_and_capitals_are_one_thing() -> None:
    codec = Text("char").fit(["\u00e9"])
    assert codec.encode("e\u0301").tolist() == [1]
    assert Text("char", normalize=None).fit(["\u00e9"]).encode("e\u0301").tolist() == [0, 0]
    assert Text(lowercase=True).fit(["The THE"]).space.n == 2
    assert Text(normalize="NFKC").fit(["1"]).encode("\uff11").tolist() == [1]


def test_bytes_and_lone_surrogates_are_read() -> None:
    codec = Text("char").fit(["caf\u00e9"])
    assert codec.decode(codec.encode("caf\u00e9".encode())) == "caf\u00e9"
    assert codec.decode(codec.encode(b"caf\xff")) == "caf\ufffd"
    assert codec.decode(codec.encode("caf\ud800")) == "caf\ufffd"


def test_subwords_know_every_text_and_nothing_is_special() -> None:
    codec = Text("bpe").fit(["low lower lowest"] * 5)
    for text in ("", "<unk>", "[PAD] </s>", "日本語 👩‍🚀", "\x00\x07", "lowest"):
        assert codec.decode(codec.encode(text)) == text
    assert codec.encode("\ufffd").tolist() == [0]
    assert len(codec.encode("lowest")) <= 3


def test_subwords_are_learned_alike_and_survive_a_copy() -> None:
    texts = [f"{a}{b} x{b}" for a in "abcdef" for b in "ghijkl"] * 2
    one, two = Text("bpe", max_vocabulary=290).fit(texts), Text("bpe", max_vocabulary=290).fit(texts)
    assert one.config() == two.config()
    assert one.space.n == 291
    assert copy.deepcopy(one).encode("abgh").tolist() == one.encode("abgh").tolist()


def test_tokens_are_those_of_each_index() -> None:
    assert Text().fit(["a"]).tokens("a zebra!") == ["a", "zebra", "!"]
    assert Text("char").fit(["a"]).tokens("az") == ["a", "z"]
    assert "".join(Text("bpe").fit(["aa aa"]).tokens("aa bb")).replace(" ", "") == "aabb"


@pytest.mark.parametrize("level", ["word", "char", "bpe"])
def test_a_hundred_thousand_short_texts_take_seconds(level: str) -> None:
    texts = [f"The quick brown fox number {i} doesn't jump, it sleeps." for i in range(20_000)]
    codec = Text(level).fit(texts)
    start = time.process_time()
    codec.encode_all(texts)
    assert time.process_time() - start < 3.0  # a fifth of the rows, so a busy machine does not fail it


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"level": "words"}, r"level must be one of .* got 'words'\. Did you mean 'word'\?"),
        ({"lowercase": 1}, "lowercase must be one of"),
        ({"normalize": "NFD"}, "normalize must be one of"),
        ({"min_count": 0}, r"min_count must be a whole number in 1\.\."),
        ({"max_vocabulary": 1.5}, r"max_vocabulary must be a whole number in 1\.\."),
        ({"level": "bpe", "max_vocabulary": 200}, r"max_vocabulary must be a whole number in 256\.\."),
    ],
)
def test_settings_are_checked_in_fit(setting: dict, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        Text(**setting).fit(["a"])


def test_values_that_are_no_text_are_refused_with_their_row() -> None:
    with pytest.raises(DataTypeError, match=r"row 1: expected text; got int '3'\. Convert it with str\(\)"):
        Text().fit(["a", 3])
    with pytest.raises(DataError, match="row 5000: expected text"):
        Text().fit(["a"] * 5000 + [None])
    with pytest.raises(DataTypeError, match=r"Text expected a list of values, one a row; got one str\. Put it in a list"):
        Text().fit("one text")


@pytest.mark.parametrize("array", [[9], [-1]])
def test_an_index_outside_the_vocabulary_is_refused(array: list) -> None:
    with pytest.raises(DataError, match=r"expected an index in 0\.\.1 to decode"):
        Text().fit(["a"]).decode(array)


@pytest.mark.parametrize("array", [[0.5], [[1]], 1])
def test_decode_wants_whole_numbers_in_a_row(array: object) -> None:
    with pytest.raises(DataError, match=r"Text: expected whole numbers \(T,\) to decode"):
        Text().fit(["a"]).decode(array)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"symbols": [1]}, "symbols must be a list of text"),
        ({"symbols": ["a", "a"]}, "a symbol is listed twice"),
        ({"merges": [["a", "b"]]}, "level 'word' has no merges"),
        ({"merges": ["ab"]}, "a merge must be a pair of text"),
        ({"merges": None}, "merges must be a list"),
        ({"symbols": ["x" * 1_000_001]}, "longer than 1000000"),
    ],
)
def test_damaged_states_are_refused(change: dict, message: str) -> None:
    config = Text().fit(["a b"]).config()
    with pytest.raises(DataError, match=message):
        Text.from_config({**config, "state": {**config["state"], **change}})


def test_subwords_that_do_not_fit_together_are_refused() -> None:
    config = Text("bpe").fit(["aa"]).config()
    with pytest.raises(DataError, match="must hold all 256 bytes"):
        Text.from_config({**config, "state": {"symbols": ["a"], "merges": []}})
    with pytest.raises(DataError, match=r"the merge 'a' \+ 'zz' does not fit"):
        bpe.build(config["state"]["symbols"], [("a", "zz")])
