"""What the options of free sequences cost: milliseconds a training batch, sentences a second of greedy and beam search.

python -m benchmarks.free_sequences [--sentences 256] [--batches 9]

A network of the size that translation gets (vocabularies of 6,000, hidden 256, embedding 192), random weights and sentences; every answer
has 13 or 14 symbols. Times are of the processor, one thread.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import torch

from elman.codecs import Discrete
from elman.generation import Beam, Rules
from elman.network import Network, SequenceModel, Sizes, build, collate, plan
from elman.network.planning.side import Side

SIDE = Side("many", Discrete(6000), unknown=0)
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {"copy": False},
    "copy": {"copy": True},
    "copy and coverage": {"copy": True, "coverage": 1.0},
    "input feeding": {"copy": False, "input_feeding": True},
    "own guesses": {"copy": False, "teacher_forcing_ratio": 0.5},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=256)
    parser.add_argument("--batches", type=int, default=9)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name, options in OPTIONS.items():
        print(f"| training, 64 pairs, {name} | {1000 * batch_seconds(model_of(options), arguments.batches):.0f} ms |")
    model = model_of(OPTIONS["plain"]).eval()
    for name, search in (("greedy", None), ("beam 5", Beam(size=5, rules=Rules(min_length=13)))):
        print(f"| search, {name} | {sentences_per_second(model, search, arguments.sentences):.0f} sentences/s |")


def model_of(options: dict[str, Any]) -> SequenceModel:
    torch.manual_seed(0)
    sizes = Sizes(rows=29_000, source_mean=14, target_mean=14, shared=(-1, *range(1, 6000)))
    network = Network(hidden_size=256, embedding_size=192, dropout=0.3, **options)
    return build(plan(SIDE, SIDE, network, examples=sizes, align="attention"))


def rows_of(count: int) -> Any:
    random = np.random.default_rng(0)
    return collate([random.integers(1, 6000, random.integers(10, 18)) for _ in range(count)], SIDE.space, "many")


def batch_seconds(model: SequenceModel, batches: int) -> float:
    """Median of a step of the optimizer, the first two left out."""
    optimizer, source, times = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True), rows_of(64), []
    for _ in range(batches):
        begun = time.process_time()
        optimizer.zero_grad()
        model.loss(source, source).total.backward()
        optimizer.step()
        times.append(time.process_time() - begun)
    return float(np.median(times[2:] or times))


@torch.inference_mode()
def sentences_per_second(model: SequenceModel, search: Any, count: int) -> float:
    source = rows_of(count)
    model.predict(source, search=search, max_length=2)
    begun = time.process_time()
    model.predict(source, search=search, max_length=14)
    return count / (time.process_time() - begun)


if __name__ == "__main__":
    main()
