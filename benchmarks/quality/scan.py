"""SCAN: commands to actions, exact match on the official test parts (Lake and Baroni 2018).

python -m benchmarks.quality.scan [--splits simple length addprim_jump] [--epochs 20] [--seeds 1]

Nothing is tuned on a test part: 10 % of the training rows are held out for choosing the epoch, and the settings were chosen on those.
Published, exact match: best LSTM over all splits 99.8 / 13.8 / 0.08 %, best network of each split 99.8 / 20.8 / 1.2 %.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections import Counter
from collections.abc import Sequence

import numpy as np

from benchmarks.quality.report import row
from elman import Model, Symbols, Training
from elman.datasets import load

PUBLISHED = {"simple": "99.8 (LSTM)", "length": "13.8 (LSTM), 20.8 (GRU + attention)", "addprim_jump": "0.08 (LSTM), 1.2 (GRU + attention)"}

LONGEST = 100
"""Actions of an answer at most; the longest in the set has 48, and by default an answer may be twice the longest learnt from."""


def grams(commands: Sequence[str]) -> list[Counter[str]]:
    """Words and pairs of neighbouring words of each command, counted."""
    words = [command.split() for command in commands]
    return [Counter(one) + Counter(map(" ".join, itertools.pairwise(one))) for one in words]


def nearest(commands: Sequence[str], known: Sequence[str], actions: Sequence[str]) -> list[str]:
    """Return the actions of the known command with the most equal words and pairs of words: the baseline looks up, it does not compose."""
    counted, asked = grams(known), grams(commands)
    names = {name: place for place, name in enumerate(sorted({name for one in counted for name in one}))}
    table = np.zeros((len(known), len(names)), dtype=np.float32)
    for place, one in enumerate(counted):
        table[place, [names[name] for name in one]] = list(one.values())
    found = []
    for one in asked:
        wanted = np.zeros(len(names), dtype=np.float32)
        for name, count in one.items():
            if name in names:
                wanted[names[name]] = count
        found.append(actions[int(np.abs(table - wanted).sum(1).argmin())])
    return found


def measure(split: str, epochs: int, seed: int) -> None:
    """Train on one split and print its row."""
    data = load("scan", split=split)
    source, target = ([line.split() for line in column] for column in (data.train.x, data.train.y))
    start, worked = time.perf_counter(), time.process_time()
    model = Model(Symbols(), Symbols(), align="attention", training=Training(max_epochs=epochs, random_state=seed)).fit(source, target)
    seconds = f"{time.perf_counter() - start:.0f} s, {time.process_time() - worked:.0f} s of processor"
    print(model.plan())
    answers = model.predict([line.split() for line in data.test.x], max_length=LONGEST)
    right = np.array([answer == line.split() for answer, line in zip(answers, data.test.y, strict=True)])
    looked_up = nearest(data.test.x, data.train.x, data.train.y)
    baseline = np.mean([one == other for one, other in zip(looked_up, data.test.y, strict=True)])
    lengths = np.array([len(line.split()) for line in data.test.y])
    for place in np.flatnonzero(~right)[:5]:
        print(f"wrong: {data.test.x[place]!r} -> {len(answers[place])} actions, {lengths[place]} expected")
    same = np.mean([len(answer) == length for answer, length in zip(answers, lengths, strict=True)])
    print(f"right length: {100 * same:.2f} %")
    row(
        task=f"SCAN {split}, seed {seed}", metric="exact match %", elman=f"{100 * right.mean():.2f}",
        baseline=f"{100 * baseline:.2f} (nearest known command)", published=PUBLISHED[split],
        parameters=model.plan().parameters, seconds=seconds, rows=len(right),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", nargs="+", default=list(PUBLISHED), choices=list(PUBLISHED))
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=1)
    arguments = parser.parse_args()
    for split in arguments.splits:
        for seed in range(arguments.seeds):
            measure(split, arguments.epochs, seed)


if __name__ == "__main__":
    main()
