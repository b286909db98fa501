"""MNIST (60,000 / 10,000): the whole picture through convolutions, row by row, and pixel by pixel (784 steps).

python -m benchmarks.quality.pictures [--read whole rows pixels] [--budget 30min]
Published: pixel by pixel LSTM 87.2, GRU 96.2, TCN 99.0 (Bai 2018); row by row LSTM about 98-99.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from benchmarks.quality.report import row
from elman import Category, Image, Model, Network, Training
from elman.datasets import load

RECIPES = {
    "whole": (Network(), Training(max_epochs=8)),
    "rows": (Network(hidden_size=128), Training(max_epochs=12)),
    "pixels": (Network(cell="gru", hidden_size=96, bidirectional=False, embedding_size=8), Training(max_epochs=12, learning_rate=4e-3)),
}
PUBLISHED = {"whole": "-", "rows": "98-99 (LSTM)", "pixels": "87.2 LSTM, 96.2 GRU, 99.0 TCN (Bai 2018)"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--read", nargs="+", default=["whole", "rows"], choices=list(RECIPES))
    parser.add_argument("--budget", default=None, help="time for each, as 30min")
    parser.add_argument("--rows", type=int, default=None, help="pictures to learn from (all by default)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    data = load("mnist")
    x, y = data["train"].x[: arguments.rows], data["train"].y[: arguments.rows]
    x_test, y_test = data["test"].x, data["test"].y
    flat = [np.asarray(part).reshape(len(part), -1)[:10_000] for part in (x, x_test)]
    near = KNeighborsClassifier(3).fit(flat[0], y[: len(flat[0])]).score(flat[1][:2_000], y_test[:2_000])
    for read in arguments.read:
        network, training = RECIPES[read]
        training.set_params(budget=arguments.budget, random_state=arguments.seed)
        start = time.perf_counter()
        model = Model(Image(read, augment=read != "pixels"), Category(), network=network, training=training).fit(x, y)
        score = model.score(x_test, y_test)
        row(
            task=f'MNIST, Image("{read}")', metric="accuracy %", elman=f"{100 * score:.2f}",
            baseline=f"{100 * near:.1f} (3-NN of 10,000, on 2,000)", published=PUBLISHED[read],
            parameters=model.plan().parameters, seconds=time.perf_counter() - start, rows=len(y_test),
        )  # fmt: skip


if __name__ == "__main__":
    main()
