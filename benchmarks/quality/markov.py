"""Markov chains: how fast they count and score a million words, and characters of tiny Shakespeare beside another PPM.

python -m benchmarks.quality.markov            (with ``pip install pyppmd`` for the other PPM: PPMd variant H, Shkarin 2001)

Words: several corpora, sentences shuffled with a fixed seed, a sentence a document; a million to learn from, the next 100,000 to score.
Characters: the first 90 % of the file to learn from, the last 10 % to score. A coder goes on learning from what it codes, so the other PPM
is charged the bytes of the whole file less those of the first 90 %; ours is given both ways, learned once, and again after every twelfth of
the test part.
"""

from __future__ import annotations

import itertools
import os
import resource
import time
from pathlib import Path

import numpy as np

from benchmarks.quality.ngrams import characters, read, words
from benchmarks.quality.report import machine
from elman.ngrams import PPM, KneserNey, NGramModel

_PARTS = 12


def speed(folder: Path) -> None:
    train, test, size = words(folder, 1_000_000, 100_000)
    print(
        "| model | counts 1,000,000 words in | scores, words/s | n-grams | file | peak memory of the process |\n|---|--:|--:|--:|--:|--:|"
    )
    models: list[NGramModel] = [KneserNey(3, end=True), KneserNey(5, end=True), PPM(5, end=True)]
    for model in models:
        begun = time.process_time()
        model.fit(train, size)
        fitted = time.process_time()
        symbols = sum(map(len, model.score(test)))
        scored = time.process_time()
        kept = sum(array.nbytes for array in model.tensors().values()) / 2**20
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
        name = f"{type(model).__name__}, order {model.order}"
        rate = symbols / (scored - fitted)
        print(f"| {name} | {fitted - begun:.1f} s | {rate:,.0f} | {len(model.counts_.count):,} | {kept:.0f} MiB | {peak:.0f} MiB |")


def adaptive(model: PPM, train: np.ndarray, test: np.ndarray, size: int) -> float:
    """Bits per character where the model learns again after every part of what it scores."""
    whole, nats = np.concatenate([train, test]), 0.0
    edges = np.linspace(len(train), len(whole), _PARTS + 1).astype(int)
    for low, high in itertools.pairwise(edges):
        model.fit([whole[:low]], size)
        nats -= float(model.log_prob(whole[low:high], context=whole[low - 64 : low]).sum())
    return nats / len(test) / float(np.log(2))


def beside_ppmd(folder: Path, orders: tuple[int, ...] = (2, 3, 4, 5)) -> None:
    import pyppmd

    text = read(folder / "tiny_shakespeare/input.txt.gz").encode()
    train, test, size = characters(folder)

    def coded(data: bytes, order: int) -> int:
        coder = pyppmd.Ppmd7Encoder(order, 256 << 20)
        return len(coder.encode(data)) + len(coder.flush())

    print("\n| symbols of context | PPM-D, learned once | PPM-D, learning on | PPMd variant H |\n|--:|--:|--:|--:|")
    for order in orders:
        theirs = 8 * (coded(text, order) - coded(text[: len(train)], order)) / len(test)
        once = PPM(order + 1).fit([train], size).bits_per_symbol([test])
        on = adaptive(PPM(order + 1), train, test, size)
        print(f"| {order} | {once:.3f} ({once / theirs - 1:+.1%}) | {on:.3f} ({on / theirs - 1:+.1%}) | {theirs:.3f} |", flush=True)


def main() -> None:
    folder = Path(os.environ.get("ELMAN_DATA", "data"))
    print(f"{machine()}\n")
    speed(folder)
    beside_ppmd(folder)


if __name__ == "__main__":
    main()
