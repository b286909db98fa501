"""Boxes: what people give, what comes back, and what is refused, line by line."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elman.codecs import Boxes, Image
from elman.codecs.boxes import Placed
from elman.errors import DataError, NotFittedError, SettingError

SIZE = (100, 200)  # height, width
ONE = [20, 10, 60, 50]
SHARES = [0.1, 0.1, 0.3, 0.5, 0.0]


def fitted(values=([ONE],), **settings):
    return Boxes(**{"size": SIZE, **settings}).fit(list(values), role="target")


@pytest.mark.parametrize(
    "value",
    [
        [ONE],
        (tuple(ONE),),
        np.array([ONE]),
        np.array([ONE], dtype=np.float32),
        [np.array(ONE)],
        [{"box": ONE}],
        {"boxes": [ONE]},
        json.dumps([ONE]),
        json.dumps([{"box": ONE}]),
        [{"box": ONE, "score": 0.5}],
    ],
)
def test_every_way_of_giving_a_box_means_the_same(value):
    np.testing.assert_allclose(fitted().encode(value), [SHARES], rtol=1e-6)


@pytest.mark.parametrize("value", [[], np.zeros((0, 4)), np.array([]), {"boxes": []}, "[]"])
def test_a_picture_may_have_none(value):
    codec = fitted()
    assert codec.encode(value).shape == (0, 5)
    assert codec.decode(codec.encode(value)) == []


@pytest.mark.parametrize(
    "value",
    [[[*ONE, "cat"]], [{"box": ONE, "label": "cat"}], {"boxes": [ONE], "labels": ["cat"]}, json.dumps([{"box": ONE, "label": "cat"}])],
)
def test_labels_come_with_each_box_or_beside_them(value):
    codec = fitted([[{"box": ONE, "label": "dog"}], [{"box": ONE, "label": "cat"}]])
    assert codec.labels_ == ["cat", "dog"]
    assert codec.space.n == 2
    assert codec.encode(value)[0, 4] == 0
    assert codec.decode(codec.encode(value)) == [{"box": ONE, "label": "cat"}]


def test_width_and_height_instead_of_a_second_corner():
    codec = fitted([[[20, 10, 40, 40]]], form="xywh")
    np.testing.assert_allclose(codec.encode([[20, 10, 40, 40]]), [SHARES], rtol=1e-6)
    assert codec.decode(codec.encode([[20, 10, 40, 40]])) == [{"box": [20, 10, 40, 40]}]


def test_shares_of_the_picture_stay_shares():
    codec = Boxes(unit="relative").fit([[SHARES[:4]]], role="target")
    np.testing.assert_allclose(codec.encode([SHARES[:4]]), [SHARES], rtol=1e-6)
    assert codec.decode(codec.encode([SHARES[:4]])) == [{"box": SHARES[:4]}]


def test_pixels_are_read_beside_their_picture():
    codec = Boxes().fit([Placed([ONE], SIZE), Placed([[1, 1, 3, 3]], (4, 4))], role="target")
    np.testing.assert_allclose(codec.encode(Placed([[1, 1, 3, 3]], (4, 4))), [[0.25, 0.25, 0.75, 0.75, 0]])
    assert codec.decode(codec.encode(Placed([ONE], SIZE)), SIZE) == [{"box": ONE}]
    assert Image().size_of(np.zeros((7, 5, 3), np.uint8)) == (7, 5)


def test_what_a_model_found_has_a_score():
    found = fitted().decode([[*SHARES, 0.75]])
    assert found == [{"box": ONE, "score": 0.75}]
    assert json.loads(json.dumps(found)) == found


def test_clipping_cuts_what_reaches_beyond_and_drops_what_lies_outside():
    codec = fitted([[ONE]], outside="clip")
    np.testing.assert_allclose(codec.encode([[-20, -10, 20, 10], [200, 0, 210, 10]]), [[0, 0, 0.1, 0.1, 0]], rtol=1e-6)


CORNER = st.floats(0, 0.375, width=32)
SIDE = st.floats(0.125, 0.5, width=32)


@given(st.lists(st.tuples(CORNER, CORNER, SIDE, SIDE), max_size=5))
def test_a_round_trip_is_exact_to_float32(boxes):
    given_ = np.array([[x, y, x + w, y + h] for x, y, w, h in boxes], dtype=np.float32).reshape(-1, 4)
    codec = Boxes(unit="relative").fit([given_], role="target")
    back = np.array([found["box"] for found in codec.decode(codec.encode(given_))], dtype=np.float32).reshape(-1, 4)
    assert np.array_equal(back, given_)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([[60, 10, 20, 50]], r"box 0: expected x1 < x2 and y1 < y2; got \[60.0, 10.0, 20.0, 50.0\]"),
        ([ONE, [20, 10, 20, 50]], "box 1: expected x1 < x2"),
        ([[0, 0, float("nan"), 1]], "box 0: expected finite numbers"),
        ([[0, 0, float("inf"), 1]], "box 0: expected finite numbers"),
        ([[0, 0, 201, 1]], r"box 0: expected corners inside the picture of 200 x 100 pixels; got .*outside='clip'"),
        ([[-1, 0, 1, 1]], "box 0: expected corners inside"),
        ([[1, 2, 3]], "box 0: expected four numbers, perhaps with a label behind"),
        ([["a", 2, 3, 4]], "box 0: expected four numbers"),
        (["abcd"], "box 0: expected four numbers"),
        ([3], "box 0: expected four numbers"),
        ([{"label": "x"}], r"box 0: expected a dict with the keys \['box', 'label', 'score'\]"),
        ({"box": ONE}, 'expected a dict with "boxes"'),
        ({"boxes": [ONE], "labels": []}, "expected a label for each of 1 boxes; got 0"),
        ([[*ONE, "cat"]], "expected boxes without labels, as fit saw them"),
        (np.zeros(4), "got an array of shape"),
        (np.zeros((1, 2, 4)), "got an array of shape"),
        ("[1, 2", "as JSON; got text"),
        (None, "got NoneType"),
        (3, "got int"),
    ],
)
def test_what_is_no_box_is_refused(value, message):
    codec = fitted()
    with pytest.raises(DataError, match=message):
        codec.encode(value)
    with pytest.raises(DataError, match="^row 1: "):
        codec.encode_all([[ONE], value])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([[*ONE, "cow"]], r"box 0: expected one of the labels \['cat', 'dog'\] of fit; got 'cow'"),
        ([ONE], "box 0: expected one of the labels .* got None"),
        ([[*ONE, "cat"], ONE], "box 1: expected a label, as other boxes have one"),
    ],
)
def test_labels_that_do_not_fit_are_refused(value, message):
    codec = fitted([[[*ONE, "cat"], [*ONE, "dog"]]])
    with pytest.raises(DataError, match=message):
        codec.encode(value)


def test_pixels_without_a_picture_are_refused():
    with pytest.raises(DataError, match=r"can only be read beside their picture.*Boxes\(size=\(height, width\)\)"):
        Boxes().fit([[ONE]], role="target")


def test_labels_at_some_pictures_only_are_refused():
    with pytest.raises(DataError, match="expected a label at every box or at none"):
        fitted([[ONE], [[*ONE, "cat"]]])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"form": "yxyx"}, "form must be one of"),
        ({"unit": "metres"}, "unit must be one of"),
        ({"outside": "ignore"}, "outside must be one of"),
        ({"size": 0}, "size .* must be a whole number"),
        ({"size": (3, 4, 5)}, "size .* must be a whole number"),
        ({"unit": "relative", "size": 9}, "size is for boxes in pixels"),
        ({"augment": 1}, "augment must be one of"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(SettingError, match=message):
        fitted(**settings)


def test_an_array_that_is_no_answer_is_refused():
    with pytest.raises(DataError, match=r"expected an array \(T, 5\), or \(T, 6\) with scores, to decode; got shape \(1, 4\)"):
        fitted().decode(np.zeros((1, 4)))
    with pytest.raises(NotFittedError):
        _ = Boxes().labels_


def test_boxes_move_with_their_picture():
    """A bright rectangle is where its box says it is, however the picture was varied."""
    random = np.random.default_rng(0)
    picture, box = np.zeros((1, 64, 64), np.float32), np.array([[0.25, 0.375, 0.5, 0.625, 3]], np.float32)
    picture[0, 24:40, 16:32] = 0.8
    codec = Boxes(unit="relative").fit([[[0, 0, 1, 1]]], role="target")
    seen = 0
    for _ in range(60):
        varied, moved = codec.vary_both(picture, box, random)
        assert varied.shape == picture.shape
        assert varied.dtype == moved.dtype == np.float32
        low, high = np.percentile(varied, 1), varied.max()
        if not len(moved) or high - low < 0.1:
            continue
        seen += 1
        rows, columns = np.nonzero(varied[0] > (low + high) / 2)
        lit = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        np.testing.assert_allclose(moved[0, :4] * 64, lit, atol=2)
        assert moved[0, 4] == 3
    assert seen > 30
    assert picture.max() == np.float32(0.8)
    assert box[0, 0] == 0.25
