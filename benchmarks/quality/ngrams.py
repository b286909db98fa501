"""Quality and speed of the n-gram models: characters of tiny Shakespeare, words of several corpora.

Run with ``python benchmarks/quality/ngrams.py [--data FOLDER] [--orders 8]`` (or set ``ELMAN_DATA``); prints two tables.
Characters: the first 90 % of the file train, the last 10 % test, both as one document.
Words: a million words train, the next 100,000 test, a sentence a document.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import os
import platform
import re
import resource
import time
from pathlib import Path

import numpy as np

from elman.ngrams import PPM, Frequency, KneserNey, NGramModel


def read(path: Path) -> str:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return stream.read()


def characters(folder: Path) -> tuple[np.ndarray, np.ndarray, int]:
    symbols, codes = np.unique(np.array(list(read(folder / "tiny_shakespeare/input.txt.gz"))), return_inverse=True)
    cut = int(0.9 * len(codes))
    return codes[:cut], codes[cut:], len(symbols)


def sentences(folder: Path) -> list[list[str]]:
    """Running text of several corpora, shuffled by sentence with a fixed seed."""
    texts = [row["text"] for row in csv.DictReader(io.StringIO(read(folder / "spooky_authors/train.csv.gz")))]
    texts += [row["text"] for row in csv.DictReader(io.StringIO(read(folder / "spooky_authors/test_unlabelled.csv.gz")))]
    texts += read(folder / "multi30k/train.en.gz").splitlines()
    texts += (
        read(folder / "wikitext2_valid_test/valid.txt.gz").splitlines() + read(folder / "wikitext2_valid_test/test.txt.gz").splitlines()
    )
    order = np.random.default_rng(0).permutation(len(texts))
    words = [re.findall(r"\w+|[^\w\s]", texts[i].lower()) for i in order]
    return [w for w in words if w]


def words(folder: Path, train: int, test: int) -> tuple[list[np.ndarray], list[np.ndarray], int]:
    """Symbol 0 is unknown: every word of the test part that the training part lacks."""
    rows = sentences(folder)
    ends = np.cumsum([len(row) for row in rows])
    cut, stop = int(np.searchsorted(ends, train)), int(np.searchsorted(ends, train + test))
    index: dict[str, int] = {}
    for row in rows[:cut]:
        for word in row:
            index.setdefault(word, len(index) + 1)
    encoded = [np.array([index.get(word, 0) for word in row]) for row in rows[:stop]]
    return encoded[:cut], encoded[cut:], len(index) + 1


def measure(model: NGramModel, train: list[np.ndarray], test: list[np.ndarray], size: int) -> str:
    started = time.perf_counter()
    model.fit(train, size)
    fitted = time.perf_counter()
    nats = model.bits_per_symbol(test) * np.log(2)
    scored = time.perf_counter()
    symbols = sum(map(len, test))
    kept = sum(a.nbytes for a in model.tensors().values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    name = type(model).__name__ + getattr(model, "escape", "")
    return (
        f"{name:<10} {model.order:>5} {nats:>9.4f} {np.exp(nats):>10.2f} {fitted - started:>8.2f}"
        f" {symbols / (scored - fitted) / 1e3:>12.0f} {len(model.counts_.count):>10} {kept / 2**20:>9.1f} {peak:>9.0f}"
    )


HEAD = "model      order  nats/sym perplexity    fit s  score ksym/s      nodes state MiB  peak MiB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("ELMAN_DATA", "data")))
    parser.add_argument("--orders", type=int, default=8)
    chosen = parser.parse_args()
    print(f"numpy {np.__version__}, Python {platform.python_version()}, {platform.processor() or platform.machine()}, one thread")

    train, test, size = characters(chosen.data)
    print(f"\ntiny Shakespeare, characters: train {len(train)}, test {len(test)}, {size} symbols\n{HEAD}")
    print(measure(Frequency(), [train], [test], size))
    for order in range(1, chosen.orders + 1):
        for model in (KneserNey(order), PPM(order, escape="C"), PPM(order)):
            print(measure(model, [train], [test], size), flush=True)

    train_rows, test_rows, size = words(chosen.data, 1_000_000, 100_000)
    counts = [sum(map(len, rows)) for rows in (train_rows, test_rows)]
    print(f"\nwords, with the end of the sentence: train {counts[0]}, test {counts[1]}, {size} symbols\n{HEAD}")
    for model in (Frequency(end=True), *(KneserNey(order, end=True) for order in (2, 3, 5)), PPM(5, end=True)):
        print(measure(model, train_rows, test_rows, size), flush=True)


if __name__ == "__main__":
    main()
