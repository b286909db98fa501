from __future__ import annotations

import random
from collections import Counter
from itertools import product
from math import comb

import pytest

from elman.datasets import grammars
from elman.datasets.grammars import END, Dyck
from elman.errors import SettingError


def balanced(word: str) -> bool:
    """Strike out adjacent pairs until nothing changes."""
    while True:
        shorter = word.replace("()", "").replace("[]", "")
        if shorter == word:
            return not word
        word = shorter


def equal_blocks(alphabet: str):
    return lambda word: len(word) > 0 and word == "".join(symbol * (len(word) // len(alphabet)) for symbol in alphabet)


@pytest.mark.parametrize(
    ("name", "belongs", "longest"),
    [("dyck_1", balanced, 12), ("dyck_2", balanced, 6), ("anbn", equal_blocks("ab"), 12), ("anbncn", equal_blocks("abc"), 9)],
)
def test_all_short_words(name, belongs, longest):
    language = grammars.get(name)
    for length in range(longest + 1):
        words = ["".join(symbols) for symbols in product(language.alphabet, repeat=length)]
        assert [language.accepts(word) for word in words] == [belongs(word) for word in words]
        assert language.count(length) == sum(map(belongs, words))


@pytest.mark.parametrize("half", [0, 1, 5, 40, 300])
def test_dyck_counts_are_catalan_numbers(half):
    catalan = comb(2 * half, half) // (half + 1)
    assert grammars.dyck_1.count(2 * half) == catalan
    assert grammars.dyck_2.count(2 * half) == catalan * 2**half
    assert grammars.dyck_1.count(2 * half + 1) == 0


def test_dyck_words_are_drawn_evenly():
    generator = random.Random(0)
    drawn = Counter(grammars.dyck_1.draw(6, generator) for _ in range(5000))
    assert len(drawn) == 5
    assert all(850 < times < 1150 for times in drawn.values())  # 1000 expected, standard deviation 28


def test_long_words():
    words = grammars.dyck_2(3, (1000, 1000), positive=1.0).x
    assert all(len(word) == 1000 and balanced(word) for word in words)
    assert grammars.anbncn(1, (600, 602), positive=1.0).x in (["a" * 200 + "b" * 200 + "c" * 200],)


def test_next_symbols():
    assert grammars.anbn.next_symbols("") == {"a"}
    assert grammars.anbn.next_symbols("aa") == {"a", "b"}
    assert grammars.anbn.next_symbols("aab") == {"b"}
    assert grammars.anbn.next_symbols("aabb") == {END}
    assert grammars.anbncn.next_symbols("aabb") == {"c"}
    assert grammars.anbncn.next_symbols("aabbcc") == {END}
    for wrong in ("b", "aba", "aabbb", "aabbc", "ac"):
        assert grammars.anbn.next_symbols(wrong) == frozenset()
    assert grammars.dyck_2.next_symbols("") == {"(", "[", END}
    assert grammars.dyck_2.next_symbols("([") == {"(", "[", "]"}
    assert grammars.dyck_2.next_symbols("(]") == grammars.dyck_2.next_symbols("())") == frozenset()


@pytest.mark.parametrize("pairs", ["", "(", "(()", "((", "$)"])
def test_dyck_refuses_pairs_that_are_none(pairs):
    with pytest.raises(SettingError, match=r"pairs must be different symbols"):
        Dyck("wrong", pairs)
