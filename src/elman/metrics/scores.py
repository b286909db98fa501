"""Metrics on encoded values: accuracy, R², F1 and one minus the edit-distance rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.metrics.measure import Judgement, Measure


def edit_distance(left: Sequence[int] | np.ndarray, right: Sequence[int] | np.ndarray) -> int:
    """Return the least number of insertions, deletions and substitutions between two sequences.

    Parameters
    ----------
    left : sequence of int
        Symbols as indices, (S,).
    right : sequence of int
        The same, (T,).

    Returns
    -------
    int
        Levenshtein distance (Wagner and Fischer 1974).

    Examples
    --------
    >>> edit_distance([1, 2, 3], [1, 3, 3, 4])
    2
    """
    left, right = np.asarray(left), np.asarray(right)
    if len(left) < len(right):
        left, right = right, left
    steps = np.arange(len(right) + 1)
    row = steps.copy()
    for symbol in left:
        changed = np.empty_like(row)
        changed[0] = row[0] + 1
        np.minimum(row[1:] + 1, row[:-1] + (right != symbol), out=changed[1:])
        row = np.minimum.accumulate(changed - steps) + steps  # insertions, all at once
    return int(row[-1])


def judge_entries(predicted: Sequence[Any], truth: Sequence[Any]) -> Judgement:
    """Count the equal entries of each row; those that one of the two rows lacks are not equal."""
    rows = [(np.ravel(p), np.ravel(t)) for p, t in zip(predicted, truth, strict=True)]
    hits = [float((p[: len(t)] == t[: len(p)]).sum()) for p, t in rows]
    return Judgement(over=np.array(hits), under=np.array([float(len(t)) for _, t in rows]))


def judge_squares(predicted: Sequence[Any], truth: Sequence[Any]) -> Judgement:
    """Sum the squared errors of each row, and its squared distances from the mean of all, over outputs (…, d)."""
    rows = [np.asarray(t, dtype=np.float64) for t in truth]
    rows = [row.reshape(-1, row.shape[-1] if row.ndim else 1) for row in rows]
    together = np.concatenate(rows)
    low, high = together.min(0), together.max(0)
    mean = np.where(low == high, low, together.mean(0))  # the mean of equal numbers may differ from them in its last bit
    errors = [((np.asarray(p, dtype=np.float64).reshape(row.shape) - row) ** 2).sum() for p, row in zip(predicted, rows, strict=True)]
    return Judgement(over=np.array(errors, dtype=np.float64), under=np.array([((row - mean) ** 2).sum() for row in rows], dtype=np.float64))


def judge_labels(predicted: Sequence[Any], truth: Sequence[Any]) -> Judgement:
    """Count 2·TP, and 2·TP + FP + FN, of the labels of each row, zeros and ones."""
    pairs = [(np.asarray(p) > 0.5, np.asarray(t) > 0.5) for p, t in zip(predicted, truth, strict=True)]
    hits = np.array([2.0 * float((p & t).sum()) for p, t in pairs])
    return Judgement(over=hits, under=hits + np.array([float((p != t).sum()) for p, t in pairs]))


def judge_edits(predicted: Sequence[Any], truth: Sequence[Any]) -> Judgement:
    """Count the edits of each row, and the symbols of its truth."""
    edits = [float(edit_distance(p, t)) for p, t in zip(predicted, truth, strict=True)]
    return Judgement(over=np.array(edits), under=np.array([float(len(t)) for t in truth]))


ACCURACY = Measure(name="accuracy", empty="zero")
R_SQUARED = Measure(name="R²", base=1.0, scale=-1.0, empty="exact")
F1 = Measure(name="F1", empty="one")
SYMBOLS_RIGHT = Measure(name="1 - error rate", base=1.0, scale=-1.0, empty="errors")


def error_rate(predicted: Sequence[np.ndarray], truth: Sequence[np.ndarray]) -> float:
    """Return the edit distance summed over rows, divided by the summed length of the truth."""
    return 1.0 - SYMBOLS_RIGHT.value(judge_edits(predicted, truth))


def accuracy(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Return the share of equal entries of two equally long arrays (0 when there are none)."""
    return ACCURACY.value(judge_entries([predicted], [truth]))


def r_squared(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Return 1 - residual / total sum of squares over (M, d), summed over the d outputs.

    A truth that never varies gives 1 for a perfect prediction, else 0.
    """
    return R_SQUARED.value(judge_squares([predicted], [truth]))


def micro_f1(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Return 2·TP / (2·TP + FP + FN) over all labels of all rows, (M, n) zeros and ones each."""
    return F1.value(judge_labels([predicted], [truth]))
