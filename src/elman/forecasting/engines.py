"""Engines: which way to forecast, learned or from a file."""

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


def fit(kind: str, panel: Panel, covariates: Covariates, job: FitRequest) -> tuple[Engine, Learned]:
    """Learn to forecast.

    Parameters
    ----------
    kind : {"auto", "direct", "autoregressive"}
        Which way.
    panel : Panel
        The series.
    covariates : Covariates
        What is known beside them.
    job : Job
        The request.

    Returns
    -------
    Engine, Learned
        The way to forecast, and the network.
    """
    counts = job.network.head == "negative_binomial"
    why = "as set"
    if kind == "auto":
        kind, why = ("autoregressive", "counts go one by one") if counts else ("direct", "the whole horizon in one go")
    if kind == "direct" and counts:
        raise SettingError("head='negative_binomial' goes count by count: use model='autoregressive', or head='quantile'.")
    if job.network.head == "auto":
        job.network.set_params(head="quantile" if kind == "direct" else "student_t")
    engine, learned = fit_direct(panel, covariates, job) if kind == "direct" else fit_autoregressive(panel, covariates, job)
    return engine, replace(learned, plan=replace(learned.plan, preparation={"model": [kind, why], **learned.plan.preparation}))


def engine_from(state: dict[str, Any]) -> Engine:
    """Rebuild an engine from a file's ``fitted`` part.

    Parameters
    ----------
    state : dict
        Plain JSON.

    Returns
    -------
    Engine
        Ready to forecast.
    """
    config = state["engine"]
    known = {engine.kind: engine for engine in (DirectEngine, AutoregressiveEngine)}
    if config.get("kind") not in known:
        raise DataError(f"it forecasts by {config.get('kind')!r}; known are {sorted(known)}.")
    return known[config["kind"]].from_config(config)
