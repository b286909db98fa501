"""Baselines in reports: their predictions through ``predict``, ``predict_proba`` and ``surprisal`` alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman.errors import DataError
from elman.fitting.fitted import forecasts
from elman.fitting.inputs import paired_rows, rows_of
from elman.inspection.report.predictions import Judged, judged_series

_FACTS = (("parameters", "parameters_"), ("season", "season_"), ("constant", "constant_"))


def judged_baseline(model: Any, X: Any, y: Any) -> Judged:
    """Let a baseline answer values whose answers are known."""
    if forecasts(model):
        return judged_series(model, X, model.lookback_)
    if y is None:
        return _texts(model, X)
    xs, ys = paired_rows(rows_of(X, "X"), rows_of(y, "y"))
    predictions = list(model.predict(xs))
    lengths = np.array([len(x) if hasattr(x, "__len__") else 1 for x in xs])
    common: dict[str, Any] = {"xs": xs, "ys": ys, "said": predictions, "lengths": lengths, "total": len(xs)}
    if hasattr(model, "classes_") and hasattr(model, "predict_proba"):
        return _classes(model, common)
    if all(np.ndim(answer) == 0 and np.asarray(answer).dtype.kind in "iuf" for answer in (*ys, *predictions)):
        faults = np.abs(np.asarray(predictions, dtype=np.float64) - np.asarray(ys, dtype=np.float64))
        return Judged(shape="numbers", truth=ys, answers=predictions, faults=faults, fault_name="absolute error", score=None, **common)
    faults = np.array([float(np.mean(np.asarray(a) != np.asarray(t))) for a, t in zip(predictions, ys, strict=True)])
    return Judged(shape="steps", truth=ys, answers=predictions, faults=faults, fault_name="share of wrong answers", score=None, **common)


def fitted_facts(model: Any) -> list[tuple[str, Any]]:
    """Return what a baseline learned, where it is small enough to be read."""
    return [(name, getattr(model, attribute)) for name, attribute in _FACTS if hasattr(model, attribute)]


def _classes(model: Any, common: dict[str, Any]) -> Judged:
    index = {label: i for i, label in enumerate(list(model.classes_))}
    unknown = next((y for y in common["ys"] if y not in index), None)
    if unknown is not None:
        raise DataError(f"report was given the class {unknown!r}, which was not in training. Its classes are {list(index)[:10]}.")
    truth = np.array([index[y] for y in common["ys"]])
    proba = np.asarray(model.predict_proba(common["xs"]))
    answers = np.array([index[prediction] for prediction in common["said"]])
    faults, score = 1.0 - proba[np.arange(len(truth)), truth], float((answers == truth).mean())
    name = "1 - probability of the truth"
    return Judged(
        shape="classes", truth=truth.tolist(), answers=answers.tolist(), proba=proba, faults=faults, fault_name=name, score=score, **common
    )


def _texts(model: Any, X: Any) -> Judged:
    texts = [X] if isinstance(X, str) else rows_of(X, "X")
    each = model.surprisal(texts)
    faults = np.array([float(values.mean()) for values in each])
    lengths = np.array([len(values) for values in each])
    score = float(np.concatenate(each).mean())
    common: dict[str, Any] = {"ys": [], "said": [], "answers": [], "truth": [], "fault_name": "bits per symbol"}
    return Judged(shape="texts", xs=texts, faults=faults, score=score, lengths=lengths, total=len(texts), **common)
