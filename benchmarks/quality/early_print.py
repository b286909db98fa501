"""Print of 1476-1572 (1,050 lines of seven books): character error on the last 30 lines of each book.

python -m benchmarks.quality.early_print [--epochs 40] [--out FILE]
Published: 2.92 % for a mixed model trained on other books of the period (the data's own repository); not the same lines.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter

import numpy as np

from benchmarks.quality.report import row
from benchmarks.quality.strings import error_rates
from elman import Image, Model, Network, Text, Training
from elman.datasets import load
from elman.ngrams import KneserNey


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--height", type=int, default=32, help="pixels that a line is brought to")
    parser.add_argument("--stride", type=int, default=2)
    parser.add_argument("--hidden", type=int, default=96)
    parser.add_argument("--rows", type=int, default=None, help="lines to learn from (all by default)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", default=None, help="where to save the model")
    arguments = parser.parse_args()
    data = load("ocr_early_books")
    x, y = data["train"].x[: arguments.rows], data["train"].y[: arguments.rows]
    x_test, y_test, books = data["test"].x, data["test"].y, data["test"].extra["book"]
    start = time.perf_counter()
    network = Network(stem="conv2d", time_stride=arguments.stride, hidden_size=arguments.hidden, embedding_size=96)
    training = Training(max_epochs=arguments.epochs, validation_fraction=0.05, random_state=arguments.seed)
    model = Model(Image("columns", size=arguments.height, augment=True), Text("char"), network=network, training=training).fit(x, y)
    seconds = time.perf_counter() - start
    print(model.plan())
    if arguments.out:
        model.save(arguments.out)
    prior = KneserNey(5).fit(model.target_.encode_all(y), model.target_.space.n)  # pyright: ignore[reportAttributeAccessIssue]
    common = Counter("".join(y)).most_common(1)[0][0]
    alike = error_rates([common * round(np.mean([len(text) for text in y]))] * len(y_test), y_test)[0]
    for name, options in (
        ("greedy", {"beam_size": 1}),
        ("beam 16", {}),
        ("beam 16, 5-gram prior", {"prior": prior, "prior_weight": 0.3, "symbol_bonus": 0.5}),
    ):
        found = model.predict(x_test, **options)
        errors, wrong = error_rates(found, y_test)
        row(
            task=f"early print, {name}", metric="CER %, lines wrong %", elman=f"{100 * errors:.2f}, {100 * wrong:.0f}",
            baseline=f"{100 * alike:.0f} (the commonest character)", published="2.92 (other books)",
            parameters=model.plan().parameters, seconds=seconds, rows=len(y_test),
        )  # fmt: skip
    for book in sorted(set(books)):
        chosen = [i for i, name in enumerate(books) if name == book]
        print(f"{book}: {100 * error_rates([found[i] for i in chosen], [y_test[i] for i in chosen])[0]:.2f} %")


if __name__ == "__main__":
    main()
