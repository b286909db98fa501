"""Print: read lines of text off PNG files, and find the columns of each character.

Writes numbers with scikit-learn's scanned digits, or, where ELMAN_DATA names a folder of data sets, takes lines of early printed books.
Run: python examples/read_lines.py
"""

import os
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from sklearn.datasets import load_digits

from elman import Image, Model, Network, Text, Training
from elman.datasets import load


def numbers(first: int, last: int, count: int, seed: int) -> tuple[list[np.ndarray], list[str]]:
    """Put three to six scanned digits side by side, black on white."""
    scans, digits = load_digits(return_X_y=True)
    random, lines, texts = np.random.default_rng(seed), [], []
    for _ in range(count):
        chosen = random.integers(first, last, random.integers(3, 7))
        lines.append((255 - 15 * np.concatenate(scans[chosen].reshape(-1, 8, 8), axis=1)).astype(np.uint8))
        texts.append("".join(str(digit) for digit in digits[chosen]))
    return lines, texts


quick = bool(os.environ.get("ELMAN_QUICK"))
if os.environ.get("ELMAN_DATA") and not quick:
    parts = load("ocr_early_books")
    (x, y), (x_test, y_test), budget, height = parts["train"], parts["test"], "20min", 32
else:
    (x, y), (x_test, y_test) = numbers(0, 1300, 40 if quick else 600, seed=0), numbers(1300, 1797, 10 if quick else 100, seed=1)
    budget, height = "1s" if quick else "60s", 8

with tempfile.TemporaryDirectory() as folder:
    paths = [Path(folder) / f"{number}.png" for number in range(len(x) + len(x_test))]
    for path, line in zip(paths, [*x, *x_test], strict=True):
        Pillow.fromarray(line).save(path)
    train, test = paths[: len(x)], paths[len(x) :]

    eye = Network(stem="conv2d", time_stride=1)  # convolutions over columns and rows, then the recurrence; CTC writes
    reader = Model(Image("columns", size=height, augment=True), Text("char"), network=eye, training=Training(budget=budget))
    reader.fit(train, list(y))
    found, places = reader.predict(test[:3], return_alignment=True)
    print(f"characters right: {reader.score(test, list(y_test)):.1%}")
    for text, truth in zip(found, y_test, strict=False):
        print(f"reads {text!r}, is {truth!r}")
    print(places[0])
