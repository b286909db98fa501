"""What Model.fit costs beside a hand-written torch loop with the same network, batches and optimizer.

python -m benchmarks.loop_overhead [--rounds 7]

Both encode the rows, build the network and train the same number of epochs; fit is told to hold nothing out and to average
nothing, as the raw loop does not either. Rounds are interleaved; the ratio is that of the medians. Texts are words of the CMU
dictionary labelled by their first phoneme (8,000 rows), so that no download is needed.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

from benchmarks.quality.report import machine
from elman import Category, Model, Series, Text, Training
from elman.cli import demo_data
from elman.network import build, collate
from elman.training.batches import plan_epoch
from elman.training.resolve import resolve


def raw_loop(model: Model, x: list[Any], y: list[Any], epochs: int) -> float:
    """Train a fresh network of the fitted model's plan as a careful person would by hand; return seconds."""
    start = time.perf_counter()
    plan, source, target = model.plan_, model.source_, model.target_
    xs, ys = source.encode_all(x), target.encode_all(y)
    torch.manual_seed(0)
    network = build(plan)
    settings = resolve(Training(), len(xs), 1.0)
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=0.01, fused=True)
    steps = 0
    for epoch in range(epochs):
        for rows in batches(model, xs, epoch):
            loss = network.loss(
                collate([xs[i] for i in rows], source.space, source.rank), collate([ys[i] for i in rows], target.space, target.rank)
            )
            optimizer.zero_grad()
            (loss.total / loss.units).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            steps += 1
    return time.perf_counter() - start


def batches(model: Model, xs: list[Any], epoch: int) -> list[Any]:
    """The batches that fit takes in an epoch."""
    import numpy as np

    lengths = np.array([len(row) + 1 for row in xs])
    settings = resolve(model.training, len(xs), float(lengths.mean()), longest=int(lengths.max()))
    return plan_epoch(lengths, batch_size=settings.batch_size, batch_tokens=settings.batch_tokens, seed=0, epoch=epoch)


def fit(model: Model, x: list[Any], y: list[Any]) -> float:
    """Return the seconds of one fit."""
    start = time.perf_counter()
    model.fit(x, y)
    return time.perf_counter() - start


def race(name: str, make: Callable[[Training], Model], x: list[Any], y: list[Any], epochs: int, rounds: int) -> None:
    """Print the medians and their ratio."""
    training = Training(max_epochs=epochs, validation_fraction=0.0, average_weights=0.0, schedule="constant", verbose=0)
    model = make(training).fit(x, y)
    raw_loop(model, x, y, 1)
    ours, raw = [], []
    for _ in range(rounds):
        ours.append(fit(model, x, y))
        raw.append(raw_loop(model, x, y, epochs))
    a, b = statistics.median(ours), statistics.median(raw)
    print(f"| {name} | {len(x)} rows, {epochs} epochs | {a:.2f} s | {b:.2f} s | {a / b:.3f} | {machine()} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    vowels, words = demo_data.japanese_vowels(), demo_data.phonemes()
    texts, first = words.x_train[:8000], [p[0] for p in words.y_train[:8000]]
    print("| task | size | Model.fit | raw torch loop | ratio | machine |\n|---|---|---|---|---|---|")
    race("Japanese Vowels", lambda t: Model(Series(), Category(), training=t), vowels.x_train, vowels.y_train, 5, rounds)
    race("words -> first phoneme", lambda t: Model(Text("char"), Category(), training=t), texts, first, 2, rounds)


if __name__ == "__main__":
    main()
