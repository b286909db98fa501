"""Predictions of a model for values with known answers, for reports and cards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from elman.codecs import Binary, Continuous, Discrete
from elman.fitting.fitted import forecasts, generates
from elman.fitting.inference import decode_all, length_of, predict_rows, proba_rows
from elman.fitting.inputs import paired_rows, rows_of
from elman.inspection.batches import documents
from elman.metrics.scores import edit_distance
from elman.timeseries.read import read_panel

_TEXTS = 1_000
"""Texts judged at most."""
_WRITTEN = 200
"""Rows judged at most where answers are searched for symbol by symbol."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """Values with the predictions of a model.

    Attributes
    ----------
    shape : {"classes", "tags", "numbers", "steps", "written", "texts", "series"}
        Kind of the answers.
    xs, ys : list
        Values and their true answers (none for texts and series).
    said : list
        Answers of the model.
    faults : ndarray
        (N,) how wrong each row is: 1 - probability of the true class, absolute error, share of wrong steps, edit distance over length,
        bits per symbol of a text, absolute scaled error of a series. Lower is better.
    fault_name : str
        Name of ``faults``.
    score : float or None
        As ``score`` gives it, over these rows.
    lengths : ndarray
        (N,) steps of each value.
    total : int
        Rows given; more than were judged where answers are written.
    """

    shape: str
    xs: list[Any]
    ys: list[Any]
    said: list[Any]
    faults: np.ndarray
    fault_name: str
    score: float | None
    lengths: np.ndarray
    total: int
    truth: list[Any] = field(repr=False)
    answers: list[Any] = field(repr=False)
    proba: np.ndarray | None = field(default=None, repr=False)

    def __len__(self) -> int:
        """Number of rows that were judged."""
        return len(self.xs)

    @cached_property
    def order(self) -> np.ndarray:
        """Rows from the best answer to the worst."""
        return np.argsort(self.faults, kind="stable")


def judged(model: Any, X: Any, y: Any, seed: int = 0) -> Judged:
    """Let a model answer values whose answers are known.

    Parameters
    ----------
    model : Model, LanguageModel or Forecaster
        Fitted.
    X : list, array or column
        Values; texts for a language model, series for a forecaster.
    y : list, array or column
        True answers of a ``Model``.
    seed : int, default 0
        Which rows are taken where answers are written and there are many.

    Returns
    -------
    Judged
        Answers and faults.
    """
    if generates(model):
        return _texts(model, X)
    if forecasts(model):
        return judged_series(model, X, model.horizon_)
    xs, ys = paired_rows(rows_of(X, "X"), rows_of(y, "y"))
    total = len(xs)
    if model.plan_.writes_symbols and total > _WRITTEN:
        chosen = np.sort(np.random.default_rng(seed).permutation(total)[:_WRITTEN]).tolist()
        xs, ys = [xs[i] for i in chosen], [ys[i] for i in chosen]
    sources = model.pair_.encode_sources(xs)
    truth = model.pair_.encode_targets(xs, ys)
    lengths = np.array([length_of(source) for source in sources])
    common: dict[str, Any] = {"xs": xs, "ys": ys, "truth": truth, "lengths": lengths, "total": total}
    return _one(model, sources, common) if model.target_.rank == "one" else _many(model, sources, common)


def _one(model: Any, sources: list[Any], common: dict[str, Any]) -> Judged:
    """One answer a row: a class, tags or numbers."""
    space, truth = model.target_.space, np.stack([np.asarray(t) for t in common["truth"]])
    if isinstance(space, Continuous):
        answers = predict_rows(model.model_, sources, model.source_)
        predictions = list(decode_all(model.target_, answers))
        faults = _distances(predictions, common["ys"])
        score = model._scoring().score(answers, common["truth"])
        return Judged(shape="numbers", said=predictions, answers=answers, faults=faults, fault_name="absolute error", score=score, **common)
    proba = np.stack(proba_rows(model.model_, sources, model.source_))
    binary = isinstance(space, Binary)
    answers = list((proba > 0.5).astype(np.float32)) if binary else list(proba.argmax(-1))
    faults = np.abs(proba - truth).max(-1) if binary else 1.0 - proba[np.arange(len(proba)), truth.astype(np.int64)]
    name = "largest miss of a tag" if binary else "1 - probability of the truth"
    predictions, score = list(decode_all(model.target_, answers)), model._scoring().score(answers, common["truth"])
    shape = "tags" if binary else "classes"
    return Judged(shape=shape, said=predictions, answers=answers, faults=faults, fault_name=name, score=score, proba=proba, **common)


def _many(model: Any, sources: list[Any], common: dict[str, Any]) -> Judged:
    """A sequence a row: one answer a step, or written freely."""
    from elman.generation.options import decoding_of

    answers = predict_rows(model.model_, sources, model.source_, decoding_of(model.plan_, {}))
    predictions = list(model.pair_.decode(common["xs"], answers))
    aligned, discrete = model.plan_.answers_steps, isinstance(model.plan_.target.space, Discrete)
    pairs = list(zip(answers, common["truth"], strict=True))
    score = model._scoring().score(answers, common["truth"]) if aligned or discrete else None
    if aligned:
        same = [np.asarray(a) == np.asarray(t) if discrete else np.abs(np.asarray(a) - np.asarray(t)) for a, t in pairs]
        faults = np.array([(1.0 - np.mean(s) if discrete else np.mean(s)) if np.size(s) else 0.0 for s in same])
        name = "share of wrong steps" if discrete else "mean absolute error"
    else:
        faults = np.array([edit_distance(a, t) / max(len(t), 1) for a, t in pairs] if discrete else [np.nan] * len(pairs), dtype=np.float64)
        name = "edit distance over length"
    shape = "steps" if aligned else "written"
    return Judged(shape=shape, said=predictions, answers=answers, faults=faults, fault_name=name, score=score, **common)


def _texts(model: Any, X: Any) -> Judged:
    texts = documents(model, X)
    some = texts[:_TEXTS]
    each = [model._judge([text]) for text in some]
    unit = 1.0 if model.history_.metric == "nats" else np.log(2)
    bits = np.array([one.nats / one.units / unit for one in each])
    total = sum(one.nats for one in each) / max(sum(one.units for one in each), 1) / unit
    common: dict[str, Any] = {"ys": [], "said": [], "answers": [], "truth": [], "fault_name": f"{model.history_.metric} per symbol"}
    lengths = np.array([one.units - 1 for one in each])
    return Judged(shape="texts", xs=some, faults=bits, score=total, lengths=lengths, total=len(texts), **common)


def judged_series(model: Any, X: Any, horizon: int) -> Judged:
    """Forecast the last steps of each series from the steps before them."""
    panel = read_panel(X)
    available = [np.asarray(one.values, dtype=np.float64) for one in panel.series]
    common: dict[str, Any] = {"shape": "series", "fault_name": "error over the last value's", "total": len(available)}
    long = [row for row, one in enumerate(available) if len(one) > 2 * horizon + 2]
    if not long:
        lengths = np.array([len(one) for one in available])
        return Judged(xs=available, ys=[], said=[], truth=[], answers=[], faults=np.zeros(0), score=None, lengths=lengths, **common)
    xs = [available[row] for row in long]
    answers = list(model.forecast_from(panel, long, [len(one) - horizon for one in xs], horizon=horizon).mean)
    true = [one[-horizon:] for one in xs]
    scales = [max(float(np.nanmean(np.abs(np.diff(one[:-horizon])))), 1e-12) for one in xs]
    faults = np.array([float(np.nanmean(np.abs(s - t))) / scale for s, t, scale in zip(answers, true, scales, strict=True)])
    score = float(model.score(X)) if len(long) == len(available) and hasattr(model, "score") else None
    lengths = np.array([len(one) for one in xs])
    return Judged(xs=xs, ys=true, said=answers, truth=true, answers=answers, faults=faults, score=score, lengths=lengths, **common)


def _distances(said: Sequence[Any], true: Sequence[Any]) -> np.ndarray:
    pairs = zip(said, true, strict=True)
    return np.array([float(np.mean(np.abs(np.asarray(a, dtype=np.float64) - np.asarray(t, dtype=np.float64)))) for a, t in pairs])
