"""Checks of answers: decoders whose answers are always the same, and texts that repeat themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.codecs import Discrete
from elman.fitting.inference import predict_rows
from elman.inspection.batches import Rows
from elman.inspection.diagnosis.finding import Finding

_SAME = 0.95
_ROUNDS = 3
"""How often in a row a piece must come to be called a loop."""


def check_answers(model: Any, rows: Rows) -> list[Finding]:
    """Check the answers of a model to rows."""
    if rows.sources is None or not isinstance(model.plan_.target.space, Discrete):
        return []
    answers = [tuple(np.atleast_1d(row).tolist()) for row in predict_rows(model.model_, rows.sources, model.source_)]
    true = [tuple(np.atleast_1d(row).tolist()) for row in rows.targets]
    findings = [_silent(model, answers, true)]
    if model.plan_.writes_symbols:
        findings.append(_loops([list(row) for row in answers], "answers"))
    return findings


def _silent(model: Any, said: list[tuple[int, ...]], true: list[tuple[int, ...]]) -> Finding:
    answer, times = Counter(said).most_common(1)[0]
    share, expected = times / len(said), Counter(true)[answer] / len(true)
    usual = Counter(true).most_common(1)[0][1] / len(true)
    evidence = {"share": share, "share in truth": expected, "answers": len(said)}
    if len(said) < 5 or share < _SAME or share <= expected + 0.02:
        message = f"{len(set(said)):,} different answers to {len(said):,} values; the most common one {share:.0%} (in truth {usual:.0%})"
        return Finding(name="silent decoder", verdict="fine", message=message, evidence=evidence)
    what = "nothing" if not answer else "the same"
    change = "train longer or with a higher learning_rate; class_weight='balanced' where one class is most of the data"
    if model.plan_.writes_frames:
        change = "CTC begins by saying nothing: train longer, on shorter sources first, or with more rows"
    message = f"it answers {what} to {share:.0%} of {len(said):,} values; the truth says that in {expected:.0%}"
    return Finding(name="silent decoder", verdict="problem", message=message, next_step=change, evidence=evidence)


def check_writing(model: Any) -> list[Finding]:
    """Let a language model write and look for loops.

    Parameters
    ----------
    model : LanguageModel
        Fitted.

    Returns
    -------
    list of Finding
        "loops" at temperature 1, and a note where only the likeliest continuation goes round in circles.
    """
    empty: Any = "" if model._is_text() else []
    written = [model.generate(empty, random_state=seed, max_new_steps=200) for seed in range(3)]
    findings = [_loops([np.asarray(model.target_.encode(text)).tolist() for text in written], "texts drawn at temperature 1")]
    likeliest = np.asarray(model.target_.encode(model.generate(empty, temperature=0, max_new_steps=200))).tolist()
    period = loop_of(likeliest)
    if period and findings[0].verdict == "fine":
        message = f"the likeliest continuation repeats a piece of {period} symbols for ever, as is usual; drawn texts do not"
        findings.append(
            Finding(
                name="likeliest text",
                verdict="note",
                message=message,
                next_step="draw with temperature=0.7 … 1 or top_p",
                evidence={"period": period},
            )
        )
    if all(not text for text in written):
        change = "train longer, or give longer documents: it ends before the first symbol"
        findings.append(Finding(name="silent decoder", verdict="problem", message="it writes nothing", next_step=change))
    return findings


def _loops(rows: Sequence[list[int]], what: str) -> Finding:
    periods = [loop_of(row) for row in rows]
    looping = [period for period in periods if period]
    share = len(looping) / max(len(rows), 1)
    evidence = {"share": share, "periods": looping[:20]}
    if share < 0.2:
        return Finding(name="loops", verdict="fine", message=f"{len(looping)} of {len(rows)} {what} end in a loop", evidence=evidence)
    change = "train longer, use predict(no_repeat_ngram=3), or coverage=1.0 where a source is read twice"
    message = f"{len(looping)} of {len(rows)} {what} end by repeating a piece of {int(np.median(looping))} symbols"
    return Finding(name="loops", verdict="warning", message=message, next_step=change, evidence=evidence)


def loop_of(symbols: Sequence[int], longest: int = 40) -> int:
    """Return the length of the piece that a sequence ends by repeating, at least three times and eight symbols; 0 for none.

    Parameters
    ----------
    symbols : sequence of int
        The text.
    longest : int, default 40
        The longest piece that is looked for.

    Returns
    -------
    int
        Its period.

    Examples
    --------
    >>> loop_of([7, 1, 2, 3, 1, 2, 3, 1, 2, 3]), loop_of([1, 2, 3, 4, 5, 6, 7, 8, 9])
    (3, 0)
    """
    for period in range(1, min(longest, len(symbols) // _ROUNDS) + 1):
        length = max(_ROUNDS * period, 8)
        end = symbols[-length:]
        if len(end) == length and all(a == b for a, b in zip(end[period:], end, strict=False)):
            return period
    return 0
