"""Report: one page about a model, put together from the sections of this room."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sklearn.utils.validation import check_is_fitted

from elman.errors import DataError, SettingError
from elman.fitting.fitted import forecasts, generates, takes_answers
from elman.inspection.diagnosis.diagnose import diagnose
from elman.inspection.html import to_markup
from elman.inspection.memory.measuring import memory
from elman.inspection.networks import networks_of
from elman.inspection.report.baseline import fitted_facts, judged_baseline
from elman.inspection.report.error_section import errors_of
from elman.inspection.report.example_section import examples_of, readable
from elman.inspection.report.model_card import card_of, heading, held_out, metric_of
from elman.inspection.report.page import page
from elman.inspection.report.predictions import Judged, judged
from elman.inspection.report.summary_section import data_of, leaderboard_of
from elman.inspection.trace.tracing import trace
from elman.io import atomic
from elman.io.destination import check_destination, write_or_keep
from elman.io.paths import as_path
from elman.markup import element, facts

_Sections = list[tuple[str, list[Any]]]
_MEASURED = 400
"""Values whose memory is measured at most."""
_LOOKED = 500
"""Values that a diagnosis looks at at most."""


def report(model: Any, path: str | Path, X: Any = None, y: Any = None, *, leaderboard: Any = None, title: str | None = None) -> Path:
    """Write the page; see :meth:`elman.Model.report`.

    Parameters
    ----------
    model : Model, LanguageModel, Forecaster or baseline
        Fitted. A baseline has no training, trace, memory or plan to show; it has the other sections.
    path : str or Path
        An HTML file; an existing one is replaced only when the new one is whole.
    X : list, array or column, optional
        Values to judge the model on.
    y : list, array or column, optional
        True answers of a ``Model``.
    leaderboard : Leaderboard, optional
        Shown in the page.
    title : str, optional
        Heading.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DataTypeError
        If the model can neither forecast nor predict, or is a class.
    DataError
        If values come without their answers.
    FileError
        If the path cannot be written to, before anything is computed.
    NotFittedError
        If the model was not fitted.
    """
    if not _is_baseline(model):
        networks_of(model, "report", recurrent=False)
    path = check_destination(as_path(path))
    if (X is None) != (y is None) and takes_answers(model):
        raise DataError("report needs values X together with their answers y, or neither. Give both.")
    lead, sections = _baseline_page(model, X, y, leaderboard) if _is_baseline(model) else _model_page(model, X, y, leaderboard)
    output = page(title or heading(model), lead, [(name, parts) for name, parts in sections if parts])
    write_or_keep(path, lambda place: atomic.write(place, output.encode("utf-8", "replace")))
    return path


def _is_baseline(model: Any) -> bool:
    """Whether a model predicts without a network of its own that could be opened."""
    return not isinstance(model, type) and not hasattr(type(model), "networks_") and hasattr(model, "predict")


def _model_page(model: Any, X: Any, y: Any, leaderboard: Any) -> tuple[list[Any], _Sections]:
    seen = None if X is None else judged(model, X, y)
    return _lead(model, seen), _sections(model, seen, leaderboard)


def _baseline_page(model: Any, X: Any, y: Any, leaderboard: Any) -> tuple[list[Any], _Sections]:
    """What a page has for a model without networks: data, errors, examples and settings."""
    check_is_fitted(model)
    seen = None if X is None else judged_baseline(model, X, y)
    score = [] if seen is None or seen.score is None else [(f"score on {len(seen):,} given rows", seen.score)]
    sections: _Sections = [("Leaderboard", [] if leaderboard is None else leaderboard_of(leaderboard))]
    if seen is not None:
        sections += [("Data", data_of(seen)), ("Errors", errors_of(model, seen)), ("Examples", examples_of(seen))]
    settings = facts([(name, repr(value)) for name, value in model.get_params(deep=False).items()])
    return [facts([*score, *fitted_facts(model)])], [*sections, ("Settings", [settings])]


def _lead(model: Any, seen: Judged | None) -> list[Any]:
    lines: list[tuple[str, Any]] = []
    if seen is not None and seen.score is not None:
        lines.append((f"{metric_of(model)} on {len(seen):,} given rows", seen.score))
    best, history = held_out(model), model.history_
    if best is not None:
        lines.append((f"{history.metric} on what was held out in training", best))
    lines += [("simplest guess there", history.baseline), ("parameters", model.plan_.parameters)]
    return [facts(lines)]


def _sections(model: Any, seen: Judged | None, leaderboard: Any) -> _Sections:
    """Every section, in the order of reading; sections without data are left out."""
    sections: _Sections = [("Data", [] if seen is None else data_of(seen))]
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
