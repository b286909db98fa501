"""Diagnosing: everything that can be found out about a fitted model without training it again."""

from __future__ import annotations

from typing import Any

from elman.codecs import Discrete
from elman.errors import DataError
from elman.fitting.fitted import forecasts, generates, takes_answers
from elman.inspection.batches import Rows, rows_for, written_rows
from elman.inspection.diagnosis.answer_checks import check_answers, check_writing
from elman.inspection.diagnosis.finding import Diagnosis, Finding
from elman.inspection.diagnosis.learning_rate_range import check_rate
from elman.inspection.diagnosis.training_checks import check_training
from elman.inspection.diagnosis.unit_checks import check_gradients, check_units, some_rows
from elman.inspection.networks import networks_of

_ROWS, _STEPS = 64, 128
_ANSWERED = 500


def diagnose(model: Any, X: Any = None, y: Any = None, *, rate_test: bool = True, random_state: int = 0) -> Diagnosis:
    """Check a model and its training for faults.

    Parameters
    ----------
    model : Model, LanguageModel or Forecaster
        Fitted.
    X : list, array or column, optional
        Values to look at its units, gradients and answers with, best the training data: texts for a language model, series for a
        forecaster. Without them only the history is checked, and the training data that a language model or forecaster still holds.
    y : list, array or column, optional
        True answers of a ``Model``; without them answers are not checked, and no learning rate is tried.
    rate_test : bool, default True
        Try learning rates on a fresh network (a second or so).
    random_state : int, default 0
        Which rows are taken, and the seed of the rate test.

    Returns
    -------
    Diagnosis
        Findings with evidence and next steps, the worst first.
    """
    network = networks_of(model, "diagnose", recurrent=False)[0]
    if X is None and y is not None:
        raise DataError("diagnose was given answers y without values X. Give both.")
    findings = check_training(model)
    rows = _rows(model, X, y)
    if rows is not None:
        few = some_rows(rows, _ROWS, _STEPS, random_state)
        findings += check_units(network, few) + check_gradients(model, network, few)
        if y is not None or not takes_answers(model):
            findings += check_answers(model, some_rows(rows, _ANSWERED, _STEPS, random_state)) if takes_answers(model) else []
            findings += check_rate(model, some_rows(rows, _ANSWERED, _STEPS, random_state), random_state) if rate_test else []
    else:
        text = "units, gradients and answers were not looked at"
        findings.append(Finding(name="data", verdict="note", message=text, next_step="call diagnose(X, y) with some of the training data"))
    if generates(model) and isinstance(model.plan_.target.space, Discrete):
        findings += check_writing(model)
    return Diagnosis.of(findings)


def _rows(model: Any, X: Any, y: Any) -> Rows | None:
    """The given values, or the training data that the estimator still holds."""
    if X is not None:
        return rows_for(model, X, y)
    if generates(model) and model.__dict__.get("_tokens") is not None:
        tokens = model.__dict__["_tokens"]
        return written_rows(model, [], [tokens[row] for row in range(min(len(tokens), _ANSWERED))])
    if forecasts(model) and not (model.past or model.future or model.static):
        held = [series.values for series in model.panel_.series]
        return rows_for(model, held) if max(map(len, held)) > model.horizon_ + 1 else None
    return None
