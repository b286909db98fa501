"""Find things in pictures: bright discs and bars on a noisy ground, one box after the other until there are no more."""

from __future__ import annotations

import numpy as np

from elman import Boxes, Image, Model, Network, Training

SIDE = 40


def scene(random: np.random.Generator) -> tuple[np.ndarray, list[dict]]:
    """Draw a picture with up to three things, and say where they are."""
    picture = random.normal(60, 20, (SIDE, SIDE))
    y, x = np.mgrid[:SIDE, :SIDE]
    things = []
    for corner in random.permutation([(0, 0), (20, 0), (0, 20), (20, 20)])[: random.integers(0, 4)]:
        label = str(random.choice(["disc", "bar"]))
        width, height = (random.integers(8, 14, 1).repeat(2)) if label == "disc" else (random.integers(12, 17), random.integers(4, 7))
        left, top = corner + random.integers(1, 20 - np.array([width, height]))
        if label == "disc":
            inside = (x + 0.5 - left - width / 2) ** 2 + (y + 0.5 - top - height / 2) ** 2 < width**2 / 4
        else:
            inside = (x >= left) & (x < left + width) & (y >= top) & (y < top + height)
        picture[inside] += random.uniform(80, 120)
        things.append({"box": [int(left), int(top), int(left + width), int(top + height)], "label": label})
    return np.clip(picture, 0, 255).astype(np.uint8), things


def main() -> None:
    random = np.random.default_rng(0)
    pictures, things = zip(*(scene(random) for _ in range(330)), strict=True)
    model = Model(
        Image(),
        Boxes(),
        network=Network(embedding_size=24, hidden_size=32),
        training=Training(max_epochs=24, batch_size=16, learning_rate=4e-3),
    )
    model.fit(list(pictures[:280]), list(things[:280]))
    print(f"AP@0.5 on 50 new pictures: {model.score(list(pictures[280:]), list(things[280:])):.2f}")
    for found in model.predict(list(pictures[280:283])):
        print([(thing["label"], [round(number) for number in thing["box"]], round(thing["score"], 2)) for thing in found])


if __name__ == "__main__":
    main()
