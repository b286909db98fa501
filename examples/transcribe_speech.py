"""Speech: digits spoken one after the other, written down while they are spoken, with the time of each.

Takes one speaker's digits that lie beside this file, or, where ELMAN_DATA names a folder of data sets, all of FSDD: strings are joined
from takes; those of the test use takes 0-4 (0 of the small set), which are not learned from. Run: python examples/transcribe_speech.py
"""

import csv
import os
from pathlib import Path

import numpy as np

from elman import Audio, Model, Network, Text, Training
from elman.datasets import load

quick, here = bool(os.environ.get("ELMAN_QUICK")), Path(__file__).parent / "data"
words = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
if os.environ.get("ELMAN_DATA") and not quick:
    parts = load("fsdd")
    train, test, budget, count = list(zip(*parts["train"], strict=True)), list(zip(*parts["test"], strict=True)), "4min", 2000
else:
    import soundfile

    sound, _ = soundfile.read(here / "spoken.flac", dtype="float32")
    with (here / "spoken.csv").open() as file:
        rows = [{name: int(cell) for name, cell in row.items()} for row in csv.DictReader(file)]
    takes = [[(sound[row["begin"] : row["end"]], row["digit"]) for row in rows if (row["take"] == 0) == held] for held in (False, True)]
    (train, test), budget, count = takes, "2s" if quick else "60s", 20 if quick else 400


def strings(takes: list, count: int, seed: int) -> tuple[list[np.ndarray], list[str]]:
    """Join two to five digits with short pauses and a little noise."""
    random, waves, texts = np.random.default_rng(seed), [], []
    for _ in range(count):
        chosen = [takes[i] for i in random.integers(0, len(takes), random.integers(2, 6))]
        pieces = [np.concatenate([wave, np.zeros(int(random.uniform(0, 2000)))]) for wave, _ in chosen]
        waves.append((np.concatenate(pieces) + random.normal(0, 0.003, sum(map(len, pieces)))).astype(np.float32))
        texts.append(" ".join(words[digit] for _, digit in chosen))
    return waves, texts


x, y = strings(train, count, seed=0)
one_way = Network(bidirectional=False)  # a transcript so far needs no future
model = Model(Audio(), Text("word"), network=one_way, training=Training(budget=budget, batch_size=16)).fit(x, y)
waves, truth = strings(test, 10 if quick else 100, seed=1)
print(f"words right: {model.score(waves, truth):.1%}; a spoken string: {truth[0]!r}")

for transcript in model.transcribe_stream(np.array_split(waves[0], 4)):
    print("done   " if transcript.final else "so far ", transcript)
print(model.predict(waves[:1], return_alignment=True)[1][0])  # seconds, and how sure
