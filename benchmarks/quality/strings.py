"""Strings of digits joined from single recordings, which no one else has: the parts are drawn here, and glued by the caller."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from elman.metrics.scores import edit_distance

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def draw_strings(
    groups: Sequence[Sequence[int]], count: int, random: np.random.Generator, lengths: tuple[int, int] = (2, 6)
) -> Iterator[list[int]]:
    """Yield ``count`` strings of rows, each from one group; a row comes again only when all of its group have come."""
    left: list[list[int]] = [[] for _ in groups]
    for number in range(count):
        group = number % len(groups)
        wanted = int(random.integers(lengths[0], lengths[1] + 1))
        while len(left[group]) < wanted:
            left[group] = [*left[group], *random.permutation(groups[group]).tolist()]
        yield [left[group].pop(0) for _ in range(wanted)]


def error_rates(found: Sequence[Sequence[int] | str], truth: Sequence[Sequence[int] | str]) -> tuple[float, float]:
    """Return errors over symbols (edit distance), and the share of strings with an error."""
    wrong = [edit_distance(_numbers(said), _numbers(wanted)) for said, wanted in zip(found, truth, strict=True)]
    return sum(wrong) / sum(map(len, truth)), float(np.mean([error > 0 for error in wrong]))


def _numbers(string: Sequence[int] | str) -> list[int]:
    return [ord(symbol) if isinstance(symbol, str) else int(symbol) for symbol in string]
