"""Hidden targets: a column, a word or a part of the source that gives the answer away."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from typing import Any

from elman.leakage.alarm import Alarm, shorten
from elman.leakage.overlap import key

_ENOUGH = 40
"""Rows below which a word may predict everything by chance."""
_TELLING = 0.98
"""Share of rows that one word for each category must get right to be suspicious."""


def hidden_targets(xs: Sequence[Any], ys: Sequence[Any]) -> list[Alarm]:
    """Find values that predict the target alone.

    Parameters
    ----------
    xs : sequence
        Values of the source: texts, or dicts of columns.
    ys : sequence
        Values of the target.

    Returns
    -------
    list of Alarm
        For columns that have one target for each of their values, for words that separate the categories, and for targets that are in
        their source.
    """
    results = [*_columns(xs, ys), *_words(xs, ys)]
    share, chance = visible(xs, ys)
    if share - chance > 0.2:
        text = f"the target is in {share:.0%} of the sources as a word (another row's target: {chance:.0%})"
        results.append(Alarm(kind="target", text=text, advice="The model may only learn to find it; remove it from the source."))
    return results


def _columns(xs: Sequence[Any], ys: Sequence[Any]) -> list[Alarm]:
    if not xs or not isinstance(xs[0], dict):
        return []
    telling = [name for name in xs[0] if determines([x.get(name) for x in xs], ys)]
    advice = "Would it be known in use? If not, leave the column out."
    return [Alarm(kind="target", text=f"every value of column {name!r} always has the same target", advice=advice) for name in telling]


def determines(values: Sequence[Any], targets: Sequence[Any]) -> bool:
    """Return whether each value has one target only, with values that repeat enough for that to mean something."""
    answers: dict[Hashable, Hashable] = {}
    for value, target in zip(values, targets, strict=True):
        if answers.setdefault(key(value), key(target)) != key(target):
            return False
    return 1 < len(answers) <= len(values) / 3 and len(set(answers.values())) > 1


def _words(xs: Sequence[Any], ys: Sequence[Any]) -> list[Alarm]:
    """One word for each category that separates it from all others."""
    categories = Counter(key(y) for y in ys)
    if len(xs) < _ENOUGH or not 1 < len(categories) <= len(xs) / 10 or not all(isinstance(x, str) for x in xs):
        return []
    where: defaultdict[str, Counter[Hashable]] = defaultdict(Counter)
    for x, y in zip(xs, ys, strict=True):
        for word in set(words(x).split()):
            where[word][key(y)] += 1
    best: dict[Hashable, tuple[int, str]] = {}
    for word, counts in where.items():
        category, hits = counts.most_common(1)[0]
        best[category] = max(best.get(category, (0, "")), (2 * hits - sum(counts.values()), word))
    silent = [category for category, _ in categories.most_common() if best.get(category, (0, ""))[0] <= 0]
    otherwise = silent[0] if silent else min(best, key=lambda category: best[category][0])
    rules = {word: category for category, (score, word) in best.items() if category != otherwise and score > 0}
    right = sum(_told(rules, otherwise, x) == key(y) for x, y in zip(xs, ys, strict=True))
    if right < _TELLING * len(xs):
        return []
    named = tuple(f"{word!r} tells {shorten([category])[0]}" for word, category in rules.items())
    advice = "Would the word be there in use? If not, remove it from the source."
    return [Alarm(kind="target", text=f"single words tell {right / len(xs):.0%} of the targets", advice=advice, evidence=named)]


def _told(rules: dict[str, Hashable], otherwise: Hashable, text: str) -> Hashable:
    present = set(words(text).split())
    return next((category for word, category in rules.items() if word in present), otherwise)


def visible(values: Sequence[Any], targets: Sequence[Any]) -> tuple[float, float]:
    """Return how often a row's target is in its source as a word, and how often another row's does."""
    rows = [
        (f" {words(v)} ", f" {words(t)} ")
        for v, t in zip(values, targets, strict=True)
        if isinstance(v, str) and isinstance(t, str) and t.strip()
    ]
    if not rows:
        return 0.0, 0.0
    others = [target for _, target in rows]
    random.Random(0).shuffle(others)
    share = sum(target in source for source, target in rows) / len(rows)
    return share, sum(target in source for (source, _), target in zip(rows, others, strict=True)) / len(rows)


def words(text: str) -> str:
    """Return the words of a text in small letters, without marks."""
    return " ".join("".join(c if c.isalnum() else " " for c in text.lower()).split())
