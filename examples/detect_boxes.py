"""Find discs and bars in noisy pictures, one box after the other until there are no more: ``python examples/detect_boxes.py``."""

from __future__ import annotations

import os

import numpy as np

from elman import Boxes, Image, Model, Network, Training

QUICK = bool(os.environ.get("ELMAN_QUICK"))  # set by the tests: a small slice
SIDE = 40


def scene(random: np.random.Generator) -> tuple[np.ndarray, list[dict]]:
    """Draw a picture with up to three things, and return their places."""
    picture = random.normal(60, 20, (SIDE, SIDE))
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    things = []
    for corner in random.permutation([(0, 0), (20, 0), (0, 20), (20, 20)])[: random.integers(0, 4)]:
        label = str(random.choice(["disc", "bar"]))
        width, height = np.repeat(random.integers(8, 14), 2) if label == "disc" else (random.integers(12, 17), random.integers(4, 7))
        left, top = corner + random.integers(1, 20 - np.array([width, height]))
        across, down = (x - left) / width, (y - top) / height
        if label == "disc":
            inside = (across - 0.5) ** 2 + (down - 0.5) ** 2 < 0.25
        else:
            inside = (across > 0) & (across < 1) & (down > 0) & (down < 1)
        picture[inside] += random.uniform(80, 120)
        things.append({"box": [int(left), int(top), int(left + width), int(top + height)], "label": label})
    return np.clip(picture, 0, 255).astype(np.uint8), things


def main() -> None:
    random = np.random.default_rng(0)
    drawn = [scene(random) for _ in range(40 if QUICK else 330)]
    pictures, things = [picture for picture, _ in drawn], [boxes for _, boxes in drawn]
    training = Training(max_epochs=1 if QUICK else 20, batch_size=16, learning_rate=4e-3)
    model = Model(Image(), Boxes(), network=Network(embedding_size=24, hidden_size=32), training=training)
    model.fit(pictures[:-30], things[:-30])
    print(f"average precision on 30 new pictures: {model.score(pictures[-30:], things[-30:]):.2f}")
    for found, there in zip(model.predict(pictures[-3:]), things[-3:], strict=True):
        print("found", [(thing["label"], [round(n) for n in thing["box"]], round(thing["score"], 2)) for thing in found], "of", len(there))


if __name__ == "__main__":
    main()
