"""Drawn characters (Omniglot's strokes): nats a point of LanguageModel(Strokes()) against Markov models, and a page that it draws.

python -m benchmarks.quality.handwriting [--rows 6000] [--epochs 8] [--page page.png]
Steps are in units of the mean step of the training part; densities are at least 0.05 such units wide, for all models alike. Nats include
the pen and the ends of the drawings.
"""

from __future__ import annotations

import argparse
import math
import time

import numpy as np

from benchmarks.quality.report import row
from elman import LanguageModel, Strokes, Training
from elman.datasets import load
from elman.language.continuous import one_gaussian
from elman.network.heads.pen import NARROWEST


def markov(train: list[np.ndarray], test: list[np.ndarray]) -> float:
    """Nats a step, ends included, of a step that is a linear Gaussian of the one before; pens and ends known by the pen before."""
    learned, judged = _pairs(train), _pairs(test)
    nats = 0.0
    for lifted in (0, 1):
        known, new = (pairs[pairs[:, 2] == lifted] for pairs in (learned, judged))
        nats += _yes_or_no(known[:, 6], new[:, 6])
        known, new = known[known[:, 6] == 0], new[new[:, 6] == 0]
        nats += _yes_or_no(known[:, 5], new[:, 5])
        weights, *_ = np.linalg.lstsq(_with_one(known), known[:, 3:5], rcond=None)
        covariance = np.cov((known[:, 3:5] - _with_one(known) @ weights).T) + np.eye(2) * NARROWEST**2
        away = new[:, 3:5] - _with_one(new) @ weights
        nats += 0.5 * float((away @ np.linalg.inv(covariance) * away).sum())
        nats += len(away) * (0.5 * float(np.linalg.slogdet(covariance)[1]) + math.log(2 * math.pi))
    return nats / len(judged)


def _pairs(drawings: list[np.ndarray]) -> np.ndarray:
    """Each step beside the one before it (a drawing begins with nothing, the pen lifted), and whether the drawing ends instead."""
    found = []
    for steps in drawings:
        before = np.concatenate([[[0, 0, 1]], steps])
        after = np.concatenate([np.column_stack([steps, np.zeros(len(steps))]), [[0, 0, 0, 1]]])
        found.append(np.concatenate([before, after], axis=1))
    return np.concatenate(found)


def _with_one(pairs: np.ndarray) -> np.ndarray:
    return np.column_stack([pairs[:, :2], np.ones(len(pairs))])


def _yes_or_no(known: np.ndarray, new: np.ndarray) -> float:
    chance = (known.sum() + 0.5) / (len(known) + 1)
    return -float(new.sum() * math.log(chance) + (len(new) - new.sum()) * math.log1p(-chance))


def draw(model: LanguageModel, path: str) -> None:
    """Draw a page of 48 characters that nobody wrote."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 9), layout="constrained")
    for place in range(48):
        axes = figure.add_subplot(6, 8, place + 1)
        points = model.generate([], temperature=0.7, random_state=place, max_new_steps=120)
        for stroke in np.split(points[:, :2], np.flatnonzero(points[:, 2]) + 1):
            axes.plot(stroke[:, 0], -stroke[:, 1], color="black", linewidth=1.5)
        axes.set_aspect("equal", adjustable="datalim")
        axes.axis("off")
    figure.savefig(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=6000, help="drawings to learn from")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--page", default=None, help="where to draw a page")
    arguments = parser.parse_args()
    data = load("omniglot_strokes")
    x, x_test = list(data["train"].x[: arguments.rows]), list(data["test"].x)
    start = time.perf_counter()
    model = LanguageModel(Strokes(), training=Training(max_epochs=arguments.epochs, random_state=arguments.seed)).fit(x)
    seconds = time.perf_counter() - start
    train, test = (model.target_.encode_all(part) for part in (x, x_test))
    row(
        task="omniglot strokes", metric="nats a point", elman=f"{model.score(x_test) * math.log(2):.3f}",
        baseline=f"{one_gaussian(train, test):.3f} (one Gaussian), {markov(train, test):.3f} (Markov, linear Gaussian)", published="-",
        parameters=model.plan().parameters, seconds=seconds, rows=len(x_test),
    )  # fmt: skip
    if arguments.page:
        draw(model, arguments.page)


if __name__ == "__main__":
    main()
