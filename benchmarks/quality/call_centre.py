"""Calls between user and service (part of the schema-guided dialogues): what the user wants, turn by turn, and how the call ended.

python -m benchmarks.quality.call_centre [--task intents outcome] [--epochs 6]

Intents: of every user turn the intent that is active, or "none", by the annotation; the network reads the whole call and answers at the
last word of each turn. The official test part is about other services, most of whose intents do not occur in the training part, so a
tenth of the training calls is held out whole (seed 0), and on the official test part only turns whose intent can be known are scored.
Outcome: "done" where the last notice of the service is a success, "failed" where it is a failure, "no transaction" without one; official
parts.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import balanced_accuracy_score

from benchmarks.quality.report import machine
from elman import Category, Dialogue, Model, Symbols, Training
from elman.baselines import BagOfWords, Frequency
from elman.datasets import load
from elman.datasets.dataset import Split

SERVICE = "service"


def intents(call: Sequence[tuple[str, str]], active: Sequence[tuple[str, ...]]) -> list[str]:
    """One label a turn."""
    return [SERVICE if speaker == "S" else (now[0] if now else "none") for (speaker, _), now in zip(call, active, strict=True)]


def outcome(acts: Sequence[tuple[str, ...]]) -> str:
    """How a call ended."""
    notices = [act for turn in acts for act in turn if act.startswith("NOTIFY")]
    return "no transaction" if not notices else "done" if notices[-1] == "NOTIFY_SUCCESS" else "failed"


def line(task: str, candidate: str, part: str, *scores: str, parameters: str = "–", seconds: float = 0.0) -> None:
    print(f"| {task} | {candidate} | {part} | {' | '.join(scores)} | {parameters} | {seconds:.0f} |", flush=True)


def of_users(calls: Sequence[Any], labels: Sequence[Sequence[str]], known: set[str]) -> list[tuple[int, int]]:
    """Call and turn of each user turn whose label can be known."""
    return [(i, t) for i, turns in enumerate(labels) for t, label in enumerate(turns) if calls[i][t][0] == "U" and label in known]


def race_intents(data: Any, epochs: int) -> None:
    train = data["train"]
    labels = [intents(call, active) for call, active in zip(train.x, train.extra["intents"], strict=True)]
    order = np.random.default_rng(0).permutation(len(train))
    held, kept = order[: len(order) // 10], order[len(order) // 10 :]
    test = data["test"]
    parts = {
        "held-out calls": ([train.x[i] for i in held], [labels[i] for i in held]),
        "official test, known intents": (test.x, [intents(c, a) for c, a in zip(test.x, test.extra["intents"], strict=True)]),
    }
    calls, answers = [train.x[i] for i in kept], [labels[i] for i in kept]
    known = {label for turns in answers for label in turns}
    places = of_users(calls, answers, known)
    candidates = {
        "majority": (Frequency(), lambda call, t: call[t][1]),
        "linear on the turn": (BagOfWords(), lambda call, t: call[t][1]),
        "linear on the turn and those before": (BagOfWords(), lambda call, t: " ".join(f"{s}: {said}" for s, said in call[: t + 1])),
    }
    for name, (model, view) in candidates.items():
        start = time.process_time()
        model.fit([view(calls[i], t) for i, t in places], [answers[i][t] for i, t in places])
        seconds = time.process_time() - start
        for part, (x, y) in parts.items():
            asked = of_users(x, y, known)
            right = model.predict([view(x[i], t) for i, t in asked]) == np.array([y[i][t] for i, t in asked])
            line("intent per turn", name, part, f"{100 * right.mean():.1f}", "–", parameters=params(model), seconds=seconds)
    recurrent_intents(calls, answers, parts, known, epochs)


def recurrent_intents(calls: list[Any], answers: list[list[str]], parts: dict[str, Any], known: set[str], epochs: int) -> None:
    codec, start = Dialogue(), time.process_time()
    model = Model(Dialogue(), Symbols(), align="step", training=Training(max_epochs=epochs, batch_size=16, verbose=0))
    model.fit(calls, [codec.per_step(call, turns) for call, turns in zip(calls, answers, strict=True)])
    seconds = time.process_time() - start
    for part, (x, y) in parts.items():
        said = [codec.per_turn(call, steps) for call, steps in zip(x, model.predict(x), strict=True)]
        right = [said[i][t] == y[i][t] for i, t in of_users(x, y, known)]
        line("intent per turn", "recurrent", part, f"{100 * np.mean(right):.1f}", "–", parameters=params(model), seconds=seconds)


def race_outcomes(data: Any, epochs: int | str) -> None:
    train, test = ((split.x, [outcome(acts) for acts in split.extra["acts"]]) for split in (data["train"], data["test"]))
    print(f"<!-- outcomes: train {Counter(train[1])}, test {Counter(test[1])} -->")
    training = Training(max_epochs=epochs, verbose=0)  # type: ignore[arg-type]
    for name, model in (("majority", Frequency()), ("linear", BagOfWords()), ("default", Model(Dialogue(), Category(), training=training))):
        start = time.process_time()
        model.fit(list(train[0]), train[1])
        seconds, found = time.process_time() - start, list(model.predict(list(test[0])))
        right = np.mean([a == b for a, b in zip(found, test[1], strict=True)])
        even = balanced_accuracy_score(test[1], found)
        scores = (f"{100 * right:.1f}", f"{100 * even:.1f}")
        line("outcome of the call", name, "official test", *scores, parameters=params(model), seconds=seconds)


def params(model: Any) -> str:
    count = model.plan().parameters if isinstance(model, Model) else getattr(model, "parameters_", None)
    return "–" if count is None else f"{count:,}"


def head(split: Split, count: int | None) -> Split:
    return split if count is None else split.head(count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", nargs="*", choices=("intents", "outcome"), default=("intents", "outcome"))
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--calls", type=int, default=None, help="only so many calls of each part, for a quick look")
    chosen = parser.parse_args()
    held = load("sgd_dialogues", unit="dialogue")
    data = {part: head(held[part], chosen.calls) for part in ("train", "test")}
    print(
        f"{machine()}\n| task | candidate | part | accuracy | balanced | parameters | seconds of one core |\n|---|---|---|--:|--:|--:|--:|"
    )
    if "intents" in chosen.task:
        race_intents(data, chosen.epochs)
    if "outcome" in chosen.task:
        race_outcomes(data, chosen.epochs)


if __name__ == "__main__":
    main()
