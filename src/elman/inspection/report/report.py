"""Report: one page about a model, put together from the sections of this room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from elman.errors import DataError, FileError, SettingError
from elman.fitting.fitted import forecasts, generates, takes_answers
from elman.inspection.diagnosis.diagnose import diagnose
from elman.inspection.html import to_markup
from elman.inspection.memory.measuring import memory
from elman.inspection.networks import networks_of
from elman.inspection.report.error_section import errors_of
from elman.inspection.report.example_section import examples_of, readable
from elman.inspection.report.model_card import card_of, heading, held_out, metric_of
from elman.inspection.report.page import page
from elman.inspection.report.predictions import Judged, judged
from elman.inspection.report.summary_section import data_of, leaderboard_of
from elman.inspection.trace.tracing import trace
from elman.io import atomic
from elman.markup import element, facts

_MEASURED = 400
"""Values whose memory is measured at most."""
_LOOKED = 500
"""Values that a diagnosis looks at at most."""


def report(model: Any, path: str | Path, X: Any = None, y: Any = None, *, leaderboard: Any = None, title: str | None = None) -> Path:
    """Write the page; see :meth:`elman.Model.report`.

    Parameters
    ----------
    model : Model, LanguageModel or Forecaster
        Fitted.
    path : str or Path
        An HTML file; an existing one is replaced only when the new one is whole.
    X : list, array or column, optional
        Values to judge the model on.
    y : list, array or column, optional
        True answers of a ``Model``.
    leaderboard : Leaderboard, optional
        To are in the page.
    title : str, optional
        Heading.

    Returns
    -------
    Path
        The file.
    """
    networks_of(model, "report", recurrent=False)
    path = Path(path)
    if path.is_dir():
        raise FileError(f"{path} is a folder; report writes one file. Name it, as {path.name}/report.html.")
    if (X is None) != (y is None) and takes_answers(model):
        raise DataError("report needs values X together with their answers y, or neither. Give both.")
    seen = None if X is None else judged(model, X, y)
    output = page(
        title or heading(model), _lead(model, seen), [(name, parts) for name, parts in _sections(model, seen, leaderboard) if parts]
    )
    atomic.write(path, output.encode("utf-8", "replace"))
    return path


def _lead(model: Any, seen: Judged | None) -> list[Any]:
    lines: list[tuple[str, Any]] = []
    if seen is not None and seen.score is not None:
        lines.append((f"{metric_of(model)} on {len(seen):,} given rows", seen.score))
    best, history = held_out(model), model.history_
    if best is not None:
        lines.append((f"{history.metric} on what was held out in training", best))
    lines += [("simplest guess there", history.baseline), ("parameters", model.plan_.parameters)]
    return [facts(lines)]


def _sections(model: Any, seen: Judged | None, leaderboard: Any) -> list[tuple[str, list[Any]]]:
    """Every section, in the order of reading; sections without data are left out."""
    sections: list[tuple[str, list[Any]]] = [("Data", [] if seen is None else data_of(seen))]
    sections += [("Leaderboard", [] if leaderboard is None else leaderboard_of(leaderboard)), ("Training", model.history_.to_markup())]
    if seen is not None:
        sections += [("Errors", errors_of(model, seen)), ("Examples", examples_of(seen))]
        sections += [("Inside one value", _tried(lambda: _inside(model, seen))), ("Memory", _tried(lambda: _memory(model, seen)))]
    result = _tried(lambda: _diagnosis(model, seen))
    plan = [element("details", element("summary", "Settings and plan"), *to_markup(model)[1:2], model.plan_.to_markup())]
    return [*sections, ("Diagnosis", result), ("Plan", plan), ("Model card", [element("pre", card_of(model, seen))])]


def _tried(section: Callable[[], list[Any]]) -> list[Any]:
    """A section, or why these values have none: one odd value must not cost the page."""
    try:
        return section()
    except (DataError, SettingError) as error:
        return [element("p", f"Left out: {error}", class_="note")]


def _inside(model: Any, seen: Judged) -> list[Any]:
    """The trace of a value of middling length that the model got right."""
    if forecasts(model):
        return trace(model, seen.xs[0]).to_markup()
    good = seen.order[: max(1, len(seen) // 2)]
    row = int(min(good, key=lambda i: abs(int(seen.lengths[i]) - 30)))
    value = seen.xs[row]
    if generates(model):
        value = value[:300]
    result = trace(model, value)
    return [element("p", f"Answer: {readable(result.answer)}"), *result.to_markup()]


def _memory(model: Any, seen: Judged) -> list[Any]:
    values = seen.xs[:_MEASURED]
    return memory(model, values, seen.ys[:_MEASURED] if takes_answers(model) else None).to_markup()


def _diagnosis(model: Any, seen: Judged | None) -> list[Any]:
    if seen is None:
        return diagnose(model).to_markup()
    return diagnose(model, seen.xs[:_LOOKED], seen.ys[:_LOOKED] if takes_answers(model) else None).to_markup()
