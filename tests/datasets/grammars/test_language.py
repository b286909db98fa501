from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.datasets import grammars
from elman.datasets.grammars import END, Automaton
from elman.errors import SettingError

RANGES = {"reber": (5, 15), "embedded_reber": (9, 18)}


@pytest.mark.parametrize("name", grammars.names())
@settings(max_examples=8, deadline=None)
@given(count=st.integers(0, 30), seed=st.integers(0, 10**6), positive=st.floats(0, 1))
def test_data_has_the_asked_rows_lengths_and_labels(name, count, seed, positive):
    language = grammars.get(name)
    shortest, longest = RANGES.get(name, (2, 12))
    words, labels = language(count, (shortest, longest), seed, positive=positive)
    assert len(words) == count
    assert sum(labels) == round(count * positive)
    assert all(shortest <= len(word) <= longest for word in words)
    assert labels == [language.accepts(word) for word in words]
    assert set("".join(words)) <= set(language.alphabet)


@pytest.mark.parametrize("name", grammars.names())
def test_next_labels_follow_the_word(name):
    language = grammars.get(name)
    words, following = language(10, RANGES.get(name, (2, 12)), 5, labels="next")
    for word, sets in zip(words, following, strict=True):
        assert len(sets) == len(word)
        assert all(symbol in allowed for symbol, allowed in zip(word[1:], sets, strict=False))
        assert END in sets[-1]
        assert sets == [language.next_symbols(word[: stop + 1]) for stop in range(len(word))]


def test_a_seed_gives_the_same_data_and_another_seed_other_data():
    first, again, other = (grammars.tomita_5(30, (5, 20), seed) for seed in (1, 1, 2))
    assert (first.x, first.y) == (again.x, again.y)
    assert first.x != other.x
    assert grammars.dyck_1(30, (5, 20), None).x != grammars.dyck_1(30, (5, 20), None).x


def test_outsiders_come_near():
    """Some wrong words differ from a right one by little: they begin as a word and hold mostly legal moves."""
    words, labels = grammars.reber(200, (8, 20), 0)
    outside = [word for word, belongs in zip(words, labels, strict=True) if not belongs]
    assert sum(len(grammars.reber.next_symbols(word[:4])) > 0 for word in outside) > 20


def test_symbols_outside_the_alphabet_are_no_words():
    for name in grammars.names():
        assert not grammars.get(name).accepts("?")
        assert grammars.get(name).next_symbols("é") == frozenset()


def test_names_and_get():
    assert len(grammars.names()) == 14
    assert all(grammars.get(name).name == name for name in grammars.names())
    assert repr(grammars.parity) == "<Language parity over '01'>"
    with pytest.raises(SettingError, match=r"no language 'tomita_8'; there are .* Did you mean 'tomita_"):
        grammars.get("tomita_8")


def test_bad_arguments_are_refused():
    with pytest.raises(SettingError, match=r"count must be 0 or more; got -1"):
        grammars.parity(-1)
    with pytest.raises(SettingError, match=r"lengths must be a pair \(shortest, longest\); got 5"):
        grammars.parity(1, 5)
    for lengths in ((5, 4), (-1, 4), (0, 10**6)):
        with pytest.raises(SettingError, match=r"lengths must satisfy 0 <= shortest <= longest <= 10000"):
            grammars.parity(1, lengths)
    with pytest.raises(SettingError, match=r"positive must be in 0..1; got 1.5"):
        grammars.parity(1, positive=1.5)
    with pytest.raises(SettingError, match=r"labels must be one of .*; got 'nxt'. Did you mean 'next'"):
        grammars.parity(1, labels="nxt")


def test_lengths_without_a_word_are_named():
    with pytest.raises(SettingError, match=r"anbncn has no word of 4 to 5 symbols"):
        grammars.anbncn(1, (4, 5), positive=1.0)
    anything = Automaton("anything", {0: {"a": 0}}, final=[0])
    with pytest.raises(SettingError, match=r"no word outside anything was found with 1 to 20 symbols"):
        anything(1, positive=0.0)
