"""Average precision: how well boxes are found, over every level of how sure the finder is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.errors import DataError, SettingError


@dataclass(frozen=True, kw_only=True)
class PrecisionRecall:
    """A curve of precision over recall, and the area under it.

    Attributes
    ----------
    average_precision : float
        Area under the curve made to fall (at each recall the best precision at this recall or a higher one); NaN without any truth.
    recall, precision : ndarray
        (K,) after each found box, surest first; boxes that are equally sure come together.
    scores : ndarray
        (K,) of these boxes.
    truths : int
        Boxes there are to find.
    """

    average_precision: float
    recall: np.ndarray
    precision: np.ndarray
    scores: np.ndarray
    truths: int

    def at(self, recall: float) -> float:
        """Return the best precision at this recall or a higher one; 0 where it is never reached."""
        reached = self.precision[self.recall >= recall - 1e-12]
        return float(reached.max()) if len(reached) else 0.0


def overlap(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return intersection over union of every two boxes.

    Parameters
    ----------
    left : ndarray
        (K, 4 or more): x1, y1, x2, y2.
    right : ndarray
        (T, 4 or more).

    Returns
    -------
    ndarray
        (K, T) in 0..1.

    Examples
    --------
    >>> overlap(np.array([[0, 0, 2, 2]]), np.array([[1, 0, 3, 2], [5, 5, 6, 6]])).round(3).tolist()
    [[0.333, 0.0]]
    """
    corner = np.minimum(left[:, None, 2:4], right[None, :, 2:4]) - np.maximum(left[:, None, :2], right[None, :, :2])
    shared = np.prod(np.clip(corner, 0, None), axis=2)
    areas = [np.prod(boxes[:, 2:4] - boxes[:, :2], axis=1) for boxes in (left, right)]
    return shared / np.maximum(areas[0][:, None] + areas[1][None, :] - shared, 1e-12)


def precision_recall(
    found: Sequence[Any], truth: Sequence[Any], *, iou: float = 0.5, min_size: float = 0.0, max_size: float = np.inf
) -> PrecisionRecall:
    """Judge found boxes picture by picture; each truth is found once; a second box on it is wrong.

    The surest boxes choose first, each the truth it overlaps most among those not yet found (Everingham 2010, section 4.2). Truths
    outside of ``min_size`` and ``max_size``, boxes on them, and found boxes of such sizes that find nothing do not count, as in
    COCO's own measure (Lin 2014).

    Parameters
    ----------
    found : sequence of ndarray
        (K, 5) a picture: x1, y1, x2, y2 and how sure.
    truth : sequence of ndarray
        (T, 4) a picture, in the same unit.
    iou : float, default 0.5
        Least intersection over union.
    min_size : float, default 0
        Side of a square of the same area, smallest.
    max_size : float, default infinity
        The same, largest (exclusive).

    Returns
    -------
    PrecisionRecall
        The curve and its area.

    Raises
    ------
    SettingError, DataError
        If ``iou`` is not in 0..1, or not as many pictures are found as true.

    Examples
    --------
    >>> precision_recall([np.array([[0, 0, 2, 2, 0.9], [5, 5, 6, 6, 0.4]])], [np.array([[0, 0, 2, 2]])]).average_precision
    1.0
    """
    if not 0 < iou <= 1:
        raise SettingError(f"iou must be in 0 < iou <= 1; got {iou!r}.")
    if len(found) != len(truth):
        raise DataError(f"expected found boxes for each of {len(truth)} pictures; got {len(found)}. Give an empty array for none.")
    scores: list[np.ndarray] = [np.zeros(0)]
    hits: list[np.ndarray] = [np.zeros(0)]
    truths = 0
    for answer, real in zip(found, truth, strict=True):
        boxes, true = np.asarray(answer, np.float64).reshape(-1, 5), np.asarray(real, np.float64).reshape(-1, 4)
        boxes = boxes[np.argsort(-boxes[:, 4], kind="stable")]
        in_range = _within(true, min_size, max_size)
        truths += int(in_range.sum())
        marks = _match(overlap(boxes, true), in_range, _within(boxes, min_size, max_size), iou)
        scores.append(boxes[marks >= 0, 4])
        hits.append(marks[marks >= 0])
    return _curve(np.concatenate(scores), np.concatenate(hits), truths)


def _within(boxes: np.ndarray, low: float, high: float) -> np.ndarray:
    sides = np.sqrt(np.prod(np.clip(boxes[:, 2:4] - boxes[:, :2], 0, None), axis=1))
    return (sides >= low) & (sides < high)


def _match(overlaps: np.ndarray, asked: np.ndarray, counted: np.ndarray, iou: float) -> np.ndarray:
    """For each found box 1 if it finds a truth, 0 if it is wrong, -1 if it does not count, (K,)."""
    free = np.ones(len(asked), dtype=bool)
    marks = np.where(counted, 0, -1)
    for place, row in enumerate(overlaps):
        for kind in (asked, ~asked):  # boxes that count are matched before those that do not
            candidates = np.flatnonzero(free & kind & (row >= iou))
            if len(candidates):
                chosen = candidates[row[candidates].argmax()]
                free[chosen] = False
                marks[place] = 1 if asked[chosen] else -1
                break
    return marks


def _curve(scores: np.ndarray, hits: np.ndarray, truths: int) -> PrecisionRecall:
    order = np.argsort(-scores, kind="stable")
    scores, right = scores[order], np.cumsum(hits[order])
    last = np.flatnonzero(np.append(scores[1:] != scores[:-1], True)[: len(scores)])  # equally sure boxes come together
    precision, recall = right[last] / (last + 1), right[last] / max(truths, 1)
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    area = float(np.sum(np.diff(recall, prepend=0) * falling)) if truths else float("nan")
    return PrecisionRecall(average_precision=area, recall=recall, precision=precision, scores=scores[last], truths=truths)


def mean_average_precision(found: Sequence[Any], truth: Sequence[Any], *, iou: float = 0.5) -> float:
    """Return average precision, averaged over the labels there are among the truths.

    Parameters
    ----------
    found : sequence of ndarray
        (K, 6) a picture, as a network answers: corners, label, how sure.
    truth : sequence of ndarray
        (T, 5) a picture, as Boxes encodes them: corners, label.
    iou : float, default 0.5
        Least intersection over union.

    Returns
    -------
    float
        0..1; 0 where there is nothing to find.
    """
    labels = sorted({int(label) for boxes in truth for label in np.asarray(boxes)[:, 4]})
    areas = []
    for label in labels:
        answers = [boxes[boxes[:, 4] == label][:, [0, 1, 2, 3, 5]] for boxes in map(np.asarray, found)]
        real = [boxes[boxes[:, 4] == label][:, :4] for boxes in map(np.asarray, truth)]
        areas.append(precision_recall(answers, real, iou=iou).average_precision)
    return float(np.mean(areas)) if areas else 0.0
