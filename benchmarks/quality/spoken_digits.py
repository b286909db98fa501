"""Spoken digits (FSDD, 8 kHz): takes 0-4 as the test, every speaker left out in turn, and strings of digits in noise.

python -m benchmarks.quality.spoken_digits [--seeds 1] [--unseen] [--strings]
The strings are joined from single digits of one speaker with pauses and noise; those of the test use takes 0-4 only.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from benchmarks.quality.report import row
from benchmarks.quality.strings import WORDS, draw_strings, error_rates
from elman import Audio, Category, Model, Network, Text, Training
from elman.baselines import ConvNet
from elman.datasets import Split, load


def single(seeds: int, unseen: bool, epochs: int | None) -> None:
    """Which digit is it?"""
    speakers = sorted(set(load("fsdd")["train"].extra["speaker"])) if unseen else [None]
    for speaker in speakers:
        data = load("fsdd", unseen=speaker)
        train, test = data["train"], data["test"]
        near, majority = nearest(train, test), float(np.mean(test.y == np.bincount(train.y).argmax()))
        cells = {"metric": "accuracy %", "baseline": f"{100 * near:.1f} (nearest), {100 * majority:.0f} (majority)", "published": "-"}
        for seed in range(seeds):
            training = Training(random_state=seed, max_epochs=epochs or "auto", verbose=0)
            models = {"Model(Audio(), Category())": Model(Audio(), Category(), training=training)}
            if not unseen:
                models["ConvNet(Audio())"] = ConvNet(Audio(), training=training)
            for name, model in models.items():
                start = time.perf_counter()
                score = model.fit(train.x, train.y).score(test.x, test.y)
                size = model.plan().parameters if isinstance(model, Model) else model.parameters_
                task = f"fsdd, {'takes 0-4' if speaker is None else f'{speaker} unseen'}, seed {seed}, {name}"
                row(task=task, elman=f"{100 * score:.2f}", **cells, parameters=size, seconds=time.perf_counter() - start, rows=len(test))


def nearest(train: Split, test: Split) -> float:
    """Accuracy of the nearest neighbour on spectra brought to 20 frames each."""
    codec = Audio().fit(train.x)
    flat = [np.stack([_twenty(frames) for frames in codec.encode_all(part.x)]) for part in (train, test)]
    return float(KNeighborsClassifier(1).fit(flat[0], train.y).score(flat[1], test.y))


def _twenty(frames: np.ndarray) -> np.ndarray:
    return frames[np.linspace(0, len(frames) - 1, 20).round().astype(int)].ravel()


def spoken(part: Split, count: int, seed: int, fewest: int = 2) -> tuple[list[np.ndarray], list[str], list[list[int]]]:
    """Say strings of up to 6 digits, each string by one speaker: pauses of up to 0.3 s, noise 10 to 30 dB below."""
    random = np.random.default_rng(seed)
    speakers = np.asarray(part.extra["speaker"])
    groups = [np.flatnonzero(speakers == name).tolist() for name in sorted(set(speakers))]
    waves, texts, digits = [], [], []
    for rows in draw_strings(groups, count, random, (fewest, 6)):
        pieces = [np.zeros(int(random.uniform(0.02, 0.3) * 8000))]
        for place in rows:
            pieces += [np.asarray(part.x[place]), np.zeros(int(random.uniform(0.0, 0.3) * 8000))]
        wave = np.concatenate(pieces)
        noise = random.normal(0, 1, len(wave)) * np.sqrt(np.mean(wave**2)) * 10 ** (-random.uniform(10, 30) / 20)
        waves.append((wave + noise).astype(np.float32))
        digits.append([int(part.y[place]) for place in rows])
        texts.append(" ".join(WORDS[digit] for digit in digits[-1]))
    return waves, texts, digits


def strings(epochs: int, one_way: bool) -> None:
    """Which digits are said, in order?"""
    data = load("fsdd")
    x, y, _ = spoken(data["train"], 2400, seed=0, fewest=1)
    x_test, _, digits = spoken(data["test"], 240, seed=1)
    start = time.perf_counter()
    network = Network(bidirectional=False if one_way else "auto")
    model = Model(Audio(), Text("word"), network=network, training=Training(max_epochs=epochs)).fit(x, y)
    print(model.plan())
    seconds = time.perf_counter() - start
    for name, options in (("greedy", {"beam_size": 1}), ("beam 16", {})):
        said = [[WORDS.index(word) for word in text.split()] for text in model.predict(x_test, **options)]
        errors, wrong = error_rates(said, digits)
        row(
            task=f"fsdd strings, {'one way' if one_way else 'both ways'}, {name}", metric="WER %, strings wrong %",
            elman=f"{100 * errors:.2f}, {100 * wrong:.1f}", baseline="-", published="-", parameters=model.plan().parameters,
            seconds=seconds, rows=len(digits),
        )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=None)
    parser.add_argument("--unseen", action="store_true", help="leave one speaker out, each in turn")
    parser.add_argument("--strings", action="store_true", help="strings of digits by CTC")
    parser.add_argument("--one-way", action="store_true", help="a network that can transcribe a stream")
    arguments = parser.parse_args()
    if arguments.strings:
        strings(arguments.epochs or 15, arguments.one_way)
    else:
        single(arguments.seeds, arguments.unseen, arguments.epochs)


if __name__ == "__main__":
    main()
