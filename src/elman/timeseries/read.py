"""read_panel: one or many series from arrays, lists, columns with stamps, and long or wide data frames."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np

from elman.errors import DataError, DataTypeError, SettingError
from elman.io.missing import is_missing, unmasked
from elman.timeseries.fill_gaps import AGGREGATES, first_unknown, insert_gaps, same_step, sort_rows, trim
from elman.timeseries.frequency import Frequency, infer_frequency
from elman.timeseries.panel import OneSeries as OneSeries
from elman.timeseries.panel import Panel as Panel
from elman.timeseries.report import Findings
from elman.timeseries.tables import Columns, read_frame
from elman.timeseries.timestamps import read_stamps


def read_panel(
    data: Any,
    *,
    time: str | None = None,
    value: str | None = None,
    group: str | None = None,
    duplicates: str = "error",
    needs_value: bool = True,
) -> Panel:
    """Return the series of an array, a list of arrays, a column with stamps, or a long or wide frame.

    Missing stamps are inserted with unknown values, so that all steps are equal, and rows are sorted; ``report`` lists every
    change. Further columns of a long frame are kept as ``OneSeries.columns``.

    Parameters
    ----------
    data : array, list of arrays, data frame, Arrow table, mapping of columns, Series or Panel
        A long frame has columns ``ds``, ``y`` and, for several series, ``unique_id``; a wide one ``ds`` (or an index of
        times) and a column of numbers for each series.
    time : str, optional
        Column of the stamps, if it is not ``ds``.
    value : str, optional
        Column of the numbers, if it is not ``y``.
    group : str, optional
        Column of the names of series, if it is not ``unique_id``.
    duplicates : {"error", "mean", "sum", "median", "first", "last"}, default "error"
        Treatment of a stamp with several different values.
    needs_value : bool, default True
        Whether ``y`` is required; without it all values are unknown (a table of future covariates).

    Returns
    -------
    Panel
        Sorted by time, on an even grid where the stamps lie on one.

    Examples
    --------
    >>> panel = read_panel({"unique_id": ["a", "a", "b"], "ds": [2, 1, 1], "y": [20.0, 10.0, 5.0], "x": ["u", "v", "w"]})
    >>> [(one.name, one.values.tolist(), one.columns["x"].tolist()) for one in panel.series]
    [('a', [10.0, 20.0], ['v', 'u']), ('b', [5.0], ['w'])]
    """
    if isinstance(data, Panel):
        return data
    if duplicates != "error" and duplicates not in AGGREGATES:
        raise SettingError(f"duplicates must be 'error', {', '.join(map(repr, AGGREGATES))}; got {duplicates!r}.")
    if isinstance(data, str | bytes):
        raise DataTypeError("Forecaster needs numbers: an array, a list of arrays, or a frame with ds and y; got text.")
    read = read_frame(data, time=time, value=value, group=group, needs_value=needs_value)
    return _from_arrays(data) if read is None else _from_columns(read, duplicates)


def _from_columns(read: Columns, duplicates: str) -> Panel:
    columns = read.columns
    stamps, notes = read_stamps(columns["ds"])
    if not stamps:
        raise DataError("The frame has no rows. Give at least one series.")
    names = columns.get("unique_id", ["series"] * len(stamps))
    values = _numbers(columns["y"], "y", names) if "y" in columns else np.full(len(stamps), np.nan)
    further = {name: _further(column) for name, column in columns.items() if name not in ("unique_id", "ds", "y")}
    findings = Findings(notes=[*read.notes, *notes])
    series = []
    for name, rows in _groups(names).items():
        one = OneSeries(name=name, stamps=[stamps[r] for r in rows], values=values[rows], columns={k: v[rows] for k, v in further.items()})
        series.append(sort_rows(one, rows, duplicates, findings))
    frequency = infer_frequency(max(series, key=lambda s: len(s.values)).stamps)
    if "y" in columns:
        series = [trim(one, findings, end=read.wide) for one in series]
        for one in series:
            _count_unknown(one, findings)
    series = [insert_gaps(_fitting(one, frequency, series), frequency, findings) for one in series]
    return Panel(series=series, frequency=frequency, form="frame", like=read.like, notes=findings.lines())


def _groups(names: Any) -> dict[Any, np.ndarray]:
    groups: dict[Any, list[int]] = {}
    for row, name in enumerate(names.tolist() if isinstance(names, np.ndarray) else names):
        groups.setdefault(name, []).append(row)
    return {name: np.asarray(rows) for name, rows in groups.items()}


def _fitting(one: OneSeries, frequency: Frequency, series: list[OneSeries]) -> OneSeries:
    """Refuse a series with another step: its forecast would get the stamps of the others."""
    other_frequency = infer_frequency(one.stamps)
    if len(one.stamps) > 2 and not same_step(one, other_frequency, frequency):
        other = max(series, key=lambda s: len(s.values))
        raise DataError(f"series {one.name!r} has a step of {other_frequency}, series {other.name!r} of {frequency}. Forecast them apart.")
    return one


def _count_unknown(one: OneSeries, findings: Findings) -> None:
    unknown = int(np.isnan(one.values).sum())
    if 0 < unknown < len(one.values):
        findings.add("unknown", one.name, unknown, first_unknown(one))


def _from_arrays(data: Any) -> Panel:
    several = isinstance(data, list | tuple) and len(data) > 0 and hasattr(data[0], "__len__") and not isinstance(data[0], str | bytes)
    single = not several
    arrays = [data] if single else list(data)
    series, findings = [], Findings()
    for row, values in enumerate(arrays):
        numbers = _numbers(values, "the series" if single else f"series {row}")
        if numbers.ndim != 1:
            raise DataError(f"A series must be (T,) numbers; got shape {numbers.shape}. Pass several series as a list of arrays.")
        if len(numbers) == 0:
            raise DataError("A series is empty. Give at least two points.", row=None if single else row)
        one = OneSeries(name=row, stamps=list(range(len(numbers))), values=numbers)
        _count_unknown(one, findings)
        series.append(one)
    return Panel(series=series, frequency=Frequency(kind="delta", step=1), form="array" if single else "list", notes=findings.lines())


def _numbers(values: Any, label: str, names: Any = None) -> np.ndarray:
    """Return float64 values; an error for anything else names row and series."""
    values = unmasked(values)
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "iufb":
        listed = values.tolist() if hasattr(values, "tolist") else list(values) if np.iterable(values) else [values]
        for row, one in enumerate(listed):
            if isinstance(one, str | bytes) or not (is_missing(one) or isinstance(one, int | float | Decimal | list | tuple | np.ndarray)):
                who = label if names is None else f"series {names[row]!r}: {label}"
                raise DataTypeError(f"{who} must be numbers; got {one!r}.", row=row)
        values = [np.nan if is_missing(one) else one for one in listed]
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataTypeError(f"{label} must be numbers; got {type(values).__name__} that does not convert ({error}).") from error
    if np.isinf(numbers).any():
        row = int(np.argmax(np.isinf(numbers)))
        who = label if names is None else f"series {names[row]!r}: {label}"
        raise DataError(f"{who} has an infinite value at {row}. Replace it by NaN or a number.")
    return numbers


def _further(column: Any) -> np.ndarray:
    """Return a further column as an array: float64 for numbers, else objects with None for missing values."""
    column = unmasked(column)
    if isinstance(column, np.ndarray) and column.dtype.kind in "iuf":
        return column.astype(np.float64)
    listed = column.tolist() if isinstance(column, np.ndarray) else list(column)
    if all(is_missing(v) or (isinstance(v, int | float) and not isinstance(v, bool)) for v in listed) and any(
        v is not None for v in listed
    ):
        return np.array([np.nan if is_missing(v) else v for v in listed], dtype=np.float64)
    array = np.empty(len(listed), dtype=object)
    array[:] = [None if is_missing(v) else v for v in listed]
    return array
