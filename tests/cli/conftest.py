"""Small stand-ins for the estimators, so that the command line is tested without training anything."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import pytest
from sklearn.base import BaseEstimator

import elman
from elman.cli.app import run
from elman.errors import ModelFileError, SettingError, did_you_mean
from elman.forecasting.forecast import Forecast
from elman.timeseries.prediction import Prediction


class _Codec:
    def __init__(self, level: str = "") -> None:
        self.level = level

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.level!r})" if self.level else f"{type(self).__name__}()"


class Text(_Codec): ...


class Category(_Codec): ...


class Number(_Codec): ...


class Series(_Codec): ...


class Tags(_Codec): ...


KINDS = {kind.__name__.lower(): kind for kind in (Text, Category, Number, Series, Tags)}


def from_name(spec: str) -> _Codec:
    name, _, level = spec.partition(":")
    if name not in KINDS:
        raise SettingError(f"there is no codec {name!r}.{did_you_mean(name, KINDS)}")
    return KINDS[name](level)


def infer(values: list[Any]) -> tuple[_Codec, str]:
    if all(isinstance(value, str) and " " in value for value in values):
        return Text("word"), "texts with spaces"
    return Category(), "few different values"


class History(list[dict[str, Any]]):
    metric, best_epoch, stopped = "accuracy", 1, "max_epochs"


class Model:
    """Answers with the most frequent target; keeps what it was given."""

    made: ClassVar[list[Model]] = []

    def __init__(self, source: Any, target: Any, *, align: str = "auto", network: Any = None, training: Any = None) -> None:
        self.source, self.target, self.align, self.network, self.training = source, target, align, network, training
        Model.made.append(self)

    def fit(self, xs: list[Any], ys: list[Any]) -> Model:
        self.xs_, self.ys_, self.source_, self.target_ = xs, ys, self.source, self.target
        self.answer_, self.plan_, self.baseline_ = Counter(ys).most_common(1)[0][0], "a plan of\ntwo lines", 0.5
        self.history_ = History([{"epoch": 1, "metric": 0.8}])
        return self

    def predict(self, xs: list[Any]) -> list[Any]:
        return [self.answer_ for _ in xs]

    @property
    def classes_(self) -> list[Any]:
        return ["another", self.answer_]

    def predict_proba(self, xs: list[Any]) -> list[Any]:
        return [[0.25, 0.75] for _ in xs]

    def score(self, xs: list[Any], ys: list[Any]) -> float:
        return sum(y == self.answer_ for y in ys) / len(xs)

    def save(self, path: Path) -> None:
        Path(path).write_text(json.dumps({"kind": type(self).__name__}))
        SAVED[str(path)] = self


class LanguageModel:
    def __init__(self, codec: Any, *, network: Any = None, training: Any = None) -> None:
        self.codec, self.network, self.training = codec, network, training

    def fit(self, texts: list[str]) -> LanguageModel:
        self.source_, self.target_, self.texts_ = None, self.codec, texts
        return self

    def generate(self, prompt: str, *, stream: bool, **options: Any) -> Iterator[str]:
        assert stream
        self.prompt_ = prompt
        self.options_ = options
        yield from (" one", " two")

    def perplexity(self, texts: list[str]) -> float:
        return 4.0 if texts else 0.0

    def score(self, texts: list[str]) -> float:
        return 2.0 if texts else 0.0

    save = Model.save


class Forecaster(BaseEstimator):
    def __init__(self, horizon: int, *, network: Any = None, training: Any = None) -> None:
        self.horizon, self.network, self.training = horizon, network, training

    def fit(self, panel: Any) -> Forecaster:
        self.columns_in: dict[str, list[Any]] = {"unique_id": [], "ds": [], "y": []}
        for one in panel.series:
            self.columns_in["unique_id"] += [one.name] * len(one.stamps)
            self.columns_in["ds"] += one.stamps
            self.columns_in["y"] += one.values.tolist()
        self.panel_ = panel
        return self

    @property
    def lookback_(self) -> int:
        return 1

    def forecast_from(self, panel: Any, series: Any, cutoffs: Any, *, horizon: Any = None, level: Any = None) -> Any:
        seven = np.full((len(series), horizon or self.horizon), 7.0)
        return Prediction(mean=seven, low={80: seven - 1}, high={80: seven + 1})

    def predict(self, data: Any = None) -> Forecast:
        seven = np.full((len(self.panel_.series), self.horizon), 7.0)
        stamps = [list(range(self.horizon)) for _ in seven]
        return Forecast(panel=self.panel_, stamps=stamps, prediction=Prediction(mean=seven, low={}, high={}))

    save = Model.save


@dataclass
class Outcome:
    task: str
    shape: str
    path: Path
    command: str
    metric: str = "accuracy"
    score: float = 0.9
    baseline: float = 0.5
    baseline_name: str = "most frequent"
    seconds: float = 1.5


@dataclass
class Task:
    name: str
    shape: str

    def run(self, factor: float, folder: Path, verbose: int) -> Outcome:
        path = folder / f"{self.name}.elman"
        path.write_text(f"{factor} {verbose}")
        return Outcome(self.name, self.shape, path, f"elman info {path}")


class DemoTasks:
    TASKS = (Task("digits", "one-to-one"), Task("prices", "forecast"))


SAVED: dict[str, Any] = {}


def load(path: Path) -> Any:
    if str(path) not in SAVED:
        raise ModelFileError(f"{path}: not a model file.")
    return SAVED[str(path)]


@pytest.fixture
def fake() -> ModuleType:
    """This module: its stand-ins and what they were given."""
    return sys.modules[__name__]


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    SAVED.clear()
    Model.made.clear()
    for name, fake in (("Model", Model), ("LanguageModel", LanguageModel), ("Forecaster", Forecaster), ("load", load)):
        monkeypatch.setitem(vars(elman), name, fake)
    monkeypatch.setattr("elman.codecs.from_name", from_name, raising=False)
    monkeypatch.setattr("elman.codecs.infer", infer, raising=False)


@pytest.fixture
def elman_cli(
    fakes: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run a command line in an empty folder; return exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    path = tmp_path / "reviews.csv"
    path.write_text("id,review,stars\n1,good book here,5\n2,bad book here,1\n3,fine book here,5\n4,,5\n5,odd book here,\n")
    return path
