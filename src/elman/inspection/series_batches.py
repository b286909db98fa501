"""Series rows: windows of series whose next steps are known, as each kind of forecaster reads them."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from elman.errors import DataError
from elman.forecasting.autoregressive.engine import AutoregressiveEngine, Pieces
from elman.forecasting.autoregressive.engine import collate as collate_pieces
from elman.forecasting.direct.engine import DirectEngine
from elman.forecasting.direct.inputs import Windows
from elman.forecasting.split import split_in_time
from elman.network import collate
from elman.timeseries.read import read_panel

_ROWS = 512
_FIRST = 2


def windows_of(model: Any, values: Any) -> dict[str, Any]:
    """Return the fields of :class:`~elman.inspection.batches.Rows` for a forecaster.

    Parameters
    ----------
    model : Forecaster
        Fitted.
    values : as in ``fit``
        Series.

    Returns
    -------
    dict
        ``sources``, ``targets``, ``lengths`` and ``collate``.
    """
    engine = model.engine_
    tape = engine.tape(read_panel(values))
    least = model.horizon + _FIRST
    if int(tape.lengths.max()) < least:
        raise DataError(f"a forecaster is looked into with series of at least {least} points; these are shorter. Give longer ones.")
    if isinstance(engine, AutoregressiveEngine):
        return _pieces(engine, tape)
    ends, _ = split_in_time(tape.lengths, model.horizon, share=0.0, most=_ROWS, most_held=1, first=engine.windows.context, random_state=0)
    if isinstance(engine, DirectEngine):
        return _segments(engine, Windows(engine.direct, tape, ends))
    return _steps(model, engine, tape, ends)


def _segments(engine: DirectEngine, windows: Windows) -> dict[str, Any]:
    """Windows that are read segment by segment: a window is represented by its number."""
    side = engine.direct.side()

    def make(sources: list[Any] | None, targets: list[Any]) -> tuple[Any, Any]:
        return windows.collate(sources or [], side.space, side.rank), windows.collate(targets, None, "one")

    lengths = windows.lengths - engine.direct.segments[1]
    return {"sources": list(range(len(windows))), "targets": list(windows.truth), "lengths": lengths, "collate": make}


def _pieces(engine: AutoregressiveEngine, tape: Any) -> dict[str, Any]:
    """Whole series, read value after value."""
    pieces = Pieces(engine.reading, tape, 0.0)

    def make(sources: list[Any] | None, targets: list[Any]) -> tuple[Any, Any]:
        return collate_pieces(sources or [], None, "many"), collate_pieces(targets, None, "many")

    return {"sources": pieces.inputs, "targets": pieces.truths, "lengths": pieces.lengths, "collate": make}


def _steps(model: Any, engine: Any, tape: Any, ends: np.ndarray) -> dict[str, Any]:
    """Windows that are read step by step, as files of the first version do."""
    pairs = [engine.windows.row(tape.series(row)[: end + model.horizon], end) for row, end in ends.tolist()]
    sources = engine.source.encode_all([x for x, _ in pairs])
    lengths = np.array([len(x) for x in sources])
    return {"sources": sources, "targets": [y for _, y in pairs], "lengths": lengths, "collate": partial(_collate_steps, model.plan_)}


def _collate_steps(plan: Any, sources: list[Any], targets: list[Any]) -> tuple[Any, Any]:
    return collate(sources, plan.source.space, plan.source.rank), collate(targets, plan.target.space, plan.target.rank)
