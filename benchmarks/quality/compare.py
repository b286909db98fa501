"""``elman.compare`` on six sets, with the ablations: whoever wins.

python -m benchmarks.quality.compare --set spooky|vowels|shakespeare|m4_hourly|patents|chorales [--folder FOLDER] [--plot OUT.png]

Every candidate sees the same split. Where a set is cut down so that all networks train within minutes of one core, the line above the
table says how; figures with all of the data stand on the pages of their rooms. Settings are the defaults but for what is named here.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.quality.patents import abstracts
from benchmarks.quality.report import machine
from elman import Category, Forecaster, LanguageModel, Model, Network, Series, Symbols, Text, Training, compare, datasets
from elman.comparison import Leaderboard
from elman.leakage.alarm import LeakWarning

Made = tuple[str, tuple[Any, ...], dict[str, Any]]


def spooky() -> Made:
    data = datasets.load("spooky_authors")["train"]
    rows = np.random.default_rng(0).permutation(len(data.x))[:4000]
    model = Model(Text(), Category(), training=Training(max_epochs=4))
    told = "spooky authors: 4,000 sentences drawn from 19,579, a fifth to test on; 4 epochs"
    return told, (model, [data.x[i] for i in rows], [data.y[i] for i in rows]), {}


def vowels() -> Made:
    data = datasets.load("uea_japanese_vowels")
    model = Model(Series(), Category(), training=Training(max_epochs=40))
    return "Japanese Vowels: official split, 270 / 370; at most 40 epochs", (model, *data["train"]), {"test": tuple(data["test"])}


def shakespeare() -> Made:
    data = datasets.load("tiny_shakespeare")
    model = LanguageModel(Text("char"), network=Network(hidden_size=128), training=Training(max_epochs=5))
    told = "tiny Shakespeare, characters: the first 120,000 of the training part, the first 50,000 of the last tenth; 128 units, 5 epochs"
    return told, (model, data["train"].x[0][:120_000]), {"test": [data["validation"].x[0][:50_000]]}


def m4_hourly() -> Made:
    data = datasets.load("m4", frequency="Hourly")
    series = [np.concatenate([a, b]) for a, b in zip(data["train"].x, data["test"].x, strict=True)][::16]
    model = Forecaster(48, season=24, refit=False, training=Training(max_epochs=3))
    return f"M4 Hourly: every sixteenth series, {len(series)}; the official last 48 steps; 3 epochs", (model, series), {}


def patents() -> Made:
    train, test = abstracts()
    network = Network(hidden_size=128, embedding_size=128)
    model = LanguageModel(Text("word", lowercase=True, min_count=2), network=network, training=Training(max_epochs=4))
    told = "patent abstracts, words: every eighth of the training and every third of the test part; 128 units, 4 epochs"
    return told, (model, train[::8]), {"test": test[::3]}


def chorales() -> Made:
    data = datasets.load("jsb_chorales", form="voices")
    parts = [[[int(note) for note in piece[::4].ravel()] for piece in data[part].x] for part in ("train", "test")]
    model = LanguageModel(Symbols(), network=Network(hidden_size=128), training=Training(max_epochs=8))
    told = (
        "JSB chorales: quarter steps, the four voices one after the other; official training and test part, 229 / 77; 128 units, 8 epochs"
    )
    return told, (model, parts[0]), {"test": parts[1]}


SETS: dict[str, Callable[[], Made]] = {
    "spooky": spooky,
    "vowels": vowels,
    "shakespeare": shakespeare,
    "m4_hourly": m4_hourly,
    "patents": patents,
    "chorales": chorales,
}


def markdown(board: Leaderboard) -> str:
    """The table as Markdown."""
    head = f"| | {board.measure.name} | 95 % | behind the best, 95 % | learned in | one row | parameters | size |"
    lines = ["|---|--:|---|---|--:|--:|--:|--:|"]
    for place, e in enumerate(board, 1):
        mark = "*" if e.kind == "ablation" else "=" if e.tied and place > 1 else f"{place}"
        behind = f"{e.behind:.3f} ({e.behind_low:.3f} to {e.behind_high:.3f})" if e.behind_high else "–"
        took = f"{e.seconds:.1f} s | {e.latency:.2f} ms | {e.parameters:,} | {e.bytes / 1000:,.0f} KB"
        lines.append(f"| {mark} {e.label} | {e.value:.4f} | {e.low:.4f} to {e.high:.4f} | {behind} | {took} |")
    return "\n".join([head, *lines])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", choices=list(SETS), nargs="+", default=list(SETS))
    parser.add_argument("--only", nargs="+", default="auto", help="candidates; everyone by default")
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--plot", type=Path, default=None)
    chosen = parser.parse_args()
    for name in chosen.set:
        told, what, options = SETS[name]()
        folder = None if chosen.folder is None else chosen.folder / name
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LeakWarning)  # alarms stand below the table
            ablations = {"shuffled": chosen.only == "auto", "untied": chosen.only == "auto"}
            board = compare(*what, candidates=chosen.only, folder=folder, **ablations, **options)
        print(f"\n### {told}\n\n{machine()}\n\n{markdown(board)}\n\n{board.verdict}", flush=True)
        for line in [*board.findings, *(f"Leak? {alarm}" for alarm in board.alarms)]:
            print(f"\n{line}")
        if board.lengths is not None and name != "m4_hourly":
            print("\nBy length of the source, in steps:\n")
            groups = board.by_length()
            print("| | " + " | ".join(groups) + " |\n|---|" + "--:|" * len(groups))
            for e in board:
                print(f"| {e.label} | " + " | ".join(f"{scores[e.name]:.3f}" for scores in groups.values()) + " |")
        if chosen.plot is not None:
            board.plot().figure.savefig(chosen.plot.with_name(f"{chosen.plot.stem}-{name}{chosen.plot.suffix}"))


if __name__ == "__main__":
    main()
