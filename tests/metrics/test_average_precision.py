"""Average precision against cases worked out by hand and a brute force that looks at every threshold."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from elman.errors import DataError, SettingError
from elman.metrics.average_precision import mean_average_precision, overlap, precision_recall


def box(x: float, score: float | None = None, side: float = 10.0) -> list[float]:
    return [x, 0, x + side, side, *([] if score is None else [score])]


def test_by_hand() -> None:
    truth = [np.array([box(0), box(100), box(200)]), np.array([box(0)])]
    found = [np.array([box(0, 0.9), box(1, 0.8), box(100, 0.5)]), np.array([box(50, 0.7), box(2, 0.6)])]
    curve = precision_recall(found, truth)
    # by score: right, wrong (found before), wrong, right, right; four truths
    np.testing.assert_allclose(curve.recall, [0.25, 0.25, 0.25, 0.5, 0.75])
    np.testing.assert_allclose(curve.precision, [1, 1 / 2, 1 / 3, 2 / 4, 3 / 5])
    assert curve.average_precision == pytest.approx(0.25 * 1 + 0.5 * 0.6)
    assert [curve.at(recall) for recall in (0.2, 0.5, 0.75, 0.8)] == pytest.approx([1, 0.6, 0.6, 0])
    assert curve.truths == 4


def test_boxes_that_are_equally_sure_come_together() -> None:
    truth = [np.array([box(0)])]
    for order in ([box(0, 0.5), box(50, 0.5)], [box(50, 0.5), box(0, 0.5)]):
        assert precision_recall([np.array(order)], truth).average_precision == 0.5


def test_small_truths_and_what_finds_them_do_not_count() -> None:
    truth = [np.array([box(0, side=20), box(100, side=5)])]
    found = [np.array([box(100, 0.9, side=5), box(300, 0.8, side=5), box(0, 0.7, side=20)])]
    assert precision_recall(found, truth, min_size=12).average_precision == 1.0
    assert precision_recall(found, truth).average_precision == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert precision_recall(found, truth, max_size=12).average_precision == 1.0
    wrong = [np.array([box(300, 0.9, side=20), box(0, 0.7, side=20)])]
    assert precision_recall(wrong, truth, min_size=12).average_precision == 0.5
    # a large found box over a small truth is not wrong, but the truth that is asked for comes first
    both = [np.array([[0, 0, 12, 12], [0, 0, 11.9, 12]])]
    assert precision_recall([np.array([[0, 0, 11.9, 12, 0.5]])], both, min_size=12).average_precision == 1.0


def test_nothing_to_find() -> None:
    assert np.isnan(precision_recall([np.array([box(0, 0.5)])], [np.zeros((0, 4))]).average_precision)
    assert precision_recall([np.zeros((0, 5))], [np.array([box(0)])]).average_precision == 0.0
    assert mean_average_precision([np.zeros((0, 6))], [np.zeros((0, 5))]) == 0.0


def brute(found: list[np.ndarray], truth: list[np.ndarray]) -> float:
    """The area under the best precision at a recall or a higher one, from all thresholds."""
    total = sum(map(len, truth))
    points = []
    for least in sorted({score for boxes in found for score in boxes[:, 4]}):
        hits = count = 0
        for boxes, true in zip(found, truth, strict=True):
            free = list(range(len(true)))
            for candidate in sorted(boxes[boxes[:, 4] >= least].tolist(), key=lambda b: -b[4]):
                count += 1
                overlaps = [(overlap(np.array([candidate]), true[[t]])[0, 0], t) for t in free]
                if overlaps and max(overlaps)[0] >= 0.5:
                    hits += 1
                    free.remove(max(overlaps)[1])
        points.append((hits / total, hits / count))
    grid = np.unique([0.0, *(recall for recall, _ in points)])
    best = [max((p for r, p in points if r >= high), default=0.0) for high in grid[1:]]
    return float(np.sum(np.diff(grid) * best))


def test_equals_brute_force() -> None:
    random = np.random.default_rng(0)
    for _ in range(20):
        found, truth = [], []
        for _ in range(3):
            corners = random.uniform(0, 20, (random.integers(1, 5), 2))
            true = np.concatenate([corners, corners + random.uniform(5, 10, corners.shape)], axis=1)
            said = np.repeat(true, 2, axis=0) + random.normal(0, 1, (2 * len(true), 4))
            truth.append(true)
            found.append(np.concatenate([said, random.random((len(said), 1))], axis=1))
        assert precision_recall(found, truth).average_precision == pytest.approx(brute(found, truth))


def test_labels_are_judged_one_by_one() -> None:
    truth = [np.array([[*box(0), 0], [*box(50), 1]])]
    found = [np.array([[*box(0), 0, 0.9], [*box(50), 0, 0.8]])]
    assert mean_average_precision(found, truth) == pytest.approx((1.0 + 0.0) / 2)


def test_overlap_equals_counting_pixels() -> None:
    random = np.random.default_rng(1)
    boxes = np.sort(random.integers(0, 12, (12, 2, 2)), axis=1).reshape(12, 4)
    boxes[:, 2:] += 1
    cover = np.zeros((12, 14, 14), bool)
    for mask, (x1, y1, x2, y2) in zip(cover, boxes, strict=True):
        mask[y1:y2, x1:x2] = True
    for i, j in itertools.product(range(12), repeat=2):
        assert overlap(boxes[[i]], boxes[[j]])[0, 0] == pytest.approx((cover[i] & cover[j]).sum() / (cover[i] | cover[j]).sum())


def test_what_cannot_be_judged() -> None:
    with pytest.raises(SettingError, match="iou must be in 0 < iou <= 1; got 0"):
        precision_recall([], [], iou=0)
    with pytest.raises(DataError, match="expected found boxes for each of 2 pictures; got 1"):
        precision_recall([np.zeros((0, 5))], [np.zeros((0, 4))] * 2)
