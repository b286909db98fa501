"""Detection: how well boxes with confidences find those that are there. Average precision, and the curve behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from elman.errors import DataError


@dataclass(frozen=True, kw_only=True)
class PrecisionRecall:
    """Precision against recall as the confidence asked for falls.

    Attributes
    ----------
    precision, recall : ndarray
        (K,) after each found box, the surest first.
    score : ndarray
        (K,) its confidence.
    truths : int
        Boxes to be found.
    """

    precision: np.ndarray
    recall: np.ndarray
    score: np.ndarray
    truths: int

    @property
    def average_precision(self) -> float:
        """Average precision: the area under the curve, whose precision is the best at that recall or beyond (Pascal VOC since 2010)."""
        if not self.truths:
            return float("nan")
        best = np.maximum.accumulate(self.precision[::-1])[::-1]
        return float((best * np.diff(self.recall, prepend=0.0)).sum())

    def at(self, recall: float) -> float:
        """Return the best precision at this recall or beyond, 0 where it is never reached."""
        reached = self.precision[self.recall >= recall - 1e-12]
        return float(reached.max()) if len(reached) else 0.0


def precision_recall(
    found: Sequence[np.ndarray], truth: Sequence[np.ndarray], *, iou: float = 0.5, min_size: float = 0.0
) -> PrecisionRecall:
    """Match found boxes to true ones, the surest first, each truth once.

    Parameters
    ----------
    found : sequence of ndarray
        (T, 5 or more) a picture: corners x1, y1, x2, y2, the confidence last.
    truth : sequence of ndarray
        (M, 4 or more) a picture; what follows the corners is not looked at.
    iou : float, default 0.5
        Intersection over union from which a box counts as found.
    min_size : float, default 0
        Side of a square, in the unit of the boxes: truths of less area need not be found, and what finds them, or finds nothing and
        has less area itself, is not counted against the finder.

    Returns
    -------
    PrecisionRecall
        The curve.

    Raises
    ------
    DataError
        If there are not as many pictures on both sides.

    Notes
    -----
    Everingham 2010, "The Pascal visual object classes challenge", section 4.2; what is ignored as in COCO (Lin 2014): a found box prefers
    a truth that counts.

    Examples
    --------
    >>> found = [np.array([[0, 0, 10, 10, 0.9], [50, 50, 60, 60, 0.8]])]
    >>> precision_recall(found, [np.array([[0, 0, 10, 9], [20, 20, 30, 30]])]).average_precision
    0.5
    """
    if len(found) != len(truth):
        raise DataError(f"found and truth must be of the same pictures; got {len(found)} and {len(truth)}.")
    judged = [_judge(np.asarray(f), np.asarray(t), iou, min_size**2) for f, t in zip(found, truth, strict=True)]
    scores = np.concatenate([score for score, _, _ in judged] or [np.zeros(0)])
    hits = np.concatenate([hit for _, hit, _ in judged] or [np.zeros(0, bool)])
    truths = sum(count for _, _, count in judged)
    order = np.argsort(-scores, kind="stable")
    right = np.cumsum(hits[order])
    return PrecisionRecall(
        precision=right / np.arange(1, len(order) + 1), recall=right / max(truths, 1), score=scores[order], truths=truths
    )


def mean_average_precision(found: Sequence[np.ndarray], truth: Sequence[np.ndarray]) -> float:
    """Return average precision at an overlap of one half, the mean over the kinds that there are.

    Parameters
    ----------
    found : sequence of ndarray
        (T, 6) a picture: corners, kind, confidence.
    truth : sequence of ndarray
        (M, 5) a picture: corners, kind.

    Returns
    -------
    float
        0..1; without any truth 1 if nothing was found, else 0.
    """
    kinds = np.unique(np.concatenate([np.zeros(0), *[np.asarray(boxes)[:, 4] for boxes in truth]]))
    if not len(kinds):
        return float(not any(len(boxes) for boxes in found))
    each = []
    for kind in kinds:
        rows = [np.asarray(boxes).reshape(-1, 6) for boxes in found], [np.asarray(boxes) for boxes in truth]
        curve = precision_recall(*([boxes[boxes[:, 4] == kind] for boxes in side] for side in rows))
        each.append(curve.average_precision)
    return float(np.mean(each))


def _judge(found: np.ndarray, truth: np.ndarray, iou: float, least: float) -> tuple[np.ndarray, np.ndarray, int]:
    """Confidences and hits of the boxes of one picture that count, and how many truths count."""
    found, truth = (boxes if boxes.size else np.zeros((0, 5)) for boxes in (found, truth))
    counts = _area(truth) >= least
    order = np.argsort(-found[:, -1], kind="stable") if len(found) else np.zeros(0, np.int64)
    share = overlap(found[order], truth)
    taken, scores, hits = np.zeros(len(truth), bool), [], []
    small = _area(found[order]) < least
    for row, place in enumerate(order):
        open_ = np.where((share[row] >= iou) & ~(taken & counts), share[row], -1.0)
        preferred = np.where(counts, open_, -1.0)
        best = preferred if (preferred >= 0).any() else open_
        hit = bool((best >= 0).any())
        which = int(best.argmax()) if hit else -1
        if hit:
            taken[which] = True
        if (hit and counts[which]) or (not hit and not small[row]):
            scores.append(found[place, -1])
            hits.append(hit)
    return np.array(scores, dtype=np.float64), np.array(hits, dtype=bool), int(counts.sum())


def _area(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, 2:4] - boxes[:, :2]).prod(1) if len(boxes) else np.zeros(0)


def overlap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return intersection over union of all pairs, (A, B) of (A, 4 or more) and (B, 4 or more)."""
    if not len(a) or not len(b):
        return np.zeros((len(a), len(b)))
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:4], b[None, :, 2:4])
    both = np.clip(high - low, 0, None).prod(-1)
    areas = [(boxes[:, 2:4] - boxes[:, :2]).prod(-1) for boxes in (a, b)]
    return both / np.maximum(areas[0][:, None] + areas[1][None] - both, 1e-12)
