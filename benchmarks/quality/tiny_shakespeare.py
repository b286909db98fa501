"""Tiny Shakespeare, characters: nats per character on the last 10 % of the file, learned from the first 90 %.

``python -m benchmarks.quality.tiny_shakespeare [--epochs 7]``. The best epoch is chosen on ranges held out of the training part. The n-gram
rows (Kneser-Ney 1.517 at order 7, PPM 1.569) are printed by ``benchmarks.quality.ngrams``.
"""

from __future__ import annotations

import argparse
import math
import time

from benchmarks.quality.report import machine, with_and_without
from elman import LanguageModel, Text, Training, datasets


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=7)
    parser.add_argument("--save", default=None)
    chosen = parser.parse_args()
    data = datasets.load("tiny_shakespeare")
    train, test = data["train"].x[0], data["validation"].x[0]
    begun = time.process_time()
    model = LanguageModel(Text("char"), training=Training(max_epochs=chosen.epochs)).fit(train)
    spent = time.process_time() - begun
    print(f"{model.plan()}\n{machine()}\n\n| model | nats a character | bits | accuracy | parameters | CPU |\n|---|--:|--:|--:|--:|--:|")
    for name, judged in with_and_without(model, "elman, defaults"):
        bits, right = judged.score(test), judged.accuracy(test)
        print(f"| {name} | {bits * math.log(2):.4f} | {bits:.4f} | {right:.2%} | {model.plan().parameters:,} | {spent:.0f} s |")
    print("\n" + model.generate("ROMEO:\n", temperature=0.8, max_new_steps=400))
    written = model.generate(["\n"] * 10, max_new_steps=1000)
    print(f"\nwritten by the model:\n{model.memorisation(written)}")
    print(f"\nthe test part's first 10,000 characters:\n{model.memorisation(test[:10_000])}")
    if chosen.save:
        model.save(chosen.save)


if __name__ == "__main__":
    main()
