"""Languages that need counters or a stack: aⁿbⁿ, aⁿbⁿcⁿ, Dyck-1, Dyck-2.

References
----------
Gers and Schmidhuber 2001, "LSTM recurrent networks learn simple context-free and context-sensitive languages" (aⁿbⁿ, aⁿbⁿcⁿ);
Chomsky and Schützenberger 1963, "The algebraic theory of context-free languages" (Dyck).
"""

from __future__ import annotations

import random

from elman.datasets.grammars.language import END, Language
from elman.errors import SettingError


class AnBn(Language):
    """Each symbol in turn, all equally often, at least once: aⁿbⁿ… with n ≥ 1.

    Parameters
    ----------
    name : str
        Its name.
    alphabet : str
        The symbols in order.

    Examples
    --------
    >>> anbncn.accepts("aabbcc"), anbncn.accepts("aabbc"), sorted(anbncn.next_symbols("aab"))
    (True, False, ['b'])
    """

    def next_symbols(self, prefix: str) -> frozenset[str]:
        """Return the symbols after which the word can still be completed, and ``END`` if it may end; none if it is already wrong."""
        first = self.alphabet[0]
        n = len(prefix) - len(prefix.lstrip(first))
        if n == 0:
            return frozenset() if prefix else frozenset(first)
        whole = "".join(symbol * n for symbol in self.alphabet)
        if not whole.startswith(prefix):
            return frozenset()
        if len(prefix) == len(whole):
            return frozenset(END)
        following = frozenset(whole[len(prefix)])
        return following | {first} if len(prefix) == n else following

    def count(self, length: int) -> int:
        """Return how many words of this length the language has: one or none."""
        return int(length > 0 and length % len(self.alphabet) == 0)

    def draw(self, length: int, generator: random.Random) -> str:  # noqa: ARG002  # there is only one
        """Return the word of this length."""
        n = length // len(self.alphabet)
        return "".join(symbol * n for symbol in self.alphabet)


class Dyck(Language):
    """Balanced brackets of one or more kinds, the empty word included.

    Parameters
    ----------
    name : str
        Its name.
    pairs : str
        Opening and closing symbol of each kind, as ``"()[]"``.

    Examples
    --------
    >>> dyck_2.accepts("([])"), dyck_2.accepts("([)]"), sorted(dyck_2.next_symbols("("))
    (True, False, ['(', ')', '['])
    """

    def __init__(self, name: str, pairs: str) -> None:
        if len(pairs) < 2 or len(pairs) % 2 or len(set(pairs)) != len(pairs) or END in pairs:
            raise SettingError(f"pairs must be different symbols, opening and closing in turn, as '()[]'; got {pairs!r}.")
        super().__init__(name, pairs)
        self.closing = dict(zip(pairs[::2], pairs[1::2], strict=True))
        self._ways = [[1]]

    def next_symbols(self, prefix: str) -> frozenset[str]:
        """Return the symbols after which the word can still be completed, and ``END`` if it may end; none if it is already wrong."""
        expected: list[str] = []
        for symbol in prefix:
            if symbol in self.closing:
                expected.append(self.closing[symbol])
            elif not expected or expected.pop() != symbol:
                return frozenset()
        return frozenset(self.closing) | {expected[-1] if expected else END}

    def count(self, length: int) -> int:
        """Return how many words of this length the language has (Catalan numbers times kinds to the power of length / 2)."""
        return self._endings(length, 0)

    def draw(self, length: int, generator: random.Random) -> str:
        """Return a word of this length, each with the same chance."""
        word: list[str] = []
        expected: list[str] = []
        for left in range(length - 1, -1, -1):
            closings = self._endings(left, len(expected) - 1) if expected else 0
            openings = self._endings(left, len(expected) + 1) * len(self.closing)
            if generator.randrange(closings + openings) < closings:
                word.append(expected.pop())
            else:
                word.append(generator.choice(self.alphabet[::2]))
                expected.append(self.closing[word[-1]])
        return "".join(word)

    def _endings(self, left: int, depth: int) -> int:
        """How many ways ``left`` symbols close ``depth`` open brackets (exact whole numbers)."""
        while len(self._ways) <= left:
            last, steps = self._ways[-1], len(self._ways)
            at = [0, *last, 0, 0]  # at[d + 1] is the count one step earlier at depth d
            self._ways.append([at[d] + at[d + 2] * len(self.closing) for d in range(steps + 1)])
        return self._ways[left][depth] if depth <= left else 0


anbn = AnBn("anbn", "ab")
"""aⁿbⁿ, n ≥ 1: context-free."""

anbncn = AnBn("anbncn", "abc")
"""aⁿbⁿcⁿ, n ≥ 1: context-sensitive."""

dyck_1 = Dyck("dyck_1", "()")
"""Balanced round brackets."""

dyck_2 = Dyck("dyck_2", "()[]")
"""Balanced round and square brackets."""
