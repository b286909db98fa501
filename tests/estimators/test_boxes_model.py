"""A Model from pictures to boxes: learned, saved, asked, judged, and what it says to bad input."""

import json

import numpy as np
import pytest

import elman
from elman import Boxes, Image, Model, Network, Series, Training
from elman.errors import DataError, SettingError

SMALL = Network(embedding_size=16, hidden_size=16)
QUICK = Training(max_epochs=1, batch_size=16, verbose=0)


def scene(random, height=24, width=32):
    """One bright or dark rectangle, or none, on grey."""
    picture = random.integers(100, 120, (height, width)).astype(np.uint8)
    if random.random() < 0.2:
        return picture, []
    w, h = random.integers(8, 14, 2)
    x, y = random.integers(0, width - w), random.integers(0, height - h)
    light = random.random() < 0.5
    picture[y : y + h, x : x + w] = 230 if light else 10
    return picture, [{"box": [int(x), int(y), int(x + w), int(y + h)], "label": "light" if light else "dark"}]


def scenes(count, seed, **size):
    random = np.random.default_rng(seed)
    pictures, boxes = zip(*(scene(random, **size) for _ in range(count)), strict=True)
    return list(pictures), list(boxes)


@pytest.fixture(scope="module")
def fitted():
    training = Training(max_epochs=10, batch_size=8, learning_rate=4e-3, verbose=0)
    return Model(Image(), Boxes(), network=SMALL, training=training).fit(*scenes(160, 0))


def test_it_finds_what_is_there(fitted):
    xs, ys = scenes(40, 1)
    assert fitted.plan().decoder == "boxes"
    assert fitted.score(xs, ys) > 0.7 > 0.3 > fitted.baseline_
    found = fitted.predict(xs)
    right = sum([box["label"] for box in f] == [box["label"] for box in y] for f, y in zip(found, ys, strict=True))
    assert right >= 28
    assert all(set(box) == {"box", "label", "score"} and box["score"] >= 0.5 for row in found for box in row)
    assert json.loads(json.dumps(found)) == found


def test_fewer_boxes_are_given_when_more_sureness_is_asked_for(fitted):
    xs, _ = scenes(20, 2)
    counts = [sum(map(len, fitted.predict(xs, min_score=least))) for least in (0.02, 0.5, 0.9, 1.0)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[2]
    assert max(map(len, fitted.predict(xs, min_score=0.0, max_length=2))) == 2


def test_a_file_brings_back_the_same_model(fitted, tmp_path):
    xs, ys = scenes(6, 3)
    fitted.save(tmp_path / "boxes.elman")
    loaded = elman.load(tmp_path / "boxes.elman")
    assert loaded.predict(xs) == fitted.predict(xs)
    assert loaded.score(xs, ys) == fitted.score(xs, ys)
    assert repr(loaded.target_) == repr(fitted.target_)


def test_boxes_of_pictures_of_several_sizes_come_back_in_their_own_pixels(fitted):
    xs, _ = scenes(4, 4)
    double = [np.kron(x, np.ones((2, 2), np.uint8)) for x in xs]
    for one, two in zip(fitted.predict(xs, min_score=0.3), fitted.predict(double, min_score=0.3), strict=True):
        assert len(one) == len(two)
        for small, large in zip(one, two, strict=True):
            np.testing.assert_allclose(np.array(small["box"]) * 2, large["box"], atol=1)


def test_the_same_seed_gives_the_same_model_and_variation_is_for_training_only():
    xs, ys = scenes(32, 5)
    first, second = (Model(Image(), Boxes(), network=SMALL, training=QUICK).fit(xs, ys) for _ in range(2))
    assert first.predict(xs, min_score=0.0, max_length=3) == second.predict(xs, min_score=0.0, max_length=3)
    still = Model(Image(), Boxes(augment=False), network=SMALL, training=QUICK).fit(xs, ys)
    assert still.history_.rows[0]["loss"] != first.history_.rows[0]["loss"]


def test_pictures_without_any_box_at_all():
    xs, _ = scenes(8, 6)
    model = Model(Image(), Boxes(), network=SMALL, training=QUICK).fit(xs, [[]] * 8)
    assert model.score(xs, [[]] * 8) in (0.0, 1.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"box": [0, 0, 33, 5], "label": "dark"}, "row 2: box 0: expected corners inside the picture of 32 x 24 pixels"),
        ({"box": [5, 0, 5, 5], "label": "dark"}, "row 2: box 0: expected x1 < x2"),
        ({"box": [0, 0, 5, 5]}, "expected a label at every box or at none"),
    ],
)
def test_bad_boxes_name_their_row(change, message):
    xs, ys = scenes(8, 7)
    ys[2] = [change]
    with pytest.raises(DataError, match=message):
        Model(Image(), Boxes(), network=SMALL, training=QUICK).fit(xs, ys)


def test_boxes_need_pictures(fitted):
    with pytest.raises(SettingError, match=r"Boxes in pixels lie in pictures; the source is Series"):
        Model(Series(), Boxes()).fit([[1.0, 2.0]] * 4, [[]] * 4)
    with pytest.raises(SettingError, match=r"Boxes are found in a whole picture\. Use Image\(\)"):
        Model(Series(), Boxes(unit="relative")).fit([[1.0, 2.0]] * 4, [[]] * 4)
    with pytest.raises(SettingError, match=r"min_score must be a number in 0\.\.1; got 2"):
        fitted.predict(scenes(1, 8)[0], min_score=2)
    with pytest.raises(SettingError, match=r"\['beam_size'\] cannot be used here: this model finds boxes"):
        fitted.predict(scenes(1, 8)[0], beam_size=2)
