"""How much of the training time the network waits for batches, while every row is varied anew and files are decoded.

python -m benchmarks.loading_share [--tasks digits lines pictures clips] [--workers auto 0 1 2] [--epochs 20] [--rows 1000]

"digits" are recordings of single digits (fsdd) written as WAV files, "lines" printed lines (ocr_early_books) as PNG files, both into a
folder that is removed; "pictures" are MNIST's as arrays, read as a whole; "clips" 32 x 32 films made of MNIST's digits that drift.
Real rows come from ELMAN_DATA. The first epoch reads the files; later ones find them in memory.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.quality.report import machine
from elman import Audio, Category, Image, Model, Network, Text, Training, Video
from elman.datasets import load


def digits(folder: Path, rows: int) -> tuple[Model, list[Any], list[Any]]:
    """Recordings in WAV files, and which digit was said."""
    import soundfile

    part = load("fsdd")["train"].head(rows)
    paths = [folder / f"{i}.wav" for i in range(len(part.x))]
    for path, wave in zip(paths, part.x, strict=True):
        soundfile.write(path, wave, 8000)
    return Model(Audio(), Category()), paths, list(part.y)


def lines(folder: Path, rows: int) -> tuple[Model, list[Any], list[Any]]:
    """Printed lines in PNG files, and what they say."""
    from PIL import Image as Pillow

    part = load("ocr_early_books")["train"].head(rows)
    paths = [folder / f"{i}.png" for i in range(len(part.x))]
    for path, picture in zip(paths, part.x, strict=True):
        Pillow.fromarray(np.asarray(picture)).save(path)
    eye = Network(stem="conv2d", time_stride=2)
    return Model(Image("columns", size=32, augment=True), Text("char"), network=eye), paths, list(part.y)


def pictures(_: Path, rows: int) -> tuple[Model, list[Any], list[Any]]:
    """Arrays of digits written by hand, as a whole."""
    part = load("mnist")["train"].head(rows)
    return Model(Image(augment=True), Category()), list(part.x), list(part.y)


def clips(_: Path, rows: int) -> tuple[Model, list[Any], list[Any]]:
    """Digits drifting left or right over 16 frames, as arrays."""
    part = load("mnist")["train"].head(rows)
    ways = [(-1, 1)[row % 2] for row in range(len(part.x))]
    films = [np.stack([np.roll(np.pad(x, 2), way * t, 1) for t in range(16)]) for x, way in zip(part.x, ways, strict=True)]
    return Model(Video(), Category()), films, ways


TASKS = {"digits": digits, "lines": lines, "pictures": pictures, "clips": clips}


def measure(name: str, rows: int, epochs: int, workers: Any) -> None:
    """Train, and print the waiting share of each epoch."""
    with tempfile.TemporaryDirectory() as folder:
        model, x, y = TASKS[name](Path(folder), rows)
        settings = {"max_epochs": epochs, "num_workers": workers, "validation_fraction": 0.0, "verbose": 0}
        history = model.set_params(training=Training(**settings)).fit(x, y).history_
    ends = [0.0, *(row["seconds"] for row in history.rows)]
    took = np.diff(ends)
    waited = np.array([row["waiting"] for row in history.rows])
    first, later = waited[0] / took[0], waited[1:].sum() / max(took[1:].sum(), 1e-9)
    shares = f"{waited.sum() / took.sum():.1%} | {first:.1%} | {later:.1%}"
    print(f"| {name} | {len(x)} | {workers} | {shares} | {took.mean():.1f} s | {machine()} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=list(TASKS))
    parser.add_argument("--workers", nargs="+", default=["auto"], type=lambda text: text if text == "auto" else int(text))
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--rows", type=int, default=1000)
    arguments = parser.parse_args()
    print("| task | rows | reading threads | waiting in all | in the first epoch | in the others | an epoch | machine |")
    print("|---|--:|--:|--:|--:|--:|--:|---|")
    for name in arguments.tasks:
        for workers in arguments.workers:
            measure(name, arguments.rows, arguments.epochs, workers)


if __name__ == "__main__":
    main()
