"""What insight finds and costs: horizons of models whose lag is known, trace beside a prediction, a report on 10,000 rows.

Run: python -m benchmarks.insight [horizons] [overhead] [report]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import elman
from benchmarks import known_lags
from elman import Category, LanguageModel, Model, Network, Series, Text, Training

KNOWN: dict[str, tuple[Callable[[], Any], int]] = {
    "echo of this step": (lambda: known_lags.echo(0), 0),
    "echo of 3 steps ago": (lambda: known_lags.echo(3), 3),
    "echo of 8 steps ago": (lambda: known_lags.echo(8, length=24, count=600, epochs=50), 8),
    "parity of up to 10 bits": (lambda: known_lags.parity(), 9),
    "adding problem, 10 steps": (lambda: known_lags.adding_problem(), 9),
    "adding problem, 30 steps": (lambda: known_lags.adding_problem(length=30, count=2000), 29),
    "copy 1 symbol after 10 steps": (lambda: known_lags.copying(), 11),
    "copy 1 symbol after 30 steps": (lambda: known_lags.copying(wait=30, epochs=40), 31),
    "bag of words": (lambda: known_lags.bag_of_words(), 0),
}
ROUNDS = 60


def horizons() -> None:
    print("\n| task | score | true lag | horizon by cutting | by gradient |\n|---|--:|--:|--:|--:|")
    for name, (make, lag) in KNOWN.items():
        model, xs, ys = make()
        found = elman.memory(model, xs, ys)
        print(f"| {name} | {model.score(xs, ys):.3f} | {lag} | {found.horizon} | {found.gradient_horizon} |", flush=True)


def ratio(slow: Callable[[], Any], quick: Callable[[], Any]) -> tuple[float, float]:
    """Ratio of the fastest runs, taken in turn so that both meet the same machine, and the quick one's in milliseconds."""
    for _ in range(3):
        slow(), quick()
    took: dict[Callable[[], Any], list[float]] = {quick: [], slow: []}
    for _ in range(ROUNDS):
        for run, times in took.items():
            started = time.perf_counter()
            run()
            times.append(time.perf_counter() - started)
    return min(took[slow]) / min(took[quick]), 1e3 * min(took[quick])


def overhead() -> None:
    print("\n| model, steps | prediction, ms | trace / prediction | with every step's prediction |\n|---|--:|--:|--:|")
    rng, once = np.random.default_rng(0), Training(max_epochs=1, verbose=0)
    for steps in (25, 100, 400):
        for cell in ("gru", "lstm"):
            xs = [rng.normal(size=(steps, 3)).astype(np.float32) for _ in range(20)]
            model = Model(Series(), Category(), network=Network(cell=cell, bidirectional=False), training=once).fit(xs, ["a", "b"] * 10)
            show(f"series, {cell}, {steps}", model, xs[0], lambda m=model, x=xs[0]: m.predict([x]))
    words = rng.choice(["good", "bad", "wine", "soup", "the", "a"], (40, 50))
    texts = [" ".join(row) for row in words]
    model = Model(Text(), Category(), training=once).fit(texts, ["a", "b"] * 20)
    show("text, as by default, 50 words", model, texts[0], lambda: model.predict([texts[0]]))
    language = LanguageModel(Text("char"), training=once).fit(texts)
    show("language model, 200 characters", language, texts[0][:200], lambda: language.next(texts[0][:200]))


def show(name: str, model: Any, value: Any, predict: Callable[[], Any]) -> None:
    alone, took = ratio(lambda: elman.trace(model, value), predict)
    whole, _ = ratio(lambda: elman.trace(model, value).predictions, predict)
    print(f"| {name} | {took:.2f} | {alone:.2f} | {whole:.2f} |", flush=True)


def report(rows: int = 10_000) -> None:
    rng = np.random.default_rng(0)
    words = np.array(["good", "fine", "warm", "bad", "poor", "cold", *("the", "a", "of", "and", "wine", "soup", "very", "was", "here")])
    picked = [rng.choice(words, rng.integers(5, 40)) for _ in range(rows)]
    texts, sides = (
        [" ".join(row) for row in picked],
        ["yes" if np.isin(row, words[:3]).sum() > np.isin(row, words[3:6]).sum() else "no" for row in picked],
    )
    model = Model(Text(), Category(), training=Training(max_epochs=2, verbose=0)).fit(texts[:1000], sides[:1000])
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        path = model.report(Path(folder) / "report.html", texts, sides)
        print(f"\nreport on {rows:,} rows of 5 to 39 words: {time.perf_counter() - started:.1f} s, {path.stat().st_size / 1e3:.0f} KB")


PARTS = {"horizons": horizons, "overhead": overhead, "report": report}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=list(PARTS))
    for part in parser.parse_args().parts:
        PARTS[part]()


if __name__ == "__main__":
    main()
