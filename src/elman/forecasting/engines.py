"""Engines: the choice between direct and autoregressive forecasts, and an engine from its file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from elman.errors import DataError, SettingError
from elman.fitting.learning import Learned
from elman.forecasting.autoregressive.engine import AutoregressiveEngine, fit_autoregressive
from elman.forecasting.covariates import Covariates
from elman.forecasting.direct.engine import DirectEngine, fit_direct
from elman.forecasting.engine import Engine, FitRequest
from elman.timeseries.read import Panel

KINDS = ("auto", "direct", "autoregressive")


def fit(kind: str, panel: Panel, covariates: Covariates, request: FitRequest) -> tuple[Engine, Learned]:
    """Fit an engine.

    Parameters
    ----------
    kind : {"auto", "direct", "autoregressive"}
        "auto" is direct, except for counts.
    panel : Panel
        Training series.
    covariates : Covariates
        Encoders of their covariates.
    request : FitRequest
        Settings; ``network.head`` "auto" is resolved in place.

    Returns
    -------
    Engine, Learned
        The engine, and the trained network.
    """
    counts = request.network.head == "negative_binomial"
    reason = "as set"
    if kind == "auto":
        kind, reason = ("autoregressive", "counts go one by one") if counts else ("direct", "the whole horizon in one go")
    if kind == "direct" and counts:
        raise SettingError("head='negative_binomial' goes count by count: use model='autoregressive', or head='quantile'.")
    if request.network.head == "auto":
        request.network.set_params(head="quantile" if kind == "direct" else "student_t")
    engine, learned = fit_direct(panel, covariates, request) if kind == "direct" else fit_autoregressive(panel, covariates, request)
    return engine, replace(learned, plan=replace(learned.plan, preparation={"model": [kind, reason], **learned.plan.preparation}))


def engine_from_config(config: dict[str, Any]) -> Engine:
    """Rebuild an engine from the plain JSON of :meth:`Engine.config`; strict."""
    engines = {engine.kind: engine for engine in (DirectEngine, AutoregressiveEngine)}
    if config.get("kind") not in engines:
        raise DataError(f"it forecasts by {config.get('kind')!r}; known are {sorted(engines)}.")
    return engines[config["kind"]].from_config(config)
