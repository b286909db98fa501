"""A language: its words, the symbols that may follow, and data drawn from it."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod

from elman.datasets.dataset import Split
from elman.errors import SettingError, did_you_mean

END = "$"
"""Mark of "the word may end here" in sets of next symbols."""

_LONGEST = 10_000
_TRIES = 200
_LABELS = ("membership", "next")


class Language(ABC):
    """A formal language over single characters.

    Calling it gives data: ``language(count, lengths, random_state)``.

    Parameters
    ----------
    name : str
        Name for ``grammars.get``.
    alphabet : str
        Its symbols, each one character.
    """

    def __init__(self, name: str, alphabet: str) -> None:
        self.name = name
        self.alphabet = alphabet

    @abstractmethod
    def next_symbols(self, prefix: str) -> frozenset[str]:
        """Return the symbols after which the word can still be completed, and ``END`` if it may end; none if it is already wrong."""

    @abstractmethod
    def count(self, length: int) -> int:
        """Return how many words of this length the language has."""

    @abstractmethod
    def draw(self, length: int, generator: random.Random) -> str:
        """Return a word of this length, each with the same chance; only called where ``count`` is positive."""

    def accepts(self, word: str) -> bool:
        """Whether a word belongs to the language."""
        return END in self.next_symbols(word)

    def __repr__(self) -> str:
        """Show the name."""
        return f"<Language {self.name} over {self.alphabet!r}>"

    def __call__(
        self,
        count: int,
        lengths: tuple[int, int] = (1, 20),
        random_state: int | None = 0,
        *,
        labels: str = "membership",
        positive: float = 0.5,
    ) -> Split:
        """Draw words with labels.

        A length is drawn evenly from those in range for which there is a word, then a word of it evenly. Words outside the language
        are half random strings, half words of it with one to three symbols changed, added, removed or swapped.

        Parameters
        ----------
        count : int
            How many rows.
        lengths : tuple of int, default (1, 20)
            Shortest and longest word.
        random_state : int or None, default 0
            Seed; the same seed gives the same data. None draws new data each time.
        labels : {"membership", "next"}, default "membership"
            ``y`` is True or False a word; or, for words of the language only, a list of one frozenset a symbol: the symbols after it.
        positive : float, default 0.5
            Share of words that belong, with ``labels="membership"``.

        Returns
        -------
        Split
            ``x`` words, ``y`` labels.

        Examples
        --------
        >>> from elman.datasets import grammars
        >>> words, belongs = grammars.dyck_1(4, (2, 8), random_state=1)
        >>> belongs == [grammars.dyck_1.accepts(word) for word in words]
        True
        >>> grammars.anbn(1, (4, 4), labels="next").y[0] == [{"a", "b"}, {"a", "b"}, {"b"}, {"$"}]
        True
        """
        shortest, longest = _checked(count, lengths, positive)
        if labels not in _LABELS:
            raise SettingError(f"labels must be one of {list(_LABELS)}; got {labels!r}.{did_you_mean(labels, _LABELS)}")
        generator = random.Random(random_state)
        if labels == "next":
            words = self._members(count, shortest, longest, generator)
            return Split(x=words, y=[[self.next_symbols(word[: stop + 1]) for stop in range(len(word))] for word in words])
        inside = round(count * positive)
        rows = [(word, True) for word in self._members(inside, shortest, longest, generator)]
        rows += [(self._outsider(shortest, longest, generator), False) for _ in range(count - inside)]
        generator.shuffle(rows)
        return Split(x=[word for word, _ in rows], y=[belongs for _, belongs in rows])

    def _members(self, count: int, shortest: int, longest: int, generator: random.Random) -> list[str]:
        possible = [length for length in range(shortest, longest + 1) if self.count(length)]
        if not possible and count:
            raise SettingError(f"{self.name} has no word of {shortest} to {longest} symbols. Give a wider range of lengths.")
        return [self.draw(generator.choice(possible), generator) for _ in range(count)]

    def _outsider(self, shortest: int, longest: int, generator: random.Random) -> str:
        for _ in range(_TRIES):
            word = self._near(shortest, longest, generator) if generator.random() < 0.5 else self._noise(shortest, longest, generator)
            if shortest <= len(word) <= longest and not self.accepts(word):
                return word
        raise SettingError(
            f"no word outside {self.name} was found with {shortest} to {longest} symbols. Give a wider range, or positive=1.0."
        )

    def _noise(self, shortest: int, longest: int, generator: random.Random) -> str:
        return "".join(generator.choices(self.alphabet, k=generator.randint(shortest, longest)))

    def _near(self, shortest: int, longest: int, generator: random.Random) -> str:
        length = generator.randint(shortest, longest)
        if not self.count(length):
            return self._noise(shortest, longest, generator)
        word = list(self.draw(length, generator))
        for _ in range(generator.randint(1, 3)):
            place, edit = generator.randint(0, len(word)), generator.randrange(4)
            if edit == 0 or place == len(word):
                word.insert(place, generator.choice(self.alphabet))
            elif edit == 1:
                word[place] = generator.choice(self.alphabet)
            elif edit == 2:
                del word[place]
            else:
                word[place - 1], word[place] = word[place], word[place - 1]
        return "".join(word)


def _checked(count: int, lengths: tuple[int, int], positive: float) -> tuple[int, int]:
    if count < 0:
        raise SettingError(f"count must be 0 or more; got {count}.")
    try:
        shortest, longest = lengths
    except (TypeError, ValueError) as error:
        raise SettingError(f"lengths must be a pair (shortest, longest); got {lengths!r}.") from error
    if not 0 <= shortest <= longest <= _LONGEST:
        raise SettingError(f"lengths must satisfy 0 <= shortest <= longest <= {_LONGEST}; got {lengths!r}.")
    if not 0.0 <= positive <= 1.0:
        raise SettingError(f"positive must be in 0..1; got {positive}.")
    return shortest, longest
