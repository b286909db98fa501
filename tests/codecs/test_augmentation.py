"""Augmentation in every codec of perception: reproducible, in training only, and fast."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
import torch

from elman import Audio, Category, Image, Joints, LanguageModel, Model, Network, Notes, Strokes, Symbols, Training, Video
from elman.codecs import Codec

RANDOM = np.random.default_rng(0)
FRAMES = RANDOM.integers(0, 255, (12, 6, 10, 10), dtype=np.uint8)
KINDS: dict[str, tuple[Codec, list[Any]]] = {
    "audio": (Audio(features=6), [RANDOM.normal(0, 0.1, 900) for _ in range(12)]),
    "strokes": (Strokes(), [RANDOM.normal(0, 1, (9, 2)).cumsum(0) for _ in range(12)]),
    "image": (Image(augment=True), [frame[0] for frame in FRAMES]),
    "rows": (Image("rows", augment=True), [frame[0] for frame in FRAMES]),
    "video": (Video(10), list(FRAMES)),
    "joints": (Joints(), [RANDOM.normal(0, 1, (9, 5, 2)).cumsum(0) for _ in range(12)]),
    "notes": (Notes(), [[[60 + i % 5, 64 + i % 3], [62 + i], []] * 2 for i in range(12)]),
}
LONG: dict[str, tuple[Codec, Any]] = {
    "audio": (Audio(), RANDOM.normal(0, 0.1, 60 * 8000)),  # a minute
    "strokes": (Strokes(), RANDOM.normal(0, 1, (20_000, 2)).cumsum(0)),
    "image": (Image(augment=True), RANDOM.integers(0, 255, (512, 512, 3), dtype=np.uint8)),
    "video": (Video(32), RANDOM.integers(0, 255, (400, 32, 32), dtype=np.uint8)),
    "joints": (Joints(), RANDOM.normal(0, 1, (3000, 17, 2)).cumsum(0)),
    "notes": (Notes(), (RANDOM.random((5000, 88)) < 0.03).astype(np.uint8)),
}


def learned(kind: str, **training: Any) -> Any:
    """Train a tiny model for two epochs."""
    codec, values = KINDS[kind]
    settings = Training(**{"max_epochs": 2, "batch_size": 4, "verbose": 0, "validation_fraction": 0.25, **training})
    network = Network(hidden_size=4)
    if kind == "notes":
        return LanguageModel(codec, network=network, training=settings).fit(values)
    return Model(codec, Category(), network=network, training=settings).fit(values, ["a", "b"] * 6)


def bits(model: Any) -> list[torch.Tensor]:
    """Return all weights."""
    return list(model.model_.state_dict().values())


@pytest.mark.parametrize("kind", KINDS)
def test_only_training_rows_are_augmented(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0
    cls = type(KINDS[kind][0])
    augment_encoded = cls.augment_encoded

    def counted(codec: Any, encoded: Any, random: np.random.Generator) -> Any:
        nonlocal calls
        calls += 1
        return augment_encoded(codec, encoded, random)

    monkeypatch.setattr(cls, "augment_encoded", counted)
    model = learned(kind)
    assert calls == 2 * 9  # two epochs of all rows but those held out
    values = KINDS[kind][1]
    if kind == "notes":
        assert model.score(values) == model.score(values)
        model.generate(values[0], max_new_steps=2)
    else:
        np.testing.assert_array_equal(model.predict_proba(values), model.predict_proba(values))
        model.score(values, ["a", "b"] * 6)
    assert calls == 2 * 9


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_repeats_training_with_any_number_of_threads(kind: str) -> None:
    first = bits(learned(kind, random_state=3))
    for workers in (0, 3):
        again = bits(learned(kind, random_state=3, num_workers=workers))
        assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_every_epoch_and_row_is_another_example(kind: str) -> None:
    codec, values = KINDS[kind]
    codec = type(codec)(**codec.get_params()).fit(values, role="target" if kind == "notes" else "source")
    encoded = np.asarray(codec.encode(values[0]))
    seen = [codec.augment_encoded(encoded, np.random.default_rng([0, epoch, 0])) for epoch in range(12)]
    assert codec.augments
    assert len({np.asarray(one).tobytes() for one in seen}) > 4
    assert all(np.asarray(one).dtype == np.float32 and np.isfinite(np.asarray(one)).all() for one in seen)


@pytest.mark.parametrize(("kind", "times"), [("video", 12), ("strokes", 12), ("joints", 0), ("audio", 0)])
def test_answers_to_single_steps_are_augmented_only_where_steps_stay(kind: str, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    codec, values = KINDS[kind]
    seen = []
    monkeypatch.setattr(type(codec), "augment_encoded", lambda _, encoded, random: seen.append(random) or encoded)
    steps = [["x"] * len(type(codec)(**codec.get_params()).fit(values).encode(value)) for value in values]
    training = Training(max_epochs=1, verbose=0, validation_fraction=0.0)
    Model(codec, Symbols(), align="step", network=Network(hidden_size=4), training=training).fit(values, steps)
    assert len(seen) == times


@pytest.mark.parametrize("kind", LONG)
def test_augmentation_of_long_rows_is_fast(kind: str) -> None:
    codec, value = LONG[kind]
    codec.fit([value], role="target" if kind == "notes" else "source")
    encoded = np.asarray(codec.encode(value))
    codec.augment_encoded(encoded, np.random.default_rng(0))
    seconds = []
    for seed in range(3):
        start = time.process_time()
        codec.augment_encoded(encoded, np.random.default_rng(seed))
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.3
