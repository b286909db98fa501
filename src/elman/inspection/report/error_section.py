"""Error section: which mistakes a model makes, by the kind of its answers."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from elman.codecs import Discrete
from elman.inspection.networks import name_of
from elman.inspection.report.predictions import Judged
from elman.inspection.report.summary_section import histogram
from elman.markup import Line, confusion, line_chart, scatter_chart, table

_CLASSES = 25
_POINTS = 1500


def errors_of(model: Any, seen: Judged) -> list[Any]:
    """Draw the mistakes."""
    if not len(seen.faults):
        return []
    return {"classes": _classes, "steps": _steps, "tags": _tags, "numbers": _numbers, "series": _series}.get(seen.shape, _spread)(
        model, seen
    )


def _classes(model: Any, seen: Judged) -> list[Any]:
    true = np.array([int(t) for t in seen.truth])
    return _confused(model, true, np.array([int(a) for a in seen.answers]))


def _steps(model: Any, seen: Judged) -> list[Any]:
    if not hasattr(model, "plan_") or not isinstance(model.plan_.target.space, Discrete):
        return _spread(model, seen)
    return [*_confused(model, np.concatenate(seen.truth), np.concatenate([np.asarray(a) for a in seen.answers])), *_spread(model, seen)]


def _confused(model: Any, true: np.ndarray, said: np.ndarray) -> list[Any]:
    """Confusion of the most frequent classes, and precision and recall of each."""
    frequent = [index for index, _ in Counter(true.tolist()).most_common(_CLASSES)]
    frequent = sorted(frequent)
    coded = hasattr(model, "target_")
    names = [name_of(model.target_, index) if coded else str(model.classes_[index]) for index in frequent]
    counts = np.array([[int(((true == a) & (said == b)).sum()) for b in frequent] for a in frequent])
    rows = []
    for index, name in zip(frequent, names, strict=True):
        right, predicted, true_count = (
            int(((true == index) & (said == index)).sum()),
            int((said == index).sum()),
            int((true == index).sum()),
        )
        rows.append((name, true_count, right / predicted if predicted else 0.0, right / true_count if true_count else 0.0))
    others = len(set(true.tolist())) - len(frequent)
    caption = "Precision and recall" + (f" of the {len(frequent)} most frequent classes of {len(frequent) + others}" if others > 0 else "")
    return [
        confusion(counts, names=names, title="True classes and answers"),
        table(["class", "rows", "precision", "recall"], rows, caption=caption),
    ]


def _tags(model: Any, seen: Judged) -> list[Any]:
    true, answers = np.stack([np.asarray(t) for t in seen.truth]) > 0.5, np.stack(seen.answers) > 0.5
    rows = []
    for index, name in enumerate(model.target_.classes_):
        right, predicted, true_count = int((true & answers)[:, index].sum()), int(answers[:, index].sum()), int(true[:, index].sum())
        rows.append((str(name), true_count, right / predicted if predicted else 0.0, right / true_count if true_count else 0.0))
    rows.sort(key=lambda row: -row[1])
    return [table(["tag", "rows", "precision", "recall"], rows[: 2 * _CLASSES], caption="Precision and recall")]


def _numbers(model: Any, seen: Judged) -> list[Any]:  # noqa: ARG001  # one signature for all shapes
    true, answers = (np.asarray(values, dtype=np.float64).reshape(len(seen), -1)[:, 0] for values in (seen.ys, seen.said))
    some = np.linspace(0, len(true) - 1, min(len(true), _POINTS)).astype(np.int64)
    chart = scatter_chart(
        true[some].tolist(), answers[some].tolist(), title="Truth and answers", x_label="true", y_label="answered", diagonal=True
    )
    quantiles = np.quantile(np.abs(answers - true), (0.5, 0.9, 0.99))
    lines = [("in the middle", quantiles[0]), ("in 90 % at most", quantiles[1]), ("in 99 % at most", quantiles[2])]
    return [chart, table(["absolute error", "value"], [(name, float(value)) for name, value in lines])]


def _series(model: Any, seen: Judged) -> list[Any]:  # noqa: ARG001  # one signature for all shapes
    """Forecast and truth of the series that is in the middle, and the error by step of the horizon."""
    row = int(seen.order[len(seen) // 2])
    history, horizon = np.asarray(seen.xs[row], dtype=np.float64), len(seen.ys[row])
    shown = min(len(history), 6 * horizon)
    steps = list(range(-shown + horizon + 1, horizon + 1))
    lines = [
        Line(name="series", x=steps, y=history[-shown:].tolist()),
        Line(name="forecast", x=list(range(1, horizon + 1)), y=np.asarray(seen.said[row]).tolist(), dashed=True),
    ]
    chart = line_chart(
        lines, title="A series of middling error and its forecast", x_label="step after the end of what was read", y_label="value"
    )
    errors = np.nanmean([np.abs(np.asarray(s) - t) for s, t in zip(seen.said, seen.ys, strict=True)], axis=0)
    by_step = [Line(name="", x=list(range(1, horizon + 1)), y=errors.tolist())]
    return [
        chart,
        line_chart(by_step, title="Mean absolute error by step", x_label="step", y_label="mean absolute error") if horizon > 1 else None,
    ]


def _spread(model: Any, seen: Judged) -> list[Any]:  # noqa: ARG001  # one signature for all shapes
    finite = seen.faults[np.isfinite(seen.faults)]
    if not len(finite):
        return []
    return [histogram(finite, f"Rows by {seen.fault_name}", "rows")]
