"""Training of networks that hear, read print and see pixels: ours against torch's recurrent layers in the same network, in turns.

python -m benchmarks.perception_speed [--rounds 5] [--tasks digits strings print pixels elman-pixels]

One step is loss and gradients of one batch of real rows. The stem, pooling, head and loss are the same modules; only the recurrence
differs: elman.nn, torch's layer on packed sequences, torch's layer on padded ones. Real rows come from ELMAN_DATA.
"""

from __future__ import annotations

import argparse
import copy
import time
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.quality.report import machine
from benchmarks.quality.spoken_digits import spoken
from elman import Audio, Category, Image, Network, Text
from elman.datasets import load
from elman.network import Sizes, build, collate, plan
from elman.sequences import Ragged

KINDS = {"lstm": nn.LSTM, "gru": nn.GRU, "elman": nn.RNN}


class TorchLayers(nn.Module):
    """Torch's own layers where ours were, over packed or padded rows; called as ours are."""

    def __init__(self, ours: Any, cell: str, *, packed: bool) -> None:
        super().__init__()
        options = {"num_layers": ours.num_layers, "bidirectional": ours.bidirectional, "dropout": ours.dropout}
        self.inner = KINDS[cell](ours.input_size, ours.hidden_size, **options)
        self.inner.load_state_dict(ours.state_dict())
        self.packed, self.hidden_size = packed, ours.hidden_size

    def forward(self, x: Ragged, state: Any = None) -> tuple[Ragged, Any]:
        """Run all layers."""
        if self.packed:
            output, after = self.inner(x.to_packed(), state)
            return Ragged.from_packed(output), after
        padded, _ = x.to_padded()
        output, after = self.inner(padded.transpose(0, 1), state)  # time first, as torch likes it
        return Ragged.from_padded(output.transpose(0, 1), x.lengths), after


def tasks(names: list[str]) -> dict[str, tuple[Any, Any, list[Any], list[Any], Network, int]]:
    """Codecs, rows, settings and rows in a batch of each task."""
    digits, lines, pictures = load("fsdd")["train"], load("ocr_early_books")["train"], load("mnist")["train"].head(100)
    waves, texts, _ = spoken(digits, 64, seed=0)
    seen = list(pictures.x), list(pictures.y)
    every = {
        "digits": (Audio(), Category(), list(digits.x[:512]), list(digits.y[:512]), Network(), 64),
        "strings": (Audio(), Text("word"), waves, texts, Network(), 16),
        "print": (Image("columns", size=32), Text("char"), lines.x[:64], lines.y[:64], Network(stem="conv2d", time_stride=2), 16),
        "pixels": (Image("pixels"), Category(), *seen, Network(cell="gru", hidden_size=96, bidirectional=False, embedding_size=8), 20),
        "elman-pixels": (
            Image("pixels"),
            Category(),
            *seen,
            Network(cell="elman", hidden_size=96, bidirectional=False, embedding_size=8),
            20,
        ),
    }
    return {name: every[name] for name in names}


def step(network: Any, batch: tuple[Any, Any]) -> float:
    """Return the seconds of one loss and its gradients."""
    start = time.perf_counter()
    loss = network.loss(*batch)
    (loss.total / max(loss.units, 1)).backward()
    for weight in network.parameters():
        weight.grad = None
    return time.perf_counter() - start


def race(name: str, task: tuple[Any, Any, list[Any], list[Any], Network, int], rounds: int) -> None:
    """Print the medians and ratios of a task."""
    source, target, x, y, settings, size = task
    source, target = source.fit(x), target.fit(y, role="target")
    xs, ys = source.encode_all(x), target.encode_all(y)
    made = plan(source, target, settings, examples=Sizes.measure(source, target, xs, ys))
    torch.manual_seed(0)
    ours = build(made).train()
    rivals = [copy.deepcopy(ours), copy.deepcopy(ours)]
    for packed, rival in zip((True, False), rivals, strict=True):
        rival.encoder.layers = TorchLayers(ours.encoder.layers, made.cell, packed=packed)  # type: ignore[union-attr]
    order = np.argsort([len(row) for row in xs], kind="stable")
    parts = [order[i : i + size] for i in range(0, len(order) - size + 1, size)]
    batches = [
        (collate([xs[i] for i in rows], source.space, "many"), collate([ys[i] for i in rows], target.space, target.rank)) for rows in parts
    ]
    times: list[list[float]] = [[], [], []]
    for turn in range(rounds + 1):
        for batch in batches:
            for which, network in enumerate((ours, *rivals)):
                seconds = step(network, batch)
                if turn:
                    times[which].append(seconds)
    mean, packed, padded = (float(np.mean(np.median(np.reshape(each, (rounds, -1)), axis=0))) for each in times)
    rows = f"{made.cell}, {made.hidden_size} units, {sum(map(len, xs)) / len(xs):.0f} steps a row, batches of {size}"
    print(f"| {name} | {rows} | {1e3 * mean:.0f} ms | {packed / mean:.2f} x | {padded / mean:.2f} x | {machine()} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    names = ["digits", "strings", "print", "pixels", "elman-pixels"]
    parser.add_argument("--tasks", nargs="+", default=names, choices=names)
    arguments = parser.parse_args()
    print("| task | network | a step | torch packed takes | torch padded takes | machine |\n|---|---|--:|--:|--:|---|")
    for name, task in tasks(arguments.tasks).items():
        race(name, task, arguments.rounds)


if __name__ == "__main__":
    main()
