"""Every automaton against a definition written another way, on all short words."""

from __future__ import annotations

import re
from itertools import groupby, pairwise, product

import pytest

from elman.datasets import grammars
from elman.datasets.grammars import END, Automaton
from elman.errors import SettingError

REBER = re.compile(r"B(TS*X(XT*VP)*(S|XT*VV)|PT*V(PXT*V)*(V|PS))E")


def embedded(word: str) -> bool:
    return bool(len(word) > 3 and word[:2] in ("BT", "BP") and word[-2:] == word[1] + "E" and REBER.fullmatch(word[2:-2]))


def no_odd_zeros_after_odd_ones(word: str) -> bool:
    runs = [(symbol, len(list(run))) for symbol, run in groupby(word)]
    return not any(one[0] == "1" and one[1] % 2 and zero[1] % 2 for one, zero in pairwise(runs))


DEFINITIONS = {
    "tomita_1": lambda w: "0" not in w,
    "tomita_2": lambda w: w == "10" * (len(w) // 2),
    "tomita_3": no_odd_zeros_after_odd_ones,
    "tomita_4": lambda w: "000" not in w,
    "tomita_5": lambda w: w.count("0") % 2 == 0 and w.count("1") % 2 == 0,
    "tomita_6": lambda w: (w.count("0") - w.count("1")) % 3 == 0,
    "tomita_7": lambda w: bool(re.fullmatch("0*1*0*1*", w)),
    "parity": lambda w: w.count("1") % 2 == 0,
}


@pytest.mark.parametrize("name", DEFINITIONS)
def test_binary_languages_on_all_words_to_length_11(name):
    language, belongs = grammars.get(name), DEFINITIONS[name]
    assert language.alphabet == "01"
    for length in range(12):
        words = ["".join(symbols) for symbols in product("01", repeat=length)]
        assert [language.accepts(word) for word in words] == [belongs(word) for word in words]
        assert language.count(length) == sum(map(belongs, words))


@pytest.mark.parametrize(("name", "belongs", "middle"), [("reber", REBER.fullmatch, (0, 5)), ("embedded_reber", embedded, (2, 5))])
def test_reber_on_all_words_around_its_frame(name, belongs, middle):
    """All words whose ends are right and whose middle is free; the alphabet is too large for all words."""
    language = grammars.get(name)
    ends = [("B", "E")] if name == "reber" else [(f"B{a}B", f"E{b}E") for a in "TP" for b in "TP"]
    found = 0
    for length in range(middle[0], middle[1] + 1):
        for inner in product("PSTVX", repeat=length):
            for start, stop in ends:
                word = start + "".join(inner) + stop
                assert language.accepts(word) == bool(belongs(word)), word
                found += bool(belongs(word))
    assert found > 5


@pytest.mark.parametrize("name", ["reber", "embedded_reber"])
def test_reber_words_and_their_damage_against_the_regular_expression(name):
    belongs = REBER.fullmatch if name == "reber" else embedded
    words, labels = grammars.get(name)(400, (5, 40), random_state=3)
    assert labels == [bool(belongs(word)) for word in words]
    assert sum(labels) == 200


def test_the_shortest_reber_words_and_their_number():
    assert [grammars.reber.count(length) for length in range(8)] == [0, 0, 0, 0, 0, 2, 3, 4]
    assert grammars.embedded_reber.count(9) == 4
    assert sorted(set(grammars.reber(50, (5, 5), positive=1.0).x)) == ["BPVVE", "BTXSE"]


def test_next_symbols_of_reber():
    following = grammars.reber.next_symbols
    assert following("") == {"B"}
    assert following("B") == {"T", "P"}
    assert following("BTX") == {"X", "S"}
    assert following("BTXS") == {"E"}
    assert following("BTXSE") == {END}
    assert following("BE") == following("BTXSEE") == following("?") == frozenset()
    assert grammars.embedded_reber.next_symbols("BTBTXSE") == {"T"}
    assert grammars.embedded_reber.next_symbols("BPBTXSE") == {"P"}


@pytest.mark.parametrize("name", grammars.names())
def test_next_symbols_agree_with_the_words_there_are(name):
    """After a short prefix a symbol is allowed exactly if some word, not much longer, goes on with it."""
    language = grammars.get(name)
    longest = {"anbncn": 12, "reber": 9, "embedded_reber": 13}.get(name, 8)
    words = {word for length in range(longest + 1) for word in enumerated(language, length)}
    prefixes = {word[:stop] for word in words for stop in range(min(len(word), 3) + 1)}
    assert len(prefixes) >= 4
    for prefix in prefixes:
        seen = {word[len(prefix)] for word in words if word.startswith(prefix) and len(word) > len(prefix)}
        assert language.next_symbols(prefix) == seen | ({END} if prefix in words else set())


def enumerated(language, length):
    """All words of a length, found by asking what may follow."""
    prefixes = [""]
    for _ in range(length):
        prefixes = [prefix + symbol for prefix in prefixes for symbol in sorted(language.next_symbols(prefix) - {END})]
    found = [prefix for prefix in prefixes if language.accepts(prefix)]
    assert len(found) == language.count(length)
    return found


def test_dead_ends_are_no_next_symbols():
    trap = Automaton("trap", {0: {"a": 1, "b": 2}, 2: {"b": 2}}, final=[1])
    assert trap.next_symbols("") == {"a"}
    assert trap.next_symbols("b") == frozenset()
    assert not trap.accepts("bb")
    assert [trap.count(length) for length in range(3)] == [0, 1, 0]


def test_an_automaton_refuses_long_symbols():
    with pytest.raises(SettingError, match=r"symbols must be single characters other than '\$'; got 'ab'"):
        Automaton("wrong", {0: {"ab": 0}}, final=[0])
