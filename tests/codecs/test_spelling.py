"""Spelling: pieces are the n-grams they should be, words never seen share them, files keep them."""

import copy
import json

import numpy as np
import pytest

from elman.codecs import Category, Dialogue, Discrete, Record, Text, Words, describe, rebuild
from elman.codecs.tokens.spelling import LEAST, Speller, pieces
from elman.errors import DataError, SettingError


@pytest.mark.parametrize("word", ["a", "the", "service", "don't", "x" * 60])
def test_pieces_are_all_ngrams_of_the_marked_word(word):
    marked = f"<{word[:40]}>"
    expected = {marked[i : i + n] for n in (3, 4, 5) for i in range(len(marked)) if i + n <= len(marked)}
    assert set(pieces(word)) == expected
    assert len(pieces(word)) == len(expected)


@pytest.mark.parametrize(
    ("word", "shape"),
    [("Monday", " Xx"), ("NASA", " X"), ("1984", " 9"), ("B2b", " X9x"), ("iPhone", " xXx"), ("...", None), ("well", None)],
)
def test_the_shape_of_a_word(word, shape):
    assert [piece for piece in pieces(word) if piece.startswith(" ")] == ([] if shape is None else [shape])


def test_words_never_seen_share_pieces_with_words_that_were():
    codec = Text(spelling=True).fit(["disappointing food", "a disappointing day", "good food"])
    encoded = codec.encode("disappointed foods")
    assert encoded[:, 0].tolist() == [0, 0]
    familiar = codec.encode("disappointing food")
    shared = [set(a[1:]) & set(b[1:]) - {0} for a, b in zip(encoded, familiar, strict=True)]
    assert [len(s) > 0 for s in shared] == [True, True]
    assert set(map(codec.pieces_.symbol, shared[1])) >= {"<fo", "foo", "ood"}


def test_a_word_is_the_same_in_capitals_but_for_its_shape():
    codec = Text(spelling=True).fit(["Good food, good Wine"] * 2)
    small, large = codec.encode("good")[0], codec.encode("Good")[0]
    assert small[0] == large[0] != 0
    assert {codec.pieces_.symbol(i) for i in set(large[1:]) - set(small[1:])} == {" Xx"}


def test_rare_pieces_are_left_out():
    codec = Text(spelling=True).fit(["abc", "abd"])
    counts = {piece: sum(piece in pieces(word) for word in ("abc", "abd")) for piece in pieces("abc")}
    assert set(codec.pieces_.symbols) == {piece for piece, count in counts.items() if count >= LEAST}


def test_the_cache_of_a_speller_changes_nothing(monkeypatch):
    codec = Text(spelling=True).fit(["one two three"] * 2)
    once = codec.encode("one two three four")
    monkeypatch.setattr("elman.codecs.tokens.spelling._REMEMBERED", 1)
    again = copy.deepcopy(codec)
    assert np.array_equal(again.encode("one two three four"), once)
    assert isinstance(again._speller, Speller)


def test_with_subwords_changes_only_settings_left_at_auto():
    assert Text().with_subwords().spelling is True
    assert Text(spelling=False).with_subwords().spelling is False
    assert Text("char").with_subwords().spelling == "auto"
    assert Record(a=Text(), b=Category()).with_subwords().codecs["a"].spelling is True
    assert isinstance(Text().fit(["a"]).space, Discrete)
    assert Dialogue().with_subwords().fit([[("a", "b")]]).space == Words(4, 1)


def test_a_description_holds_pieces_where_words_are_spelled():
    described = json.loads(json.dumps(describe(Text(spelling=False).fit(["a b"]))))
    assert "pieces" not in described["config"]["state"]
    assert rebuild(described).spelling is False
    spelled = json.loads(json.dumps(describe(Text(spelling=True).fit(["ab ab"]))))
    assert np.array_equal(rebuild(spelled).encode("abc ab"), Text(spelling=True).fit(["ab ab"]).encode("abc ab"))
    spelled["config"]["state"]["pieces"] = [3]
    with pytest.raises(DataError, match="Text state: pieces must be a list of text"):
        rebuild(spelled)


def test_settings_and_arrays_that_cannot_be():
    with pytest.raises(SettingError, match="spelling=True is for words; got level='char'"):
        Text("char", spelling=True).fit(["a"])
    with pytest.raises(SettingError, match="spelling"):
        Text(spelling="yes").fit(["a"])
    with pytest.raises(DataError, match=r"expected words and their pieces \(T, 1 \+ K\) to decode; got .* of shape \(2,\)"):
        Text(spelling=True).fit(["a"]).decode(np.array([0, 1]))


def test_labels_of_turns_go_to_every_step_and_back():
    codec = Dialogue().fit([[("client", "hello you"), ("agent", "")]])
    call = [("client", "hello, you"), ("agent", "")]
    steps = codec.per_step(call, ["greets", "silent"])
    assert steps == ["greets"] * 4 + ["silent"]
    assert len(steps) == len(codec.encode(call)) == len(codec.tokens(call))
    assert codec.tokens(call) == ["client:", "hello", ",", "you", "agent:"]
    assert codec.per_turn(call, steps) == ["greets", "silent"]
    assert codec.per_turn([], codec.per_step([], [])) == []
    with pytest.raises(DataError, match="expected one label for each of 2 turns; got 1"):
        codec.per_step(call, ["greets"])
    with pytest.raises(DataError, match="expected one answer for each of 5 steps; got 4"):
        codec.per_turn(call, steps[1:])
