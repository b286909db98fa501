"""From the columns of a table to series: the columns of times, values and names of series."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from typing import Any, Literal

from elman.errors import DataError
from elman.io.tables import Table
from elman.settings import Settings

TIMES = ("ds", "date", "time", "timestamp", "datetime", "day", "month", "year")
VALUES = ("y", "value", "close", "price", "target")
GROUPS = ("unique_id", "item_id", "symbol", "series", "group", "id", "sensor", "store")


@dataclass(kw_only=True, eq=False, repr=False)
class Columns(Settings):
    """Roles of the columns."""

    time: str | None = None
    """Column of the times. Inferred when left out."""
    value: str | None = None
    """Column of the numbers. Inferred when left out."""
    group: str | None = None
    """Column with the name of each series. Inferred when left out."""
    duplicates: Literal["error", "mean", "sum", "median", "first", "last"] = "error"
    """To do about a time that a series has several different values for."""


def series_of(table: Table, columns: Columns) -> tuple[Any, dict[str, str]]:
    """Return the series of a table.

    Parameters
    ----------
    table : Table
        The data, one row for each moment of each series.
    columns : Columns
        The caller's roles of the columns.

    Returns
    -------
    tuple
        A Panel with notes on everything inferred or put right, and the caller's name of each column.
    """
    from elman.estimators import read_panel

    if len(table) == 0:
        raise DataError(f"{table.path} has no rows to forecast from.")
    notes: list[str] = []
    names = _names(table, columns, notes)
    long = {name: table.columns[name_] for name, name_ in names.items()}
    _check_numbers(long["y"], names["y"])
    if "unique_id" not in long:
        long["unique_id"] = [names["y"]] * len(table)
    if "ds" in long:
        _drop_without_time(long, notes)
    else:
        long["ds"] = _row_numbers(long["unique_id"])
        notes.append("there is no column of times; the rows are taken as equal steps")
    further = {name: values for name, values in table.columns.items() if name not in (*names.values(), *long)}
    if len(long["ds"]) == len(table):
        long |= further
    try:
        panel = read_panel(long, duplicates=columns.duplicates)
    except DataError as error:
        raise _in_words(error, names, columns) from error
    return replace(panel, notes=[*notes, *panel.notes]), names


def _in_words(error: DataError, names: dict[str, str], columns: Columns) -> DataError:
    """Raise a reader's error in the words of the command line."""
    text = error.detail.replace("ds must be", f"column {names.get('ds')!r} must be")
    text = text.replace("Name the column of series with group=, or aggregate them: read_panel(data, duplicates='mean').", "")
    if text != error.detail and columns.duplicates == "error" and "two values" in text:
        text = f"{text.strip()} Name the column that tells series apart (--group COLUMN), or join them (--duplicates mean)."
    return DataError(text, row=error.row)


def _names(table: Table, columns: Columns, notes: list[str]) -> dict[str, str]:
    """Return the column of each part; time and group may be missing."""
    time, value, group = columns.time, columns.value, columns.group
    for column in (time, value, group):
        if column is not None:
            table.column(column)
    free = [name for name in table.names if name not in (time, value, group)]
    names = {}
    guess_time = time or _known(free, TIMES) or next((n for n in free if _is_time(table.columns[n])), None)
    if guess_time:
        names["ds"] = guess_time
    numeric = [n for n in free if n != guess_time and _is_number(table.columns[n])]
    guess_value = value or _known(numeric, VALUES) or (numeric[-1] if numeric else None)
    if guess_value is None:
        raise DataError(f"{table.path} has no column of numbers to forecast. Name it: --value COLUMN")
    names["y"] = guess_value
    guess_group = group or _known([n for n in free if n not in (guess_time, guess_value)], GROUPS)
    if guess_group:
        names["unique_id"] = guess_group
    guessed = [
        f"--{o} {names[k]}"
        for o, k, column in (("time", "ds", time), ("value", "y", value), ("group", "unique_id", group))
        if column is None and k in names
    ]
    if guessed:
        notes.append(f"inferred: {' '.join(guessed)}")
    return names


def _known(names: list[str], known: tuple[str, ...]) -> str | None:
    return next((name for word in known for name in names if name.lower() == word), None)


def _is_time(values: list[Any]) -> bool:
    return any(isinstance(value, datetime.date) for value in values[:100])


def _is_number(values: list[Any]) -> bool:
    present = [value for value in values if value is not None]
    return bool(present) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in present[:1000])


def _check_numbers(values: list[Any], name: str) -> None:
    for row, value in enumerate(values):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise DataError(f"column {name!r} should hold numbers; got {value!r}. Is the decimal sign a point?", row=row)


def _drop_without_time(long: dict[str, list[Any]], notes: list[str]) -> None:
    count = len(long["ds"])
    indices = [row for row, stamp in enumerate(long["ds"]) if stamp is not None and stamp != ""]
    if len(indices) < count:
        notes.append(f"{count - len(indices):,} of {count:,} rows dropped: they have no time")
        for name, values in long.items():
            long[name] = [values[row] for row in indices]


def _row_numbers(ids: list[Any]) -> list[int]:
    seen: dict[Any, int] = {}
    numbers = []
    for key in ids:
        numbers.append(seen.get(key, 0))
        seen[key] = numbers[-1] + 1
    return numbers
