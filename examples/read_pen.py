"""Pen: which digit was written, and which digits were written in one go?

Takes 800 digits that lie beside this file, or, where ELMAN_DATA names a folder of data sets, all of pendigits with its official parts
(the test by other writers). Run: python examples/read_pen.py
"""

import csv
import os
from pathlib import Path

import numpy as np

from elman import Category, Model, Strokes, Symbols, Training
from elman.datasets import load

quick = bool(os.environ.get("ELMAN_QUICK"))
if os.environ.get("ELMAN_DATA") and not quick:
    data = load("pendigits")
    (x, y), (x_test, y_test), budget, count = data["train"], data["test"], "60s", 3000
else:
    with (Path(__file__).parent / "data" / "pen.csv").open() as file:
        rows = [[*map(int, row[:17]), row[17]] for row in list(csv.reader(file))[1:]]
    x, x_test = ([np.array(r[:16], dtype=float).reshape(8, 2) for r in rows if r[17] == part] for part in ("train", "test"))
    y, y_test = ([r[16] for r in rows if r[17] == part] for part in ("train", "test"))
    budget, count = ("1s", 20) if quick else ("20s", 600)

model = Model(Strokes(), Category(), training=Training(budget=budget)).fit(x, y)
print(f"one digit: {model.score(x_test, y_test):.1%} right; the first is a {model.predict(x_test[:1])[0]}")


def lines(points: list, digits: list, count: int, seed: int) -> tuple[list[np.ndarray], list[list[int]]]:
    """Write three to five digits from left to right; nothing marks where one ends."""
    random, xs, ys = np.random.default_rng(seed), [], []
    for _ in range(count):
        chosen = random.integers(0, len(points), random.integers(3, 6))
        xs.append(np.concatenate([points[i] * [0.7, 1] + [100 * place, random.uniform(-10, 10)] for place, i in enumerate(chosen)]))
        ys.append([int(digits[i]) for i in chosen])
    return xs, ys


reader = Model(Strokes(), Symbols(), training=Training(budget=budget)).fit(*lines(x, y, count, seed=0))
strokes, digits = lines(x_test, y_test, 20 if quick else 200, seed=1)
found, places = reader.predict(strokes[:1], return_alignment=True)
print(f"in one go: {reader.score(strokes, digits):.1%} of the digits right; {digits[0]} was read as {found[0]}")
print(places[0])  # from which point to which, and how sure
