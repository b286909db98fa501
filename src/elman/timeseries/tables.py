"""Data frames as columns ``unique_id``, ``ds``, ``y`` and further ones: long and wide tables, frames with an index of times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from elman.errors import DataError, did_you_mean
from elman.io.missing import is_missing

_NAMES = ("unique_id", "ds", "y")


@dataclass
class Columns:
    """Columns of a long table under their standard names, with the caller's frame."""

    columns: dict[str, Any]
    like: Any = None
    wide: bool = False
    notes: list[str] = field(default_factory=list)


def read_frame(data: Any, *, time: str | None, value: str | None, group: str | None, needs_value: bool) -> Columns | None:
    """Return the columns of a frame, an Arrow table, a mapping of columns, or a column with an index of times; None for anything else.

    Parameters
    ----------
    data : Any
        The caller's data.
    time : str or None
        Column of the stamps, if it is not ``ds``.
    value : str or None
        Column of the numbers, if it is not ``y``.
    group : str or None
        Column of the names of series, if it is not ``unique_id``.
    needs_value : bool
        Whether a table without numbers is an error.

    Returns
    -------
    Columns or None
        Long form.
    """
    index, data = _with_index(data)
    table = _columns_of(data)
    if table is None:
        return None
    names = {standard: name for standard, name in zip(_NAMES, (group, time, value), strict=True) if name is not None}
    columns = _rename(table, names)
    read = Columns(columns, like=None if isinstance(data, Mapping) else data)
    if "ds" not in columns:
        columns["ds"] = index if index is not None else _only_time(columns, read.notes)
    if needs_value and "y" not in columns:
        if "unique_id" in columns:
            raise _missing("y", table)
        return _from_wide(read, table)
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


def _rename(table: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Give columns their standard names, by the caller's names for them."""
    for name in names.values():
        if name not in table:
            raise DataError(f"The frame has no column {name!r}; it has {list(table)}.{did_you_mean(name, table)}")
    standard = {name: standard for standard, name in names.items()}
    # a column that has a standard name, but another meaning, is dropped
    return {standard.get(name, name): values for name, values in table.items() if name not in names or name in standard}


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
    first = next((v for v in values if v is not None), None)
    return hasattr(first, "isoformat")


def _missing(needed: str, columns: Mapping[str, Any]) -> DataError:
    word = {"ds": "time", "y": "value"}[needed]
    return DataError(
        f"A frame needs a column {needed!r}; it has {list(columns)}.{did_you_mean(needed, columns)}"
        f" Rename it first, or name it: read_panel(data, {word}='…')."
    )


def _from_wide(read: Columns, table: Mapping[str, Any]) -> Columns:
    """Stack a wide table, in which every further column is a series."""
    names = [name for name in read.columns if name != "ds"]
    texts = [name for name in names if not _is_number(read.columns[name])]
    if not names:
        raise _missing("y", table)
    if texts:
        raise DataError(
            f"A frame needs a column 'y', or columns of numbers only, one a series; {texts[0]!r} holds no numbers."
            f" If it holds the names of series, pass it: read_panel(data, group={texts[0]!r}, value='…')."
        )
    stamps = read.columns["ds"]
    repeated = np.tile(stamps, len(names)) if isinstance(stamps, np.ndarray) else list(stamps) * len(names)
    long = {
        "unique_id": [name for name in names for _ in range(len(stamps))],
        "ds": repeated,
        "y": np.concatenate([_floats(read.columns[name]) for name in names]),
    }
    notes = [*read.notes, f"the columns {_some(names)} are read as one series each"]
    return Columns(long, like=read.like, wide=True, notes=notes)


def _some(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:4])) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _is_number(values: Any) -> bool:
    if isinstance(values, np.ndarray):
        return values.dtype.kind in "iufb"
    return all(is_missing(v) or (isinstance(v, int | float) and not isinstance(v, bool)) for v in values)


def _floats(values: Any) -> np.ndarray:
    return np.asarray([np.nan if is_missing(v) else v for v in values], dtype=np.float64)
