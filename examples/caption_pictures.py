"""One-to-many with attention: a picture goes in, a sentence about it comes out, and each word shows where it looked.

Run: python examples/caption_pictures.py
"""

import os

import numpy as np

from elman import Image, Model, Text, Training

quick = bool(os.environ.get("ELMAN_QUICK"))
colours = {"red": (220, 40, 40), "green": (40, 170, 60), "blue": (50, 80, 220)}
rows, columns = np.mgrid[:10, :10] - 4.5
shapes = {
    "square": np.maximum(abs(rows), abs(columns)) < 4,
    "disc": np.hypot(rows, columns) < 5,
    "cross": np.minimum(abs(rows), abs(columns)) < 1.5,
}


def draw(random: np.random.Generator) -> tuple[np.ndarray, str]:
    """Draw two shapes in two corners, and describe them."""
    picture, phrases = np.full((32, 32, 3), 255, np.uint8), []
    corners = sorted(random.choice(4, 2, replace=False))
    for corner in corners:
        colour, shape = random.choice(list(colours)), random.choice(list(shapes))
        top, left = 16 * (corner // 2) + random.integers(6), 16 * (corner % 2) + random.integers(6)
        picture[top : top + 10, left : left + 10][shapes[shape]] = colours[colour]
        phrases.append(f"a {colour} {shape}")
    place = "over" if corners[0] // 2 < corners[1] // 2 else "beside"
    return picture, f"{phrases[0]} {place} {phrases[1]}"


random = np.random.default_rng(0)
pictures, sentences = zip(*(draw(random) for _ in range(200 if quick else 2000)), strict=True)
new, truth = zip(*(draw(random) for _ in range(100)), strict=True)

# The picture is kept as a grid of cells, and the network looks at them anew for every word (Xu 2015).
model = Model(Image(), Text("word"), training=Training(budget="3s" if quick else "60s"))
model.fit(pictures, sentences)

answers, maps = model.predict(new, return_attention=True)
print(f"sentences right: {np.mean([a == b for a, b in zip(answers, truth, strict=True)]):.2f}")
print(f"of the first picture: {answers[0]!r}; it shows {truth[0]!r}")
for word, cells in zip(maps[0].target, maps[0].cells(), strict=True):
    row, column = np.unravel_index(cells.argmax(), cells.shape)
    print(f"  {word:<7} looked at row {row + 1} of {cells.shape[0]}, column {column + 1} of {cells.shape[1]}")
