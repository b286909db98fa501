"""The end of a panel as plain JSON: the history that the forecasts of a loaded Forecaster depend on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from elman.errors import DataError
from elman.io.schema import Mapping, Maybe, anything, check, flag, one_of, real, scalar, whole
from elman.timeseries.frequency import Frequency
from elman.timeseries.read import OneSeries, Panel

_SCHEMA = {
    "form": one_of("frame", "list", "array"),
    "frequency": {"kind": one_of("delta", "month", "business"), "step": Mapping(anything), "season": whole(1), "regular": flag},
    "series": [Mapping(Mapping([scalar]), needs={"name": scalar, "stamps": [anything], "values": [Maybe(real())]})],
}


def panel_config(panel: Panel, steps: int, columns: Sequence[str] = ()) -> dict[str, Any]:
    """Return the last ``steps`` points of every series as plain JSON, with some of its further columns."""
    frequency = panel.frequency
    step = {"seconds": frequency.step.total_seconds()} if isinstance(frequency.step, timedelta) else {"number": frequency.step}
    return {
        "form": panel.form,
        "frequency": {"kind": frequency.kind, "step": step, "season": frequency.season, "regular": frequency.regular},
        "series": [_series_config(series, steps, columns) for series in panel.series],
    }


def _series_config(series: OneSeries, steps: int, columns: Sequence[str]) -> dict[str, Any]:
    if not isinstance(series.name, str | int | float | bool | None):
        raise DataError(f"series {series.name!r} has a name of type {type(series.name).__name__}; only text and numbers can be saved.")
    config: dict[str, Any] = {
        "name": series.name,
        "stamps": [_stamp_config(s) for s in series.stamps[-steps:]],
        "values": _plain(series.values[-steps:], "y"),
    }
    further = {name: _plain(series.columns[name][-steps:], name) for name in columns if name in series.columns}
    return config | ({"columns": further} if further else {})


def _plain(values: np.ndarray, name: str) -> list[Any]:
    plain = [None if v is None or v != v else v for v in values.tolist()]
    odd = next((v for v in plain if not isinstance(v, str | int | float | bool | None)), None)
    if odd is not None:
        raise DataError(f"column {name!r} holds {odd!r}; only text, numbers and booleans can be saved. Leave the column out.")
    return plain


def _stamp_config(stamp: Any) -> dict[str, Any]:
    if isinstance(stamp, datetime):
        zone = getattr(stamp.tzinfo, "key", None)
        return {"datetime": stamp.isoformat()} | ({"zone": zone} if zone else {})
    return {"date": stamp.isoformat()} if isinstance(stamp, date) else {"number": stamp}


def panel_from_config(config: dict[str, Any]) -> Panel:
    """Rebuild a panel from the JSON of :func:`panel_config`; strict."""
    check(config, _SCHEMA, "panel")
    step = config["frequency"]["step"]
    check(step, {"seconds": real(1e-6)} if "seconds" in step else {"number": real(1e-300)}, "panel.frequency.step")
    step = timedelta(seconds=step["seconds"]) if "seconds" in step else step["number"]
    series = [
        OneSeries(
            name=s["name"],
            stamps=[_stamp(v) for v in s["stamps"]],
            values=np.array(s["values"], dtype=np.float64),
            columns={name: _column(values) for name, values in s.get("columns", {}).items()},
        )
        for s in config["series"]
    ]
    frequency = Frequency(**{**config["frequency"], "step": step})
    for one in series:
        _check_series(one, frequency)
    return Panel(series=series, frequency=frequency, form=config["form"])


def _check_series(one: OneSeries, frequency: Frequency) -> None:
    lengths = {len(one.stamps), len(one.values), *map(len, one.columns.values())}
    if len(lengths) > 1 or not one.stamps:
        raise DataError(f"series {one.name!r} has no points, or not as many stamps as values. The file is damaged.")
    if len({type(stamp) for stamp in one.stamps}) > 1 or frequency.following(one.stamps[-1], 1) <= [one.stamps[-1]]:
        raise DataError(f"series {one.name!r} has stamps that its frequency, {frequency}, does not continue. The file is damaged.")


def _column(values: list[Any]) -> np.ndarray:
    numbers = all(v is None or isinstance(v, float) for v in values) and any(v is not None for v in values)
    return np.array(values, dtype=np.float64 if numbers else object)


def _stamp(config: dict[str, Any]) -> Any:
    if "datetime" in config:
        stamp = datetime.fromisoformat(config["datetime"])
        return stamp.astimezone(ZoneInfo(config["zone"])) if "zone" in config else stamp
    return date.fromisoformat(config["date"]) if "date" in config else config["number"]
