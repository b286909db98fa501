"""Boxes: forms of values, labels, and augmentation with their picture."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from elman.codecs import Boxes, from_name, infer
from elman.codecs.augmentation import augment_scene
from elman.codecs.boxes import Placed
from elman.errors import DataError, DataTypeError, SettingError

NAMED = [{"box": [2, 1, 6, 5], "label": "cat"}, {"box": [0, 0, 20, 10], "label": "dog"}]


def fitted(values: object = (((2, 1, 6, 5),),), **options: object) -> Boxes:
    return Boxes(**{"size": (10, 20), **options}).fit(list(values), role="target")  # type: ignore[arg-type, call-overload]


@pytest.mark.parametrize(
    "value",
    [
        NAMED,
        json.dumps(NAMED),
        [(2, 1, 6, 5, "cat"), (0, 0, 20, 10, "dog")],
        {"boxes": np.array([[2, 1, 6, 5], [0, 0, 20, 10]]), "labels": ["cat", "dog"]},
        {"boxes": torch.tensor([[2, 1, 6, 5], [0, 0, 20, 10]]), "labels": np.array(["cat", "dog"])},
    ],
    ids=["dicts", "json", "rows", "arrays", "tensors"],
)
def test_all_forms_of_a_value_are_equal(value: object) -> None:
    codec = fitted([NAMED])
    assert codec.labels_ == ["cat", "dog"]
    np.testing.assert_array_equal(codec.encode(value), np.float32([[0.1, 0.1, 0.3, 0.5, 0], [0, 0, 1, 1, 1]]))


def test_forms_and_units_give_the_same_box() -> None:
    expected = fitted().encode([[2, 1, 6, 5]])
    np.testing.assert_array_equal(fitted(form="xywh").encode([[2, 1, 4, 4]]), expected)
    np.testing.assert_array_equal(fitted(unit="relative", size=None, values=[[]]).encode([[0.1, 0.1, 0.3, 0.5]]), expected)
    np.testing.assert_array_equal(fitted(size=None, values=[Placed([], (3, 3))]).encode(Placed([[2, 1, 6, 5]], (10, 20))), expected)


def test_boxes_come_back_exactly_and_answers_with_their_score() -> None:
    codec, random = fitted(values=[[]]), np.random.default_rng(0)
    corners = np.sort(random.uniform(0, 10, (50, 2, 2)), axis=1).reshape(50, 4)
    back = np.array([box["box"] for box in codec.decode(codec.encode(corners))])
    np.testing.assert_allclose(back, corners, rtol=3e-7, atol=1e-6)
    answer = np.concatenate([fitted([NAMED]).encode(NAMED), np.float32([[0.9], [0.25]])], axis=1)
    assert fitted([NAMED], form="xyxy").decode(answer)[1] == {"box": [0.0, 0.0, 20.0, 10.0], "label": "dog", "score": 0.25}
    assert codec.decode(np.zeros((0, 6))) == []
    assert codec.decode(np.float32([[0, 0, 1, 1, 0]]), size=(4, 8)) == [{"box": [0.0, 0.0, 8.0, 4.0]}]


def test_boxes_beyond_the_picture_are_refused_or_clipped() -> None:
    with pytest.raises(
        DataError, match=r"row 1: box 1: expected corners inside the picture of 20 x 10 pixels; got \[0\.0, 0\.0, 21\.0, 5\.0\]"
    ):
        fitted().encode_all([[], [[0, 0, 1, 1], [0, 0, 21, 5]]])
    with pytest.raises(DataError, match=r"box 0: expected corners inside 0\.\.1; got .* Check the unit, or outside='clip'"):
        fitted(unit="relative", size=None, values=[[]]).encode([[0, 0, 21, 5]])
    codec = fitted(outside="clip")
    assert codec.decode(codec.encode([[-3, 2, 21, 5], [30, 0, 40, 5]])) == [{"box": [0.0, 2.0, 20.0, 5.0]}]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([[3, 1, 3, 5]], r"box 0: expected x1 < x2 and y1 < y2; got \[3\.0, 1\.0, 3\.0, 5\.0\]\. Repair or drop it, and check form='xyxy'"),
        ([[1, 1, 2, 2], [0, 0, float("inf"), 1]], r"box 1: expected finite numbers; got \[0\.0, 0\.0, inf, 1\.0\]"),
        ([[0, 0, float("nan"), 1]], r"box 0: expected finite numbers"),
        ([[1, 2, 3]], r"box 0: expected four numbers, perhaps with a label behind; got '\[1, 2, 3\]'"),
        (["abcd"], r"box 0: expected four numbers; got 'abcd'"),
        ([[1, 2, "x", 4]], r"box 0: expected four numbers; got .*x"),
        ([{"label": "cat"}], r"box 0: expected a dict with the keys \['box', 'label', 'score'\], the first at least; got \['label'\]"),
        ({"corners": []}, r"expected a dict with \"boxes\" and perhaps \"labels\", or a list of dicts; got the keys \['corners'\]"),
        ({"boxes": [[1, 2, 3, 4]], "labels": []}, r"expected a label for each of 1 boxes; got 0"),
        (np.ones((1, 2, 4)), r"expected boxes as \(T, 4\) numbers.*got an array of shape \(1, 2, 4\)"),
        ("no boxes", r"as JSON; got text 'no boxes'"),
        ([[1, 2, 3, 4, "cat"]], r"expected boxes without labels, as fit saw them; got labels"),
    ],
)
def test_values_that_are_no_boxes_are_refused(value: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        fitted().encode(value)


def test_unknown_labels_are_refused() -> None:
    codec = fitted([NAMED])
    with pytest.raises(DataError, match=r"box 0: expected one of the labels \['cat', 'dog'\] of fit; got 'cot'\. Did you mean 'cat'"):
        codec.encode([(0, 0, 1, 1, "cot")])
    with pytest.raises(DataError, match=r"box 1: expected a label, as other boxes have one; got None"):
        codec.encode([(0, 0, 1, 1, "cat"), (0, 0, 1, 1)])
    with pytest.raises(DataError, match="expected a label at every box or at none; some pictures have boxes without"):
        fitted([NAMED, [[0, 0, 1, 1]], []])
    with pytest.raises(DataTypeError, match="expected a label that is hashable"):
        codec.encode([(0, 0, 1, 1, ["cat"])])
    with pytest.raises(DataTypeError, match=r"expected boxes as .*; got int"):
        codec.encode(3)


def test_pixels_need_a_picture() -> None:
    with pytest.raises(
        DataError, match=r"row 0: boxes in pixels can only be read beside their picture.*give Boxes\(size=\(height, width\)\)"
    ):
        Boxes().fit([[]])
    with pytest.raises(SettingError, match="size is for boxes in pixels; with unit='relative' boxes are shares of any picture"):
        Boxes(unit="relative", size=3).fit([[]])
    with pytest.raises(SettingError, match=r"form must be one of \['xyxy', 'xywh'\]; got 'yxyx'"):
        Boxes(form="yxyx").fit([[]])
    with pytest.raises(SettingError, match=r"size \(a side, or height and width\) must be a whole number"):
        Boxes(size=0).fit([[]])
    with pytest.raises(DataError, match=r"expected an array \(T, 5\), or \(T, 6\) with scores, to decode; got shape \(3, 4\)"):
        fitted().decode(np.zeros((3, 4)))


def test_names_and_guesses() -> None:
    assert from_name("boxes:xywh") == Boxes(form="xywh")
    assert infer([NAMED, []]) == (Boxes(), "lists of boxes")


def test_augmented_boxes_stay_on_their_objects() -> None:
    """A bright block keeps its box; a block outside the picture has none."""
    picture, seen = np.zeros((1, 60, 80), np.float32), 0
    picture[0, 20:40, 30:60] = 1
    box = np.float32([[30 / 80, 20 / 60, 60 / 80, 40 / 60, 2]])
    for seed in range(40):
        moved, boxes = augment_scene(picture, box, np.random.default_rng(seed))
        assert moved.shape == picture.shape
        assert moved.dtype == boxes.dtype == np.float32
        bright = np.argwhere(moved[0] > (moved.min() + moved.max()) / 2) if moved.max() - moved.min() > 0.3 else np.zeros((0, 2))
        if len(boxes):
            seen += 1
            corners = np.array([*bright.min(0)[::-1], *(bright.max(0) + 1)[::-1]]) / [80, 60, 80, 60]
            np.testing.assert_allclose(boxes[0, :4], corners, atol=0.02)
            assert boxes[0, 4] == 2
    assert 20 < seen < 40
    again = [augment_scene(picture, box, np.random.default_rng(3))[0] for _ in range(2)]
    np.testing.assert_array_equal(*again)
    assert picture.sum() == 20 * 30


def test_only_boxes_lie_in_their_source() -> None:
    from elman.codecs import Strokes
    from elman.codecs.capabilities import AugmentsPair

    assert isinstance(Boxes(), AugmentsPair)
    assert not isinstance(Strokes(), AugmentsPair)
