"""Speech: which digit was spoken? From a folder of WAV files, which are decoded when their turn comes.

Takes one speaker's digits that lie beside this file, or, where ELMAN_DATA names a folder of data sets, all of FSDD.
Run: python examples/name_words.py
"""

import csv
import os
import tempfile
from pathlib import Path

import soundfile

from elman import Audio, Category, Model, Training
from elman.datasets import load

quick, here = bool(os.environ.get("ELMAN_QUICK")), Path(__file__).parent / "data"
if os.environ.get("ELMAN_DATA") and not quick:
    parts, budget = load("fsdd"), "3min"
    takes = [(wave, digit, part) for part in ("train", "test") for wave, digit in zip(*parts[part], strict=True)]
else:
    sound, _ = soundfile.read(here / "spoken.flac", dtype="float32")
    with (here / "spoken.csv").open() as file:
        rows = [{name: int(cell) for name, cell in row.items()} for row in csv.DictReader(file)]
    takes = [(sound[row["begin"] : row["end"]], row["digit"], "test" if row["take"] == 0 else "train") for row in rows]
    budget = "1s" if quick else "20s"

with tempfile.TemporaryDirectory() as folder:
    files: dict[str, tuple[list[Path], list[int]]] = {"train": ([], []), "test": ([], [])}
    for number, (wave, digit, part) in enumerate(takes):
        path = Path(folder) / f"{number}.wav"
        soundfile.write(path, wave, 8000)
        files[part][0].append(path)
        files[part][1].append(int(digit))

    model = Model(Audio(), Category(), training=Training(budget=budget)).fit(*files["train"])
    print(f"right: {model.score(*files['test']):.1%}; by always saying the same: {model.baseline_:.1%}")
    print(f"the first file is {model.predict(files['test'][0][:1])[0]}")
    waited, took = sum(row["waiting"] for row in model.history_.rows), model.history_[-1]["seconds"]
    print(f"the network waited for sound in {waited / took:.0%} of {took:.1f} s")
