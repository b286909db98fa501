"""Metrics on encoded values: accuracy, R², F1 and one minus the edit-distance rate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


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


def error_rate(predicted: Sequence[np.ndarray], truth: Sequence[np.ndarray]) -> float:
    """Return the edit distance summed over rows, divided by the summed length of the truth."""
    distance = sum(edit_distance(p, t) for p, t in zip(predicted, truth, strict=True))
    return distance / max(1, sum(len(t) for t in truth))


def accuracy(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Return the share of equal entries of two equally long arrays (0 when there are none)."""
    return float(np.mean(predicted == truth)) if len(truth) else 0.0


def r_squared(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Return 1 - residual / total sum of squares over (M, d), summed over the d outputs.

    A truth that never varies gives 1 for a perfect prediction, else 0.
    """
    residual = float(((predicted - truth) ** 2).sum())
    total = float(((truth - truth.mean(axis=0)) ** 2).sum())
    if total == 0.0:
        return 1.0 if residual == 0.0 else 0.0
    return 1.0 - residual / total


def micro_f1(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Return 2·TP / (2·TP + FP + FN) over all labels of all rows, (M, n) zeros and ones each."""
    predicted, truth = predicted > 0.5, truth > 0.5
    hits = int((predicted & truth).sum())
    wrong = int((predicted != truth).sum())
    return 2 * hits / (2 * hits + wrong) if hits + wrong else 1.0
