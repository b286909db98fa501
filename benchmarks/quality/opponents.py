"""The n-gram opponents of a language model, from the most frequent word to PPM, by perplexity and next-symbol accuracy."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from elman.ngrams import PPM, Frequency, KneserNey, NGramModel

_TOGETHER = 512


def accuracy(model: NGramModel, documents: Sequence[np.ndarray], unknown: int | None = 0) -> float:
    """Return how often the likeliest next symbol follows, ends included; guessing "unknown" right does not count."""
    hits = units = 0
    for document in documents:
        truth = np.append(document, model.vocabulary_size_)
        states = [model.start()]
        for symbol in document:
            states.append(int(model.advance(states[-1:], [symbol])[0]))
        for start in range(0, len(states), _TOGETHER):
            guesses = model.next_at(states[start : start + _TOGETHER]).argmax(1)
            part = truth[start : start + _TOGETHER]
            hits += int(((guesses == part) & (part != unknown)).sum())
        units += len(truth)
    return hits / units


def rows(train: Sequence[np.ndarray], test: Sequence[np.ndarray], symbols: int, *, sample: int | None = None) -> None:
    """Print one Markdown row an opponent; accuracy on the first ``sample`` documents where distributions are slow to make."""
    models = {
        "most frequent": Frequency(end=True),
        "bigram (Kneser-Ney)": KneserNey(2, end=True),
        "trigram (Kneser-Ney)": KneserNey(3, end=True),
        "5-gram (Kneser-Ney)": KneserNey(5, end=True),
        "PPM-D, order 5": PPM(5, end=True),
    }
    for name, model in models.items():
        begun = time.perf_counter()
        model.fit(train, symbols)
        bits = model.bits_per_symbol(test)
        print(f"| {name} | {2**bits:.1f} | {accuracy(model, test[:sample]):.2%} | | {time.perf_counter() - begun:.0f} s |", flush=True)
