"""Running a comparison: one candidate after the other, the time shared among those who need it."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any, TextIO

from elman.comparison.candidate import Candidate
from elman.comparison.cost import bytes_of, milliseconds, parameters_of
from elman.comparison.results import Results, continuing
from elman.comparison.tasks.forecaster import ForecasterTask
from elman.comparison.tasks.language_model import LanguageModelTask
from elman.comparison.tasks.model import ModelTask
from elman.metrics.measure import Judgement
from elman.training.progress import clock

LEAST = 1.0
"""Seconds below which a network has not even begun to learn."""

Task = ModelTask | LanguageModelTask | ForecasterTask


class Run:
    """One run: everyone in turn, time shared, results kept as they come.

    Parameters
    ----------
    task : Task
        The task.
    results : Results
        Where results are kept.
    budget : float or None
        Seconds for all networks together.
    verbose : int
        0 prints nothing.
    stream : file, optional
        Where to; ``sys.stderr`` by default.
    """

    def __init__(self, task: Task, results: Results, budget: float | None, verbose: int, stream: TextIO | None = None) -> None:
        self.task, self.results, self.left, self.verbose = task, results, budget, verbose
        self.stream = stream or sys.stderr

    def run(self, chosen: list[Candidate]) -> tuple[dict[str, Judgement], dict[str, dict[str, Any]], dict[str, Any]]:
        """Return judgements, facts and fitted estimators by name."""
        judged: dict[str, Judgement] = {}
        facts: dict[str, dict[str, Any]] = {}
        fitted: dict[str, Any] = {}
        waiting = sum(one.kind != "simple" for one in chosen)
        for place, one in enumerate(chosen, 1):
            self._say(f"[{place}/{len(chosen)}] {one.label} …")
            stored = self.results.read(one.name)
            if stored is not None:
                facts[one.name], judged[one.name] = stored
                fitted[one.name] = self.results.load(one.name)
            else:
                begun = time.perf_counter()
                fitted[one.name] = self._learn(one, waiting)
                facts[one.name], judged[one.name] = self._judge(one, fitted[one.name], time.perf_counter() - begun)
                self.results.write(one.name, facts[one.name], judged[one.name])
            waiting -= one.kind != "simple"
            self._report(judged[one.name], facts[one.name], read_back=stored is not None)
        return judged, facts, fitted

    def _learn(self, one: Candidate, waiting: int) -> Any:
        estimator = one.make()
        if one.kind != "simple":
            quiet: dict[str, Any] = {"training__verbose": max(0, self.verbose - 1)}
            folder = estimator.get_params().get("training__checkpoint_dir")
            if folder is not None:  # equal networks are learned twice: each has its own time
                quiet["training__checkpoint_dir"] = str(Path(folder) / one.name)
            if self.left is not None:
                quiet["training__budget"] = max(LEAST, self.left / waiting)
            estimator.set_params(**quiet)
        begun = time.perf_counter()
        self.task.fit(estimator, one)
        history = getattr(estimator, "history_", None)
        if history is not None and history.interrupted:
            raise KeyboardInterrupt
        if self.left is not None:
            self.left -= time.perf_counter() - begun
        return estimator

    def _judge(self, one: Candidate, estimator: Any, took: float) -> tuple[dict[str, Any], Judgement]:
        judged = self.task.judge(estimator, one)
        facts = {
            "name": one.name,
            "label": one.label,
            "kind": one.kind,
            "rank": one.rank,
            "beside": one.beside,
            "seconds": took,
            "latency": milliseconds(self.task.ask(estimator), len(self.task.parts.test_x)),
            "parameters": parameters_of(estimator),
            "bytes": self._save(one.name, estimator),
            "stopped": getattr(getattr(estimator, "history_", None), "stopped", ""),
        }
        return facts, judged

    def _save(self, name: str, estimator: Any) -> int:
        """Return the size of the estimator's file, which is kept where there is a folder for it."""
        with continuing(f"the file of {name}"):
            return bytes_of(estimator, self.results.model(name))
        return 4 * parameters_of(estimator)

    def _report(self, judged: Judgement, facts: dict[str, Any], *, read_back: bool) -> None:
        score = f"{self.task.measure.name} {self.task.measure.value(judged):.4g}"
        how = "read back" if read_back else f"learned in {facts['seconds']:.1f} s"
        left = "" if self.left is None else f", {clock(max(0.0, self.left))} of the budget left"
        self._say(f" {score}, {how}{left}", end="\n")

    def _say(self, text: str, end: str = "") -> None:
        if self.verbose:
            self.stream.write(text + end)
            self.stream.flush()
