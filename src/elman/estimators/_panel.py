"""Panels: one or many series out of arrays, lists and long data frames (``unique_id``, ``ds``, ``y``)."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from elman.errors import DataError, DataTypeError, did_you_mean
from elman.estimators._timeline import Frequency, as_stamp, infer_frequency


@dataclass(frozen=True, kw_only=True, eq=False)
class OneSeries:
    """One series: its name, stamps and values.

    Notes
    -----
    Shapes:

        values  (T,)  float64; NaN where unknown     columns  {name: T values} beside them
    """

    name: Any
    stamps: list[Any]
    values: np.ndarray
    columns: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """Several series of one frequency, and the form they came in."""

    series: list[OneSeries]
    frequency: Frequency
    form: str
    """"array" for one array, "list" for several, "frame" for a long frame."""
    like: Any = None
    notes: list[str] = field(default_factory=list)


def read_panel(data: Any) -> Panel:
    """Return the series of an array, a list of arrays, a column with stamps, or a long frame.

    Parameters
    ----------
    data : array, list of arrays, data frame, Arrow table or Series
        A long frame has columns ``ds``, ``y`` and, for several series, ``unique_id``.

    Returns
    -------
    Panel
        Sorted by time; duplicate stamps are refused, naming the series.
    """
    if isinstance(data, str | bytes):
        raise DataTypeError("Forecaster needs numbers: an array, a list of arrays, or a frame with ds and y; got text.")
    if _is_indexed_column(data):
        return _from_columns({"ds": list(data.index), "y": data.to_numpy()}, like=None)
    frame = _as_frame(data)
    if frame is not None:
        return _from_columns({name: frame[name].to_list() for name in frame.columns}, like=data)
    return _from_arrays(data)


def _is_indexed_column(data: Any) -> bool:
    return type(data).__module__.startswith("pandas") and getattr(data, "ndim", 0) == 1 and hasattr(data.index, "freq")


def _as_frame(data: Any) -> Any:
    import narwhals as nw

    frame: Any = nw.from_native(data, pass_through=True)
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    return frame if isinstance(frame, nw.DataFrame) else None


def _from_columns(columns: dict[str, Any], *, like: Any) -> Panel:
    for needed in ("ds", "y"):
        if needed not in columns:
            raise DataError(f"A frame needs a column {needed!r}; it has {list(columns)}.{did_you_mean(needed, columns)} Rename it first.")
    values = _numbers(columns["y"], "y")
    stamps = [as_stamp(v) for v in columns["ds"]]
    names = columns.get("unique_id", ["series"] * len(stamps))
    groups: dict[Any, list[int]] = {}
    for row, name in enumerate(names):
        groups.setdefault(name, []).append(row)
    if not groups:
        raise DataError("The frame has no rows. Give at least one series.")
    beside = {name: column for name, column in columns.items() if name not in ("ds", "y", "unique_id")}
    series = [
        _one(name, [stamps[r] for r in rows], values[rows], {c: [column[r] for r in rows] for c, column in beside.items()})
        for name, rows in groups.items()
    ]
    longest = max(series, key=lambda s: len(s.values))
    frequency = infer_frequency(longest.stamps)
    notes = (
        []
        if frequency.regular
        else [f"stamps of series {longest.name!r} are not evenly spaced; the usual step {frequency.step} is assumed"]
    )
    return Panel(series=series, frequency=frequency, form="frame", like=like, notes=notes)


def _one(name: Any, stamps: list[Any], values: np.ndarray, columns: dict[str, list[Any]]) -> OneSeries:
    order = sorted(range(len(stamps)), key=stamps.__getitem__)
    ordered = [stamps[i] for i in order]
    twice = next((a for a, b in pairwise(ordered) if a == b), None)
    if twice is not None:
        raise DataError(f"series {name!r} has two values at {twice}. Keep one of them, or sum or average them first.")
    return OneSeries(
        name=name, stamps=ordered, values=values[order], columns={c: [column[i] for i in order] for c, column in columns.items()}
    )


def _from_arrays(data: Any) -> Panel:
    single = not (isinstance(data, list | tuple) and len(data) and np.ndim(data[0]) >= 1)
    arrays = [data] if single else list(data)
    series = []
    for row, values in enumerate(arrays):
        numbers = _numbers(values, "the series" if single else f"series {row}")
        if numbers.ndim != 1:
            raise DataError(f"A series must be (T,) numbers; got shape {numbers.shape}. Pass several series as a list of arrays.")
        if len(numbers) == 0:
            raise DataError("A series is empty. Give at least two points.", row=None if single else row)
        series.append(OneSeries(name=row, stamps=list(range(len(numbers))), values=numbers))
    return Panel(series=series, frequency=Frequency(kind="delta", step=1), form="array" if single else "list")


def _numbers(values: Any, name: str) -> np.ndarray:
    try:
        numbers = np.asarray([np.nan if v is None else v for v in values] if isinstance(values, list) else values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataTypeError(f"{name} must be numbers; got {type(values).__name__} that does not convert ({error}).") from error
    if np.isinf(numbers).any():
        raise DataError(f"{name} has an infinite value at {int(np.argmax(np.isinf(numbers)))}. Replace it by NaN or a number.")
    return numbers
