"""A Model that finds boxes: pictures of several sizes in, boxes in each picture's own pixels out."""

from __future__ import annotations

import json

import numpy as np
import pytest

import elman
from elman import Boxes, Image, Model, Network, Series, Training
from elman.errors import DataError, SettingError
from elman.training.examples import Examples

SMALL = Network(hidden_size=8, embedding_size=8)


def scenes(count: int, seed: int = 0) -> tuple[list[np.ndarray], list[list[dict]]]:
    """Dark pictures of two sizes with up to two bright blocks, wide or high."""
    random, pictures, things = np.random.default_rng(seed), [], []
    for _ in range(count):
        scale = int(random.integers(1, 3))
        picture, answers = np.full((24 * scale, 32 * scale), 30, np.uint8), []
        for x in random.permutation([1, 17])[: random.integers(0, 3)]:
            label = str(random.choice(["high", "wide"]))
            width, height = (12, 6) if label == "wide" else (6, 12)
            x1, y1 = int(x + random.integers(0, 14 - width)) * scale, int(random.integers(0, 24 - height)) * scale
            picture[y1 : y1 + height * scale, x1 : x1 + width * scale] = 220
            answers.append({"box": [float(x1), float(y1), float(x1 + width * scale), float(y1 + height * scale)], "label": label})
        pictures.append(picture)
        things.append(answers)
    return pictures, things


@pytest.fixture(scope="module")
def fitted() -> Model:
    pictures, things = scenes(96)
    training = Training(max_epochs=16, batch_size=8, learning_rate=0.01, verbose=0, patience=16)
    return Model(Image(size=(24, 32)), Boxes(), network=SMALL, training=training).fit(pictures, things)


def test_boxes_are_found_in_the_pixels_of_their_picture(fitted: Model) -> None:
    pictures, things = scenes(40, seed=1)
    assert fitted.baseline_ < 0.3
    assert fitted.score(pictures, things) > 0.6
    answers = fitted.predict(pictures)
    assert np.mean([len(f) == len(t) for f, t in zip(answers, things, strict=True)]) > 0.6
    large = next(i for i, t in enumerate(things) if len(t) == 1 and len(answers[i]) == 1 and pictures[i].shape[0] == 48)
    assert answers[large][0]["label"] == things[large][0]["label"]
    np.testing.assert_allclose(answers[large][0]["box"], things[large][0]["box"], atol=8)
    assert json.loads(json.dumps(answers)) == answers


def test_min_score_decides_the_number_of_boxes(fitted: Model) -> None:
    pictures, _ = scenes(10, seed=2)
    few, many = (fitted.predict(pictures, min_score=least) for least in (0.9, 0.001))
    assert sum(map(len, few)) < sum(map(len, many))
    assert all(box["score"] >= 0.9 for row in few for box in row)
    assert all(row[: len(some)] == some for row, some in zip(many, few, strict=True))
    assert max(len(row) for row in fitted.predict(pictures, min_score=0.0, max_length=3)) == 3
    with pytest.raises(SettingError, match=r"min_score must be a number in 0\.\.1; got 2"):
        fitted.predict(pictures, min_score=2)
    with pytest.raises(
        SettingError, match=r"\['beam_size'\] cannot be used here: this model finds boxes, and takes \['min_score', 'max_length'\]"
    ):
        fitted.predict(pictures, beam_size=2)


def test_a_file_finds_the_same(fitted: Model, tmp_path) -> None:
    pictures, _ = scenes(4, seed=3)
    fitted.save(tmp_path / "boxes.elman")
    loaded = elman.load(tmp_path / "boxes.elman")
    assert loaded.predict(pictures, min_score=0.1) == fitted.predict(pictures, min_score=0.1)
    assert loaded.target_.labels_ == ["high", "wide"]


def test_bad_boxes_are_named_by_row() -> None:
    pictures, things = scenes(4)
    things[2] = [{"box": [0, 0, 1000, 5], "label": "wide"}]
    with pytest.raises(DataError, match=r"row 2: box 0: expected corners inside the picture of \d+ x \d+ pixels"):
        Model(Image(), Boxes(), training=Training(verbose=0)).fit(pictures, things)
    with pytest.raises(SettingError, match=r"Boxes in pixels lie in pictures; the source is Series\. Use Image\(\) as the source"):
        Model(Series(), Boxes()).fit([[1.0], [2.0]], [[], []])
    with pytest.raises(SettingError, match="Boxes are found in a whole picture"):
        Model(Image("rows"), Boxes(unit="relative")).fit(pictures, [[]] * 4)


def test_pictures_and_boxes_vary_together_and_only_in_training(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def augment_pair(self: Boxes, source: np.ndarray, encoded: np.ndarray, random: np.random.Generator):
        seen.append(len(encoded))
        return source, encoded

    monkeypatch.setattr(Boxes, "augment_pair", augment_pair)
    pictures, things = scenes(30)
    training = Training(max_epochs=1, batch_size=8, verbose=0, validation_fraction=0.2)
    model = Model(Image(size=(24, 32)), Boxes(), network=SMALL, training=training).fit(pictures, things)
    assert len(seen) == 24
    model.predict(pictures)
    Model(Image(size=(24, 32)), Boxes(augment=False), network=SMALL, training=training).fit(pictures, things)
    assert len(seen) == 24


def test_augmentation_of_pairs_depends_on_seed_epoch_and_row() -> None:
    rows = Examples([np.zeros(1)] * 3, [np.zeros((2, 1))] * 3, collate=lambda values, space, rank: values)
    rows.augment_pair = lambda x, y, random: (x + random.random(), y - 1)
    rows.shuffle(5, 2)
    (first, last), targets = rows.collate([0, 2])
    assert first != last
    assert last == np.random.default_rng([5, 2, 2]).random()
    assert targets[0].tolist() == [[-1], [-1]]
    assert rows.collate([2])[0][0] == last
    rows.shuffle(5, 3)
    assert rows.collate([2])[0][0] != last


def test_other_methods_of_a_model_of_boxes(fitted: Model) -> None:
    pictures, things = scenes(12, seed=4)
    assert "object-detection" in fitted.card(pictures, things)
    assert "AP@0.5" in fitted.card(pictures, things)
    with pytest.raises(SettingError, match="Boxes have no classes to give probabilities of"):
        fitted.predict_proba(pictures)
