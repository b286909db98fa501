"""From the columns of a table to series: which column is the time, which the value, which tells the series apart."""

from __future__ import annotations

import datetime
import itertools
from typing import Any

from elman.errors import DataError
from elman.io.tables import Table

TIMES = ("ds", "date", "time", "timestamp", "datetime", "day", "month", "year")
VALUES = ("y", "value", "close", "price", "target")
GROUPS = ("unique_id", "item_id", "symbol", "series", "group", "id", "sensor", "store")
FORMATS = ("%b %d %Y", "%B %d %Y", "%d %b %Y", "%Y/%m/%d", "%d.%m.%Y", "%Y-%m", "%m/%d/%Y", "%d/%m/%Y", "%Y%m%d")


def long_form(
    table: Table, time: str | None, value: str | None, group: str | None
) -> tuple[dict[str, list[Any]], dict[str, str], list[str]]:
    """Return columns ``unique_id, ds, y`` in order of series and time.

    Parameters
    ----------
    table : Table
        The data, one row for each moment of each series.
    time : str or None
        Column of the times; None is inferred.
    value : str or None
        Column of the numbers; None is inferred.
    group : str or None
        Column that tells series apart; None is inferred.

    Returns
    -------
    tuple
        The columns, the caller's name of each, and what was inferred or dropped in words.
    """
    if len(table) == 0:
        raise DataError(f"{table.path} has no rows to forecast from.")
    notes: list[str] = []
    names = _names(table, time, value, group, notes)
    ys = table.column(names["y"])
    ds = _times(table.column(names["ds"]), names["ds"]) if "ds" in names else None
    ids = [str(v) for v in table.column(names["unique_id"])] if "unique_id" in names else [names["y"]] * len(ys)
    _check_numbers(ys, names["y"])
    if ds is None:
        seen: dict[str, int] = {}
        ds = [seen.update({key: seen.get(key, -1) + 1}) or seen[key] for key in ids]
        notes.append("there is no column of times; the rows are taken as equal steps")
    kept = [i for i in range(len(ys)) if ds[i] is not None and ys[i] is not None]
    if len(kept) < len(ys):
        notes.append(f"{len(ys) - len(kept):,} of {len(ys):,} rows dropped: time or value is missing")
    kept.sort(key=lambda i: (ids[i], ds[i]))
    twice = next((i for i, j in itertools.pairwise(kept) if (ids[i], ds[i]) == (ids[j], ds[j])), None)
    if twice is not None:
        raise DataError(f"series {ids[twice]!r} has two values at {ds[twice]}. Name the column that tells series apart: --group COLUMN")
    return {"unique_id": [ids[i] for i in kept], "ds": [ds[i] for i in kept], "y": [float(ys[i]) for i in kept]}, names, notes


def _names(table: Table, time: str | None, value: str | None, group: str | None, notes: list[str]) -> dict[str, str]:
    """Return the column of each part; time and group may be missing."""
    for told in (time, value, group):
        if told is not None:
            table.column(told)
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
        for o, k, told in (("time", "ds", time), ("value", "y", value), ("group", "unique_id", group))
        if told is None and k in names
    ]
    if guessed:
        notes.append(f"inferred: {' '.join(guessed)}")
    return names


def _known(names: list[str], known: tuple[str, ...]) -> str | None:
    return next((name for word in known for name in names if name.lower() == word), None)


def _is_time(values: list[Any]) -> bool:
    return any(isinstance(value, datetime.date) for value in values[:100])


def _is_number(values: list[Any]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known[:1000])


def _check_numbers(values: list[Any], name: str) -> None:
    for row, value in enumerate(values):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise DataError(f"column {name!r} should hold numbers; got {value!r}. Is the decimal sign a point?", row=row)


def _times(values: list[Any], name: str) -> list[Any]:
    """Return times as datetimes (or the integers given); text in the first format that fits every cell."""
    texts = [value for value in values if isinstance(value, str) and value]
    if not texts:
        return [datetime.datetime(v.year, v.month, v.day) if type(v) is datetime.date else v for v in values]
    for form in FORMATS:
        try:
            return [datetime.datetime.strptime(value, form) if value else None for value in values]
        except (ValueError, TypeError):
            continue
    raise DataError(f"column {name!r} should hold times; got {texts[0]!r}. Write them as 2026-11-23 or 2026-11-23 14:30.")
