"""ROUGE-1, -2 and -L as F1 (Lin 2004) on lower-cased runs of letters and digits: as Google's rouge-score without its stemmer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

NAMES = ("ROUGE-1", "ROUGE-2", "ROUGE-L")


def rouge(said: Sequence[str], truth: Sequence[Sequence[str]]) -> tuple[float, float, float]:
    """Return the mean F1 in per cent of three kinds; of several references the best counts.

    Parameters
    ----------
    said : sequence of str
        One summary a row.
    truth : sequence of sequence of str
        References of each row.

    Returns
    -------
    tuple of float
        As ``NAMES``.

    Examples
    --------
    >>> [round(score, 1) for score in rouge(["the cat sat"], [["The cat sat down."]])]
    [85.7, 80.0, 85.7]
    """
    totals = [0.0, 0.0, 0.0]
    for one, references in zip(said, truth, strict=True):
        scores = [_three(words(one), words(reference)) for reference in references]
        totals = [total + max(score[i] for score in scores) for i, total in enumerate(totals)]
    first, second, longest = (100 * total / max(len(said), 1) for total in totals)
    return first, second, longest


def words(text: str) -> list[str]:
    """Return what is compared."""
    return re.findall(r"[a-z0-9]+", text.lower())


def _three(said: list[str], truth: list[str]) -> tuple[float, float, float]:
    return _runs(said, truth, 1), _runs(said, truth, 2), _f1(_common(said, truth), len(said), len(truth))


def _runs(said: list[str], truth: list[str], n: int) -> float:
    ours, theirs = (Counter(zip(*(text[i:] for i in range(n)), strict=False)) for text in (said, truth))
    return _f1((ours & theirs).total(), ours.total(), theirs.total())


def _common(said: list[str], truth: list[str]) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(truth) + 1)
    for word in said:
        before = 0
        for i, other in enumerate(truth, start=1):
            before, row[i] = row[i], before + 1 if word == other else max(row[i], row[i - 1])
    return row[-1]


def _f1(common: int, ours: int, theirs: int) -> float:
    return 2 * common / (ours + theirs) if common else 0.0
