"""Spelling: a word as its index and the pieces it is made of, so that unseen words differ.

Pieces are the n-grams of 3 to 5 characters of ``<word>`` in small letters (Bojanowski 2017), and its shape where it is not all small
letters: ``Xx`` for *Monday*, ``9`` for *1984*. Words are known by their small letters; capitals are in the shape.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from elman.codecs.tokens.vocabulary import Vocabulary

LENGTHS = (3, 4, 5)
"""Characters of a piece, the marks of begin and end counted."""
LEAST = 2
"""Rarer pieces are left out."""
MOST = 65_536
"""Most pieces, the most frequent first."""
_LONGEST = 40
"""Characters of a word that are read: longer ones are no words."""
_REMEMBERED = 100_000


def pieces(word: str) -> list[str]:
    """Return the pieces of a word, each once.

    Parameters
    ----------
    word : str
        The word.

    Returns
    -------
    list of str
        n-grams of characters, and the shape (after a space, which no word holds).

    Examples
    --------
    >>> pieces("Food")
    ['<fo', 'foo', 'ood', 'od>', '<foo', 'food', 'ood>', '<food', 'food>', ' Xx']
    """
    marked = f"<{word[:_LONGEST].lower()}>"
    results = [marked[i : i + n] for n in LENGTHS for i in range(len(marked) - n + 1)]
    shape = _shape(word)
    return list(dict.fromkeys([*results, shape] if shape else results))


def _shape(word: str) -> str:
    if word.islower():
        return ""
    kinds = ("9" if c.isdigit() else "X" if c.isupper() else "x" if c.isalpha() else "" for c in word[:_LONGEST])
    runs: list[str] = [" "]
    for kind in kinds:
        if kind and kind != runs[-1]:
            runs.append(kind)
    shape = "".join(runs[:5])
    return "" if shape in (" ", " x") else shape


class Speller:
    """Words to rows of an index and pieces.

    Parameters
    ----------
    words : Vocabulary
        Words in small letters.
    pieces : Vocabulary
        Pieces; index 0 is "nothing".

    Examples
    --------
    >>> speller = Speller.learn(Counter(["good", "Good", "goods"]), most=10, least=2)
    >>> speller.words.symbols, speller.encode(["Goodie", "good"])[:, 0].tolist()
    (['good'], [0, 1])
    """

    def __init__(self, words: Vocabulary, pieces: Vocabulary) -> None:
        self.words, self.pieces = words, pieces
        self._rows: dict[str, np.ndarray] = {}

    @classmethod
    def learn(cls, counts: Counter[str], *, most: int, least: int) -> Speller:
        """Learn words and pieces from the counts of words."""
        small: Counter[str] = Counter()
        parts: Counter[str] = Counter()
        for word, count in counts.items():
            small[word.lower()] += count
            for piece in pieces(word):
                parts[piece] += count
        return cls(Vocabulary.from_counts(small, most=most, least=least), Vocabulary.from_counts(parts, most=MOST - 1, least=LEAST))

    def encode(self, words: Sequence[str]) -> np.ndarray:
        """Return int32 (T, 1 + K): each word's index and its known pieces, filled up with 0."""
        rows = [self._row(word) for word in words]
        encoded = np.zeros((len(rows), max((len(row) for row in rows), default=1)), dtype=np.int32)
        for line, row in zip(encoded, rows, strict=True):
            line[: len(row)] = row
        return encoded

    def _row(self, word: str) -> np.ndarray:
        row = self._rows.get(word)
        if row is None:
            if len(self._rows) >= _REMEMBERED:
                self._rows.clear()
            indices = [index for piece in pieces(word) if (index := self.pieces.index(piece))]
            row = self._rows[word] = np.array([self.words.index(word.lower()), *indices], dtype=np.int32)
        return row
