"""Card: a model's description as Hugging Face has them: Markdown under YAML metadata."""

from __future__ import annotations

import json
import re
from typing import Any

from elman.fitting.fitted import forecasts, generates
from elman.inspection.diagnosis.training_checks import better
from elman.inspection.report.predictions import Judged, judged

_PIPELINES = {
    ("answers_whole", "text"): "text-classification",
    ("answers_whole", "image"): "image-classification",
    ("answers_whole", "audio"): "audio-classification",
    ("answers_steps", "text"): "token-classification",
    ("writes_symbols", "text"): "text2text-generation",
    ("writes_symbols", "image"): "image-to-text",
    ("finds_places", "image"): "object-detection",
    ("writes_frames", "audio"): "automatic-speech-recognition",
    ("writes_frames", "image"): "image-to-text",
}
"""Hugging Face's pipeline of the form of an answer (a property of the plan) and the modality of its source."""


def card(model: Any, X: Any = None, y: Any = None) -> str:
    """Return the card of a fitted model; see :meth:`elman.Model.card`.

    Parameters
    ----------
    model : Model, LanguageModel or Forecaster
        Fitted.
    X : list, array or column, optional
        Values to judge it on.
    y : list, array or column, optional
        True answers of a ``Model``.

    Returns
    -------
    str
        Markdown with YAML metadata.
    """
    model._check_fitted()
    return card_of(model, None if X is None else judged(model, X, y))


def card_of(model: Any, seen: Judged | None) -> str:
    """Return the card of a fitted model that was judged already."""
    sections = [
        _metadata(model, seen),
        f"# {heading(model)}",
        _description(model),
        _evaluation(model, seen),
        _limits(model),
        _use(model),
        "## Plan\n\n```\n" + _fenced(str(model.plan_)) + "\n```",
    ]
    return "\n\n".join(sections) + "\n"


def heading(model: Any) -> str:
    """Return a heading, as "Model: Text → Category"."""
    sides = (getattr(model, "source_", None), getattr(model, "target_", None))
    codecs = [type(codec).__name__ for codec in sides if codec is not None]
    return ": ".join([type(model).__name__, *([" → ".join(codecs)] if codecs else [])])


def _metadata(model: Any, seen: Judged | None) -> str:
    """YAML whose strings are JSON strings, which YAML reads as they are."""
    plan, task = model.plan_, pipeline(model)
    tags = ["elman", "recurrent-neural-network", plan.cell, plan.relation]
    lines = ["---", "library_name: elman", *([f"pipeline_tag: {task}"] if task else []), "tags:", *(f"- {json.dumps(tag)}" for tag in tags)]
    results = _results(model, seen)
    if results:
        kind = json.dumps(task or plan.relation)
        lines += ["model-index:", "- name: elman", "  results:", "  - task:", f"      type: {kind}", "    dataset:", '      type: "given"']
        lines += ['      name: "given data"' if seen is not None else '      name: "held-out part of the training data"', "    metrics:"]
        for name, value in results:
            lines += [f"    - type: {json.dumps(name)}", f"      value: {value:.6g}"]
    return "\n".join([*lines, "---"])


def pipeline(model: Any) -> str | None:
    """Return Hugging Face's name of a model's task, None where they have none."""
    if forecasts(model):
        return "time-series-forecasting"
    if generates(model):
        return "text-generation" if model.target_.modality == "text" else None
    tasks = (task for (form, modality), task in _PIPELINES.items() if getattr(model.plan_, form) and modality == model.source_.modality)
    return next(tasks, None)


def _results(model: Any, seen: Judged | None) -> list[tuple[str, float]]:
    if seen is not None:
        return [] if seen.score is None else [(metric_of(model), seen.score)]
    best = held_out(model)
    return [] if best is None else [(metric_of(model), best)]


def metric_of(model: Any) -> str:
    """Return the name of the result of ``score``."""
    return "1 - error / error of the simplest forecast" if forecasts(model) else model.history_.metric or "score"


def held_out(model: Any) -> float | None:
    """Return the metric of the kept epoch on the held-out part in training."""
    history = model.history_
    result = next((row.get("metric") for row in history.rows if row["epoch"] == history.best_epoch), None)
    return None if result is None else float(result)


def _description(model: Any) -> str:
    plan = model.plan_
    parts = [
        ("reads", "what came before" if model.source_ is None else code(repr(model.source_))),
        ("answers", f"the next {model.horizon_} steps" if forecasts(model) else code(repr(model.target_))),
        ("relation", f"{plan.relation}, decoder {plan.decoder}"),
        ("recurrence", f"{plan.num_layers} x {plan.cell} of {plan.hidden_size} units" + (", both ways" if plan.bidirectional else "")),
        ("parameters", f"{plan.parameters:,}" + (f", {plan.members} networks averaged" if plan.members > 1 else "")),
    ]
    classes = getattr(model.target_, "classes_", None)
    if classes is not None:
        shown = ", ".join(code(str(name)) for name in list(classes)[:30])
        parts.append(("classes", shown + (f" and {len(classes) - 30} more" if len(classes) > 30 else "")))
    return "## What it is\n\n| | |\n|---|---|\n" + "\n".join(f"| {name} | {_cell(value)} |" for name, value in parts)


def _evaluation(model: Any, seen: Judged | None) -> str:
    history, rows = model.history_, []
    if seen is not None and seen.score is not None:
        rows.append((f"given data, {len(seen):,} rows" + (f" of {seen.total:,}" if seen.total > len(seen) else ""), seen.score))
    best = held_out(model)
    if best is not None:
        rows.append((f"held out in training ({history.metric})", best))
    if history.baseline is not None:
        rows.append((f"simplest guess there ({history.metric})", history.baseline))
    ended = f"ended by {history.stopped or 'hand'}, epoch {history.best_epoch} kept"
    text = f"Metric: {metric_of(model)}. Trained for {len(history)} epochs, {ended}."
    return f"## How good it is\n\n{text}\n\n| on | score |\n|---|--:|\n" + "\n".join(f"| {name} | {value:.4g} |" for name, value in rows)


def _limits(model: Any) -> str:
    lines = ["It knows what its training data showed, and nothing else; values unlike them get an answer all the same."]
    best, history = held_out(model), model.history_
    if best is not None and history.baseline is not None and not better(history.metric, best, history.baseline):
        lines.append("**On what was held out it is no better than the simplest guess.**")
    if model.plan_.source is not None and model.plan_.bidirectional:
        lines.append("It reads values both ways, so it needs a whole value before it answers.")
    return "## Limits\n\n" + "\n".join(f"- {line}" for line in lines)


def _use(model: Any) -> str:
    call = "model.predict(values)"
    if generates(model):
        call = 'model.generate("…")'
    elif forecasts(model):
        call = "model.predict(series)"
    return f'## How to use it\n\n```python\nimport elman\n\nmodel = elman.load("model.elman")\n{call}\n```'


def code(text: str) -> str:
    """Return text as Markdown code on one line, whatever it holds.

    Parameters
    ----------
    text : str
        Any.

    Returns
    -------
    str
        Between more backticks than it has in a row.

    Examples
    --------
    >>> code("a`b"), code("x")
    ('``a`b``', '`x`')
    """
    flat = " ".join(text.split()) or " "
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", flat)), default=0))
    space = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{fence}{space}{flat}{space}{fence}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _fenced(text: str) -> str:
    """Text inside a fence of three backticks, which it must not close."""
    return text.replace("```", "ʼʼʼ")
