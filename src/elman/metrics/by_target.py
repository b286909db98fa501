"""Metric of a target: its name, its computation on encoded values, and the score of the simplest guess."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.codecs import Binary, Codec, Continuous, Discrete, Rectangles
from elman.errors import SettingError
from elman.metrics import scores
from elman.metrics.average_precision import mean_average_precision
from elman.metrics.measure import Judgement, Measure

Score = Callable[[Sequence[Any], Sequence[Any]], float]


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """One metric over encoded rows and its simplest baseline.

    ``score`` takes predicted and true arrays, one a row; ``constant`` takes the true arrays of training and gives the
    array that a model would answer that never looks at its input. With ``from_loss`` the metric is the validation loss itself, and
    ``score`` is asked for the baseline only. ``measure`` and ``judge`` are the metric as a ratio of sums over rows, where it is one.
    """

    metric: str
    baseline: str
    higher_is_better: bool = True
    score: Score
    constant: Callable[[Sequence[Any], Sequence[Any]], list[Any]]
    from_loss: bool = False
    measure: Measure | None = None
    judge: Callable[[Sequence[Any], Sequence[Any]], Judgement] | None = None


def _ratio(measure: Measure, judge: Callable[[Sequence[Any], Sequence[Any]], Judgement], baseline: str, constant: Any) -> Scoring:
    """Return the scoring by a ratio of sums over rows."""

    def score(predicted: Sequence[Any], truth: Sequence[Any]) -> float:
        return measure.value(judge(predicted, truth))

    return Scoring(metric=measure.name, baseline=baseline, score=score, constant=constant, measure=measure, judge=judge)


def scoring_of(target: Codec, aligned: bool) -> Scoring:
    """Return the scoring of a target codec; ``aligned``: one answer per step of the source."""
    space = target.space
    if target.rank == "one":
        return _one(space)
    if isinstance(space, Rectangles):
        return Scoring(metric="AP@0.5", baseline="usual boxes", score=mean_average_precision, constant=_usual_boxes)
    if not aligned:
        if isinstance(space, Discrete):
            return _ratio(scores.SYMBOLS_RIGHT, scores.judge_edits, "most common answer", _most_common_sequence)
        raise SettingError(f"Free sequences of {type(space).__name__} cannot be scored by edit distance. Use align='step'.")
    if isinstance(space, Discrete):
        return _ratio(scores.ACCURACY, scores.judge_entries, "most frequent", _most_frequent_step)
    if isinstance(space, Binary):
        return _ratio(scores.F1, scores.judge_labels, "usual labels", _mean_step(rounded=True))
    return _ratio(scores.R_SQUARED, scores.judge_squares, "mean", _mean_step(rounded=False))


def _one(space: Any) -> Scoring:
    if isinstance(space, Discrete):
        return _ratio(scores.ACCURACY, scores.judge_entries, "most frequent", _most_frequent)
    if isinstance(space, Binary):
        return _ratio(scores.F1, scores.judge_labels, "usual labels", _mean(rounded=True))
    if isinstance(space, Continuous):
        return _ratio(scores.R_SQUARED, scores.judge_squares, "mean", _mean(rounded=False))
    raise SettingError(f"A target cannot be {type(space).__name__}. Use Category, Tags, Number, Vector, Symbols, Text or Series.")


def _most_frequent(train: Sequence[Any], rows: Sequence[Any]) -> list[np.ndarray]:
    answer = np.asarray(Counter(int(t) for t in train).most_common(1)[0][0])
    return [answer] * len(rows)


def _most_frequent_step(train: Sequence[Any], rows: Sequence[Any]) -> list[np.ndarray]:
    counts = np.bincount(np.concatenate([*train, np.zeros(0, np.int64)]).astype(np.int64), minlength=1)
    return [np.full(len(row), counts.argmax()) for row in rows]


def _most_common_sequence(train: Sequence[Any], rows: Sequence[Any]) -> list[np.ndarray]:
    answer = np.asarray(Counter(tuple(np.asarray(t).tolist()) for t in train).most_common(1)[0][0], dtype=np.int64)
    return [answer] * len(rows)


_GRID = 8
"""Boxes whose middles and sides fall into the same eighths of the picture are alike."""
_BOXES = 100


def _usual_boxes(train: Sequence[Any], rows: Sequence[Any]) -> list[np.ndarray]:
    """The most usual boxes of the training rows, each as sure as it is frequent."""
    boxes = np.concatenate([*train, np.zeros((0, 5), np.float32)])
    middles, sides = (boxes[:, :2] + boxes[:, 2:4]) / 2, boxes[:, 2:4] - boxes[:, :2]
    kinds = np.concatenate([np.round(_GRID * middles), np.round(_GRID * sides), boxes[:, 4:]], axis=1)
    _, group, counts = np.unique(kinds, axis=0, return_inverse=True, return_counts=True)
    group = group.reshape(-1)
    chosen = np.argsort(-counts, kind="stable")[:_BOXES]
    answer = np.array([[*boxes[group == g].mean(0), counts[g] / max(len(train), 1)] for g in chosen]).reshape(-1, 6)
    return [answer] * len(rows)


def _mean(*, rounded: bool) -> Callable[[Sequence[Any], Sequence[Any]], list[np.ndarray]]:
    def constant(train: Sequence[Any], rows: Sequence[Any]) -> list[np.ndarray]:
        answer = np.mean(np.stack(list(train)), axis=0)
        return [np.round(answer) if rounded else answer] * len(rows)

    return constant


def _mean_step(*, rounded: bool) -> Callable[[Sequence[Any], Sequence[Any]], list[np.ndarray]]:
    def constant(train: Sequence[Any], rows: Sequence[Any]) -> list[np.ndarray]:
        """The mean step of the training rows, at every step."""
        answer = np.mean(np.concatenate(list(train)), axis=0)
        answer = np.round(answer) if rounded else answer
        return [np.broadcast_to(answer, (len(row), *answer.shape)) for row in rows]

    return constant
