"""Regular languages: a finite automaton accepts, predicts, counts and draws."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Mapping

from elman.datasets.grammars.language import END, Language
from elman.errors import SettingError


class Automaton(Language):
    """The language of a deterministic finite automaton.

    Parameters
    ----------
    name : str
        Its name.
    moves : mapping
        State to symbol to next state; a missing symbol rejects.
    final : iterable of int
        States in which a word may end.
    start : int, default 0
        First state.

    Examples
    --------
    >>> ends_in_a = Automaton("ends_in_a", {0: {"a": 1, "b": 0}, 1: {"a": 1, "b": 0}}, final=[1])
    >>> ends_in_a.accepts("ba"), ends_in_a.accepts("ab"), ends_in_a.count(3)
    (True, False, 4)
    """

    def __init__(self, name: str, moves: Mapping[int, Mapping[str, int]], final: Iterable[int], start: int = 0) -> None:
        symbols = sorted({symbol for row in moves.values() for symbol in row})
        wrong = [symbol for symbol in symbols if len(symbol) != 1 or symbol == END]
        if wrong:
            raise SettingError(f"symbols must be single characters other than {END!r}; got {wrong[0]!r}.")
        super().__init__(name, "".join(symbols))
        self.start = start
        self.final = frozenset(final)
        index = {start, *self.final, *moves, *(state for row in moves.values() for state in row.values())}
        self.moves = {state: dict(moves.get(state, {})) for state in index}
        self._counts: list[dict[int, int]] = [{state: int(state in self.final) for state in index}]
        self._live = self._states_that_can_end()

    def state(self, prefix: str) -> int | None:
        """Return the state after a prefix, or None if it is already wrong."""
        state: int | None = self.start
        for symbol in prefix:
            state = self.moves[state].get(symbol)
            if state not in self._live:
                return None
        return state

    def next_symbols(self, prefix: str) -> frozenset[str]:
        """Return the symbols after which the word can still be completed, and ``END`` if it may end; none if it is already wrong."""
        state = self.state(prefix)
        if state is None:
            return frozenset()
        symbols = frozenset(symbol for symbol, after in self.moves[state].items() if after in self._live)
        return symbols | {END} if state in self.final else symbols

    def count(self, length: int) -> int:
        """Return how many words of this length the language has."""
        return self._ways(length)[self.start]

    def draw(self, length: int, generator: random.Random) -> str:
        """Return a word of this length, each with the same chance."""
        word, state = [], self.start
        for left in range(length - 1, -1, -1):
            ways = self._ways(left)
            options = list(self.moves[state].items())
            symbol, state = _pick(options, [ways[after] for _, after in options], generator)
            word.append(symbol)
        return "".join(word)

    def _ways(self, length: int) -> dict[int, int]:
        """From each state, how many words of ``length`` more symbols end well (exact whole numbers)."""
        while len(self._counts) <= length:
            last = self._counts[-1]
            self._counts.append({state: sum(last[after] for after in row.values()) for state, row in self.moves.items()})
        return self._counts[length]

    def _states_that_can_end(self) -> frozenset[int]:
        live = set(self.final)
        while grown := {state for state, row in self.moves.items() if state not in live and live & set(row.values())}:
            live |= grown
        return frozenset(live)


def _pick(options: list[tuple[str, int]], weights: list[int], generator: random.Random) -> tuple[str, int]:
    """Choose by whole-number weights too large for floating point."""
    ticket = generator.randrange(sum(weights))
    bounds = itertools.accumulate(weights)
    return next(option for option, bound in zip(options, bounds, strict=True) if ticket < bound)
