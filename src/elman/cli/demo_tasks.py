"""The demo's tasks: the four shapes of the classic RNN picture and forecasting, each a model, its score and a baseline."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from elman.cli import demo_data


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One line of the final table."""

    task: str
    shape: str
    metric: str
    score: float
    baseline: float
    baseline_name: str
    seconds: float
    path: Path
    command: str


@dataclass(frozen=True, kw_only=True)
class Task:
    """Tasks of the demo: a name, the shape in the classic picture, and a function of (budget factor, folder, verbose)."""

    name: str
    shape: str
    run: Callable[[float, Path, int], Outcome]


def _training(seconds: float, verbose: int, **settings: Any) -> Any:
    from elman import Training

    return Training(budget=seconds, verbose=verbose, **settings)


def _digit_class(factor: float, folder: Path, verbose: int) -> Outcome:
    from elman import Category, Image, Model

    split, start = demo_data.digits(spelled=False), time.perf_counter()
    model = Model(Image(), Category(), training=_training(15 * factor, verbose)).fit(split.x_train, split.y_train)
    return _outcome("digit picture -> class", "one-to-one", "accuracy", model, split, start, folder / "digits.elman")


def _digit_word(factor: float, folder: Path, verbose: int) -> Outcome:
    from elman import Image, Model, Text

    split, start = demo_data.digits(spelled=True), time.perf_counter()
    model = Model(Image(), Text("char"), training=_training(25 * factor, verbose)).fit(split.x_train, split.y_train)
    return _outcome("digit picture -> word", "one-to-many", "whole words", model, split, start, folder / "spelled.elman")


def _vowels(factor: float, folder: Path, verbose: int) -> Outcome:
    from elman import Category, Model, Series

    split, start = demo_data.japanese_vowels(), time.perf_counter()
    model = Model(Series(), Category(), training=_training(30 * factor, verbose)).fit(split.x_train, split.y_train)
    return _outcome("vowels -> speaker", "many-to-one", "accuracy", model, split, start, folder / "vowels.elman")


def _stress(factor: float, folder: Path, verbose: int) -> Outcome:
    from elman import Model, Symbols

    split, start = demo_data.stress(), time.perf_counter()
    model = Model(Symbols(), Symbols(), align="step", training=_training(20 * factor, verbose)).fit(split.x_train, split.y_train)
    usual = _usual_answer(split.x_train, split.y_train)
    guess = [[usual.get(p, "-") for p in row] for row in split.x_test]
    baseline = float(np.mean([a == b for g, t in zip(guess, split.y_test, strict=True) for a, b in zip(g, t, strict=True)]))
    score, path = model.score(split.x_test, split.y_test), folder / "stress.elman"
    model.save(path)
    return Outcome(
        task="phonemes -> stress", shape="many-to-many (aligned)", metric="accuracy", score=score, baseline=baseline,
        baseline_name="usual stress of the phoneme", seconds=time.perf_counter() - start, path=path, command=_samples(path, split.x_test),
    )  # fmt: skip


def _usual_answer(rows: Sequence[Sequence[str]], answers: Sequence[Sequence[str]]) -> dict[str, str]:
    counts: dict[str, Counter[str]] = {}
    for row, answer in zip(rows, answers, strict=True):
        for step, label in zip(row, answer, strict=True):
            counts.setdefault(step, Counter())[label] += 1
    return {step: count.most_common(1)[0][0] for step, count in counts.items()}


def phoneme_error_rate(predicted: Sequence[Sequence[str]], accepted: Sequence[Sequence[Sequence[str]]]) -> float:
    """Return edits to the nearest accepted pronunciation over the length of that pronunciation, summed over words."""
    from elman.metrics.scores import edit_distance

    edits = total = 0
    codes: dict[str, int] = {}
    for guess, answers in zip(predicted, accepted, strict=True):
        coded = [[codes.setdefault(p, len(codes)) for p in phonemes] for phonemes in (guess, *answers)]
        distance, length = min((edit_distance(coded[0], answer), len(answer)) for answer in coded[1:])
        edits, total = edits + distance, total + length
    return edits / max(1, total)


def _phonemes(factor: float, folder: Path, verbose: int) -> Outcome:
    from elman import Model, Symbols, Text

    split, start = demo_data.phonemes(), time.perf_counter()
    model = Model(Text("char"), Symbols(), align="attention", training=_training(85 * factor, verbose)).fit(split.x_train, split.y_train)
    rows = slice(0, 2000)
    score = phoneme_error_rate(model.predict(split.x_test[rows]), split.y_test[rows])
    guess = letter_baseline(split)(split.x_test[rows])
    path = folder / "phonemes.elman"
    model.save(path)
    return Outcome(
        task="word -> phonemes", shape="many-to-many (free)", metric="phoneme error", score=score,
        baseline=phoneme_error_rate(guess, split.y_test[rows]), baseline_name="usual phoneme of each letter",
        seconds=time.perf_counter() - start, path=path, command=_samples(path, ["elman", "recurrent", "network", *split.x_test[:7]]),
    )  # fmt: skip


def letter_baseline(split: demo_data.Split) -> Callable[[Sequence[str]], list[list[str]]]:
    """Return a function that spells words by the usual phoneme of each letter, learnt where both are equally long."""
    letters = _usual_answer(*_same_length(split.x_train, split.y_train))
    return lambda words: [[letters[c] for c in word if c in letters] for word in words]


def _same_length(words: Sequence[str], phonemes: Sequence[Sequence[str]]) -> tuple[list[Any], list[Any]]:
    pairs = [(list(w), p) for w, p in zip(words, phonemes, strict=True) if len(w) == len(p)]
    return [w for w, _ in pairs], [p for _, p in pairs]


def _forecast(name: str, load: Callable[[], Any], horizon: int, seconds: float) -> Callable[[float, Path, int], Outcome]:
    def run(factor: float, folder: Path, verbose: int) -> Outcome:
        """Forecast the last steps from the ones before."""
        from elman import Forecaster

        frame, start = load(), time.perf_counter()
        past, future = _last_steps_held_out(frame, horizon)
        model = Forecaster(horizon, training=_training(seconds * factor, verbose)).fit(past)
        forecast = model.predict().mean
        simplest = np.stack([model.windows_.reference(s.values) for s in model.panel_.series])
        path = folder / f"{name.split(',')[0]}.elman"
        model.save(path)
        simplest_name = "last value" if model.windows_.season == 1 else f"value {model.windows_.season} steps ago"
        return Outcome(
            task=name, shape="forecast", metric="mean abs. error", score=float(np.abs(forecast - future).mean()),
            baseline=float(np.abs(simplest - future).mean()), baseline_name=simplest_name,
            seconds=time.perf_counter() - start, path=path, command=_history(path, frame),
        )  # fmt: skip

    return run


def _last_steps_held_out(frame: Any, horizon: int) -> tuple[Any, np.ndarray]:
    groups = [group for _, group in frame.groupby("unique_id", sort=False)]
    import pandas

    past = pandas.concat([group.iloc[:-horizon] for group in groups])
    return past, np.stack([group["y"].to_numpy()[-horizon:] for group in groups])


def _samples(path: Path, values: Sequence[Any]) -> str:
    """Write ten held-out inputs beside a model and return the command that reads them."""
    from elman.io import tables

    file = path.with_suffix(".jsonl")
    tables.write(file, {"input": [np.asarray(v).tolist() for v in values[:10]]})
    return f"elman predict {path} {file} --source input"


def _history(path: Path, frame: Any) -> str:
    """Write the whole series beside a model and return the command that forecasts its continuation."""
    from elman.io import tables

    file = path.with_suffix(".csv")
    tables.write(file, {name: frame[name].tolist() for name in frame.columns})
    return f"elman forecast {file} --time ds --value y --group unique_id --model {path}"


def _outcome(task: str, shape: str, metric: str, model: Any, split: demo_data.Split, start: float, path: Path) -> Outcome:
    predicted = model.predict(split.x_test)
    usual, _ = Counter(split.y_train).most_common(1)[0]
    model.save(path)
    return Outcome(
        task=task, shape=shape, metric=metric, score=float(np.mean([p == t for p, t in zip(predicted, split.y_test, strict=True)])),
        baseline=float(np.mean([usual == t for t in split.y_test])), baseline_name="most frequent", seconds=time.perf_counter() - start,
        path=path, command=_samples(path, split.x_test),
    )  # fmt: skip


TASKS = [
    Task(name="digits", shape="one-to-one", run=_digit_class),
    Task(name="spelled", shape="one-to-many", run=_digit_word),
    Task(name="vowels", shape="many-to-one", run=_vowels),
    Task(name="stress", shape="many-to-many (aligned)", run=_stress),
    Task(name="phonemes", shape="many-to-many (free)", run=_phonemes),
    Task(name="prices", shape="forecast", run=_forecast("prices, monthly", demo_data.stock_prices, 12, 12)),
    Task(name="temperatures", shape="forecast", run=_forecast("temperatures, hourly", demo_data.temperatures, 24, 20)),
]
"""In the order they are run."""
