"""Rows: whatever people hold their values in, as one list of values, one a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from elman.errors import DataError, DataTypeError


def rows_of(values: Any, name: str) -> list[Any]:
    """Return a list with one value a row.

    Parameters
    ----------
    values : list, array, tensor, data frame column, data frame or iterable
        The first axis is rows. A data frame of one column is that column; one of several gives a dict a row.
    name : str
        Its name for the caller ("X", "y"), in messages.

    Returns
    -------
    list
        One value a row.
    """
    if isinstance(values, str | bytes | Mapping):
        raise DataTypeError(
            f"{name} must hold one value a row, as a list, array or column; got one {type(values).__name__}. Put it in a list."
        )
    if isinstance(values, list | tuple):
        rows = list(values)
    elif hasattr(values, "detach"):
        rows = list(values.detach().cpu().numpy())
    elif isinstance(values, np.ndarray):
        rows = _rows_of_array(values, name)
    elif hasattr(values, "__array__") and not hasattr(values, "__iter__"):
        rows = _rows_of_array(np.asarray(values), name)
    elif not hasattr(values, "__iter__"):
        raise DataTypeError(f"{name} must hold one value a row, as a list, array or column; got {type(values).__name__}.")
    else:
        rows = _rows_of_frame(values)
    if not rows:
        raise DataError(f"{name} is empty. Give at least one row.")
    return rows


def paired_rows(x: Any, y: Any) -> tuple[list[Any], list[Any]]:
    """Return the rows of both sides; they must be equally many."""
    left, right = rows_of(x, "X"), rows_of(y, "y")
    if len(left) != len(right):
        raise DataError(f"X and y must have the same number of rows; got {len(left)} and {len(right)}.")
    return left, right


def _rows_of_array(values: np.ndarray, name: str) -> list[Any]:
    if values.ndim == 0:
        raise DataTypeError(f"{name} must have rows along its first axis; got a single number.")
    if values.ndim == 1 and values.dtype != object:
        return values.tolist()  # Python numbers and strings, so that categories come back as such
    return list(values)


def _rows_of_frame(values: Iterable[Any]) -> list[Any]:
    import narwhals as nw
    from narwhals import Series as Column

    frame: Any = nw.from_native(values, allow_series=True, pass_through=True)
    if isinstance(frame, Column):
        return frame.to_list()
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, nw.DataFrame):
        columns = frame.columns
        return frame[columns[0]].to_list() if len(columns) == 1 else list(frame.iter_rows(named=True))
    return list(values)
