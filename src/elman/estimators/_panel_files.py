"""The end of a panel as plain JSON: as much history as a forecast reads, so that a loaded Forecaster can go on."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from elman.errors import DataError
from elman.estimators._panel import OneSeries, Panel
from elman.estimators._timeline import Frequency


def panel_config(panel: Panel, kept: int) -> dict[str, Any]:
    """Return the last ``kept`` points of every series as plain JSON."""
    frequency = panel.frequency
    step = {"seconds": frequency.step.total_seconds()} if isinstance(frequency.step, timedelta) else {"number": frequency.step}
    return {
        "form": panel.form,
        "frequency": {"kind": frequency.kind, "step": step, "season": frequency.season, "regular": frequency.regular},
        "series": [_series_config(series, kept) for series in panel.series],
    }


def _series_config(series: OneSeries, kept: int) -> dict[str, Any]:
    if not isinstance(series.name, str | int | float | bool | None):
        raise DataError(f"series {series.name!r} has a name of type {type(series.name).__name__}; only text and numbers can be saved.")
    values = [None if np.isnan(v) else float(v) for v in series.values[-kept:]]
    return {"name": series.name, "stamps": [_stamp_config(s) for s in series.stamps[-kept:]], "values": values}


def _stamp_config(stamp: Any) -> dict[str, Any]:
    if isinstance(stamp, datetime):
        return {"datetime": stamp.isoformat()}
    return {"date": stamp.isoformat()} if isinstance(stamp, date) else {"number": stamp}


def panel_from_config(config: dict[str, Any]) -> Panel:
    """Rebuild what :func:`panel_config` gave."""
    step = config["frequency"]["step"]
    step = timedelta(seconds=step["seconds"]) if "seconds" in step else step["number"]
    series = [
        OneSeries(name=s["name"], stamps=[_stamp(v) for v in s["stamps"]], values=np.array(s["values"], dtype=np.float64))
        for s in config["series"]
    ]
    return Panel(series=series, frequency=Frequency(**{**config["frequency"], "step": step}), form=config["form"])


def _stamp(config: dict[str, Any]) -> Any:
    if "datetime" in config:
        return datetime.fromisoformat(config["datetime"])
    return date.fromisoformat(config["date"]) if "date" in config else config["number"]
