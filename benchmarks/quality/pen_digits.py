"""Pen-written digits: the official split (7,494 / 3,498, the test by other writers), and strings of digits without a pen-up flag.

python -m benchmarks.quality.pen_digits [--seeds 3] [--strings]
Published: 97.8 % nearest neighbour, k = 3 (UCI notes).
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from benchmarks.quality.report import row
from benchmarks.quality.strings import draw_strings, error_rates
from elman import Category, Model, Strokes, Symbols, Training
from elman.baselines import ConvNet
from elman.datasets import load
from elman.ngrams import KneserNey


def single(seeds: int) -> None:
    """Which digit is it?"""
    data = load("pendigits")
    (x, y), (x_test, y_test) = (data["train"].x, data["train"].y), (data["test"].x, data["test"].y)
    flat, flat_test = np.stack(x).reshape(len(x), -1), np.stack(x_test).reshape(len(x_test), -1)
    nearest = KNeighborsClassifier(3).fit(flat, y).score(flat_test, y_test)
    majority = np.mean(y_test == np.bincount(y).argmax())
    cells = {
        "metric": "accuracy %",
        "baseline": f"{100 * nearest:.2f} (3-NN), {100 * majority:.1f} (majority)",
        "published": "97.8 (3-NN, UCI)",
    }
    for seed in range(seeds):
        for name, model in (
            ("Model(Strokes(), Category())", Model(Strokes(), Category(), training=Training(random_state=seed, verbose=0))),
            ("ConvNet(Strokes())", ConvNet(Strokes(), training=Training(random_state=seed, verbose=0))),
        ):
            start = time.perf_counter()
            score = model.fit(x, y).score(x_test, y_test)
            size = model.parameters_ if isinstance(model, ConvNet) else model.plan().parameters
            seconds = time.perf_counter() - start
            row(
                task=f"pendigits, seed {seed}, {name}",
                elman=f"{100 * score:.2f}",
                **cells,
                parameters=size,
                seconds=seconds,
                rows=len(y_test),
            )


def joined(points: list[np.ndarray], digits: np.ndarray, count: int, seed: int) -> tuple[list[np.ndarray], list[list[int]]]:
    """Write strings of 3 to 6 digits from left to right in one go: other sizes, spaces and heights, no flag between them."""
    random = np.random.default_rng(seed)
    xs, ys = [], []
    for rows in draw_strings([range(len(points))], count, random, (3, 6)):
        right, parts = 0.0, []
        for digit in rows:
            size = random.uniform(0.8, 1.2)
            part = np.asarray(points[digit], dtype=np.float64) * [0.7 * size, size]
            part += [right - part[:, 0].min(), random.uniform(-10, 10)]
            right = part[:, 0].max() + random.uniform(5, 35)
            parts.append(part)
        xs.append(np.concatenate(parts))
        ys.append([int(digits[digit]) for digit in rows])
    return xs, ys


def strings(epochs: int) -> None:
    """Which digits are they, in order?"""
    data = load("pendigits")
    x, y = joined(data["train"].x, data["train"].y, 5000, seed=0)
    x_test, y_test = joined(data["test"].x, data["test"].y, 770, seed=1)  # every test digit once
    start = time.perf_counter()
    model = Model(Strokes(), Symbols(), training=Training(max_epochs=epochs, verbose=1)).fit(x, y)
    print(model.plan())
    seconds = time.perf_counter() - start
    prior = KneserNey(2).fit(model.target_.encode_all(y), model.target_.space.n)  # pyright: ignore[reportAttributeAccessIssue]
    for name, options in (("greedy", {"beam_size": 1}), ("beam 16", {}), ("beam 16, bigram prior", {"prior": prior, "prior_weight": 0.1})):
        errors, wrong = error_rates(model.predict(x_test, **options), y_test)
        row(
            task=f"pendigits strings, {name}", metric="CER %, strings wrong %", elman=f"{100 * errors:.2f}, {100 * wrong:.1f}",
            baseline="-", published="-", parameters=model.plan().parameters, seconds=seconds, rows=len(y_test),
        )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--strings", action="store_true", help="joined digits by CTC")
    parser.add_argument("--epochs", type=int, default=15, help="of the strings")
    arguments = parser.parse_args()
    if arguments.strings:
        strings(arguments.epochs)
    else:
        single(arguments.seeds)


if __name__ == "__main__":
    main()
