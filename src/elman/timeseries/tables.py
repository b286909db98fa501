"""Frames as columns ``unique_id``, ``ds``, ``y`` and further ones: long and wide tables, frames with an index of times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from elman.errors import DataError, did_you_mean

_NAMES = ("unique_id", "ds", "y")


@dataclass
class Columns:
    """Columns of a long table under the names used here, and what the caller's frame was."""

    columns: dict[str, Any]
    like: Any = None
    wide: bool = False
    notes: list[str] = field(default_factory=list)


def read_frame(data: Any, *, time: str | None, value: str | None, group: str | None, needs_value: bool) -> Columns | None:
    """Return the columns of a frame, an Arrow table, a mapping of columns, or a column with an index of times; None for anything else.

    Parameters
    ----------
    data : Any
        What the caller gave.
    time : str or None
        Column of the stamps, if it is not ``ds``.
    value : str or None
        Column of the numbers, if it is not ``y``.
    group : str or None
        Column that tells series apart, if it is not ``unique_id``.
    needs_value : bool
        Whether a table without numbers is an error.

    Returns
    -------
    Columns or None
        Long form.
    """
    index, data = _with_index(data)
    found = _columns_of(data)
    if found is None:
        return None
    named = {name: told for name, told in zip(_NAMES, (group, time, value), strict=True) if told is not None}
    columns = _renamed(found, named)
    read = Columns(columns, like=None if isinstance(data, Mapping) else data)
    if "ds" not in columns:
        columns["ds"] = index if index is not None else _only_time(columns, read.notes)
    if needs_value and "y" not in columns:
        if "unique_id" in columns:
            raise _missing("y", found)
        return _from_wide(read, found)
    return read


def _with_index(data: Any) -> tuple[Any, Any]:
    """Take an index of times off a pandas object, as an array or list, and make a frame of a Series."""
    if not type(data).__module__.startswith("pandas") or not hasattr(data, "index"):
        return None, data
    index = data.index
    if hasattr(index, "to_timestamp"):  # pandas.PeriodIndex
        index = index.to_timestamp()
    if not hasattr(index, "tz_localize"):
        return None, data
    stamps = index.to_numpy() if index.tz is None else list(index)
    return stamps, data.to_frame("y") if data.ndim == 1 else data


def _columns_of(data: Any) -> dict[str, Any] | None:
    import narwhals as nw

    if isinstance(data, Mapping):
        return {str(name): list(values) for name, values in data.items()}
    frame: Any = nw.from_native(data, pass_through=True)
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    if not isinstance(frame, nw.DataFrame):
        return None
    return {name: _column(frame[name]) for name in frame.columns}


def _column(column: Any) -> Any:
    """Values as an array where they are numbers or plain times without gaps, else as a list."""
    import narwhals as nw

    dtype = column.dtype
    plain = dtype.is_numeric() and not isinstance(dtype, nw.Decimal)
    if (plain or (isinstance(dtype, nw.Datetime) and dtype.time_zone is None)) and not column.is_null().any():
        return column.to_numpy()
    return column.to_list()


def _renamed(found: dict[str, Any], named: dict[str, str]) -> dict[str, Any]:
    for told in named.values():
        if told not in found:
            raise DataError(f"The frame has no column {told!r}; it has {list(found)}.{did_you_mean(told, found)}")
    back = {told: name for name, told in named.items()}
    return {back.get(name, name): values for name, values in found.items() if name not in named or name in back}


def _only_time(columns: dict[str, Any], notes: list[str]) -> Any:
    """Take the only column of times as ``ds``."""
    times = [name for name, values in columns.items() if name not in _NAMES and _is_time(values)]
    if len(times) != 1:
        raise _missing("ds", columns)
    notes.append(f"the column {times[0]!r} is taken as the stamps")
    return columns.pop(times[0])


def _is_time(values: Any) -> bool:
    if isinstance(values, np.ndarray):
        return values.dtype.kind == "M"
    known = next((v for v in values if v is not None), None)
    return hasattr(known, "isoformat")


def _missing(needed: str, columns: Mapping[str, Any]) -> DataError:
    word = {"ds": "time", "y": "value"}[needed]
    return DataError(
        f"A frame needs a column {needed!r}; it has {list(columns)}.{did_you_mean(needed, columns)}"
        f" Rename it first, or name it: read_panel(data, {word}='…')."
    )


def _from_wide(read: Columns, found: Mapping[str, Any]) -> Columns:
    """Stack a wide table: every further column is a series of its own."""
    names = [name for name in read.columns if name != "ds"]
    texts = [name for name in names if not _is_number(read.columns[name])]
    if not names:
        raise _missing("y", found)
    if texts:
        raise DataError(
            f"A frame needs a column 'y', or columns of numbers only, one a series; {texts[0]!r} holds no numbers."
            f" If it tells series apart, name it: read_panel(data, group={texts[0]!r}, value='…')."
        )
    stamps = read.columns["ds"]
    again = np.tile(stamps, len(names)) if isinstance(stamps, np.ndarray) else list(stamps) * len(names)
    long = {
        "unique_id": [name for name in names for _ in range(len(stamps))],
        "ds": again,
        "y": np.concatenate([_floats(read.columns[name]) for name in names]),
    }
    notes = [*read.notes, f"the columns {_some(names)} are read as one series each"]
    return Columns(long, like=read.like, wide=True, notes=notes)


def _some(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:4])) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _is_number(values: Any) -> bool:
    if isinstance(values, np.ndarray):
        return values.dtype.kind in "iufb"
    return all(v is None or (isinstance(v, int | float) and not isinstance(v, bool)) or type(v).__name__ == "NAType" for v in values)


def _floats(values: Any) -> np.ndarray:
    return np.asarray([np.nan if v is None or type(v).__name__ == "NAType" else v for v in values], dtype=np.float64)
