"""What the text classification benchmarks share: candidates, rows of a table, mean and spread over seeds.

Every candidate sees the same rows; nothing is chosen by looking at a test part. ``--only`` runs some candidates, ``--seeds`` some seeds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.metrics import log_loss

from benchmarks.quality.report import machine
from elman import Category, Model, Network, Text, Training
from elman.baselines import BagOfWords, ConvNet, Frequency

HEAD = "| set | candidate | accuracy | log loss | parameters | seconds of one core | seeds |\n|---|---|--:|--:|--:|--:|---|"


@dataclass(frozen=True, kw_only=True)
class Part:
    """Texts and categories of one part of a set."""

    x: Sequence[Any]
    y: Sequence[Any]


def default(seed: int, source: Any = None) -> Model:
    """The library's own choice."""
    return Model(source or Text(), Category(), training=Training(random_state=seed, verbose=0))


def recurrent(seed: int, source: Any = None) -> Model:
    """The default without its linear part."""
    return Model(source or Text(), Category(), network=Network(wide=False), training=Training(random_state=seed, verbose=0))


def one_network(seed: int, source: Any = None) -> Model:
    """One recurrent network, neither linear part nor ensemble."""
    return Model(source or Text(), Category(), network=Network(wide=False, members=1), training=Training(random_state=seed, verbose=0))


CONTESTANTS: dict[str, Callable[[int], Any]] = {
    "majority": lambda _: Frequency(),
    "linear": lambda _: BagOfWords(),
    "convolutions": lambda seed: ConvNet(training=Training(random_state=seed, verbose=0)),
    "one recurrent network": one_network,
    "recurrent (RNN alone)": recurrent,
    "default": default,
}


@dataclass
class Result:
    """Scores of one candidate over seeds."""

    accuracy: list[float] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)
    seconds: float = 0.0
    parameters: str = "–"

    def cells(self) -> list[str]:
        spread = f" ± {100 * np.std(self.accuracy):.1f}" if len(self.accuracy) > 1 else ""
        loss = f"{np.mean(self.loss):.3f}" if self.loss else "–"
        return [f"{100 * np.mean(self.accuracy):.1f}{spread}", loss, self.parameters, f"{self.seconds / len(self.accuracy):.0f}"]


def parameters_of(model: Any) -> str:
    count = model.plan().parameters if isinstance(model, Model) else getattr(model, "parameters_", None)
    return "–" if count is None else f"{count:,}"


def race(name: str, split: Callable[[int], tuple[Part, Part]], seeds: Sequence[int] = (0,)) -> None:
    """Run every candidate over the seeds and print its row as soon as it is known.

    ``split(seed)`` gives the training and the test part.
    """
    parser = argparse.ArgumentParser(description=f"{name}: text classification")
    parser.add_argument("--only", nargs="*", choices=list(CONTESTANTS), default=list(CONTESTANTS))
    parser.add_argument("--seeds", nargs="*", type=int, default=list(seeds))
    chosen = parser.parse_args()
    print(f"{machine()}\n{HEAD}", flush=True)
    for candidate in chosen.only:
        result = Result()
        for seed in chosen.seeds:
            judge(result, CONTESTANTS[candidate](seed), *split(seed))
        print("| " + " | ".join([name, candidate, *result.cells(), " ".join(map(str, chosen.seeds))]) + " |", flush=True)


def judge(result: Result, model: Any, train: Part, test: Part) -> None:
    """Fit on one part, score on the other."""
    start = time.process_time()
    model.fit(list(train.x), list(train.y))
    result.seconds += time.process_time() - start
    proba = model.predict_proba(list(test.x))
    classes = list(model.classes_)
    result.accuracy.append(float(np.mean([classes[i] == truth for i, truth in zip(proba.argmax(1), test.y, strict=True)])))
    result.loss.append(float(log_loss([classes.index(truth) for truth in test.y], proba, labels=range(len(classes)))))
    result.parameters = parameters_of(model)


def ninety_ten(x: Sequence[Any], y: Sequence[Any], seed: int) -> tuple[Part, Part]:
    """A fixed shuffle of each seed, the first tenth to test on."""
    order = np.random.default_rng(seed).permutation(len(x))
    cut = len(x) // 10
    test, train = order[:cut], order[cut:]
    return Part(x=[x[i] for i in train], y=[y[i] for i in train]), Part(x=[x[i] for i in test], y=[y[i] for i in test])
