"""Series rows: windows of series whose next steps are known, as each kind of forecaster reads them."""

from __future__ import annotations

from typing import Any

from elman.errors import DataError
from elman.forecasting.autoregressive.chunks import Chunks
from elman.forecasting.autoregressive.chunks import collate as collate_chunks
from elman.forecasting.autoregressive.engine import AutoregressiveEngine
from elman.forecasting.direct.engine import DirectEngine
from elman.forecasting.direct.inputs import WindowDataset
from elman.forecasting.split import split_in_time
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
    series = engine.group(read_panel(values))
    least = model.horizon_ + _FIRST
    if int(series.lengths.max()) < least:
        raise DataError(f"a forecaster is looked into with series of at least {least} points; these are shorter. Give longer ones.")
    if isinstance(engine, AutoregressiveEngine):
        return _chunks(engine, series)
    windows, _ = split_in_time(
        series.lengths, model.horizon_, share=0.0, most=_ROWS, most_held_out=1, first=engine.windows.context, random_state=0
    )
    return _segments(engine, WindowDataset(engine.inputs, series, windows))


def _segments(engine: DirectEngine, windows: WindowDataset) -> dict[str, Any]:
    """Windows that are read segment by segment: numbers of windows represent what is read of them."""
    side = engine.inputs.side()

    def make(sources: list[Any] | None, targets: list[Any]) -> tuple[Any, Any]:
        return windows.collate(sources or [], side.space, side.rank), windows.collate(targets, None, "one")

    lengths = windows.lengths - engine.inputs.segments[1]
    return {"sources": list(range(len(windows))), "targets": list(windows.targets), "lengths": lengths, "collate": make}


def _chunks(engine: AutoregressiveEngine, series: Any) -> dict[str, Any]:
    """Whole series, read value after value."""
    chunks = Chunks(engine.inputs, series, 0.0)

    def make(sources: list[Any] | None, targets: list[Any]) -> tuple[Any, Any]:
        return collate_chunks(sources or [], None, "many"), collate_chunks(targets, None, "many")

    return {"sources": chunks.inputs, "targets": chunks.targets, "lengths": chunks.lengths, "collate": make}
