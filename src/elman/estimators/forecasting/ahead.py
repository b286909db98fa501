"""Ahead: what is known of the steps after a place in the past, from the series itself and, beyond its end, from the calendar."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman.errors import DataError
from elman.estimators._panel import Panel
from elman.estimators.forecasting.covariates import Covariates
from elman.estimators.forecasting.tape import Tape


def known_ahead(covariates: Covariates, panel: Panel, tape: Tape, rows: np.ndarray, ends: np.ndarray, horizon: int) -> np.ndarray:
    """Return what is known of ``horizon`` steps after each end, (m, horizon, F).

    Parameters
    ----------
    covariates : Covariates
        What is read.
    panel : Panel
        The series.
    tape : Tape
        The same, end to end.
    rows : array of int
        Series, (m,).
    ends : array of int
        Step from which on no value is known, (m,).
    horizon : int
        Steps.

    Returns
    -------
    array
        Float32.

    Raises
    ------
    DataError
        If a column is needed beyond the end of its series, naming the series.
    """
    steps = ends[:, None] + np.arange(horizon)
    beyond = steps - tape.lengths[rows][:, None]
    found = tape.future[tape.starts[rows][:, None] + np.minimum(steps, tape.lengths[rows][:, None] - 1)]
    over = (beyond >= 0).any(1)
    if not over.any() or not covariates.future_width:
        return found
    named = covariates.of("future")
    if named:
        late = panel.series[int(rows[over.argmax()])]
        raise DataError(
            f"series {late.name!r}: {named[0].name!r} must be known for {horizon} steps after every end; the series stops"
            f" {int(beyond.max()) + 1} steps before that. Forecast from earlier places, or call predict(data, future=frame)."
        )
    needed = np.unique(rows[over])
    ones: list[Any] = [panel.series[row] for row in needed]
    stamps = [panel.frequency.following(one.stamps[-1], horizon) for one in ones]
    coming = covariates.ahead(panel, stamps, None)
    place = np.searchsorted(needed, rows)[:, None]
    return np.where((beyond >= 0)[:, :, None], coming[np.minimum(place, len(needed) - 1), np.maximum(beyond, 0)], found)
