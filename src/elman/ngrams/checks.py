"""Checks of sequences of symbols and of settings, before any counting."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from elman.errors import DataError, DataTypeError, SettingError


def positive(value: Any, name: str, most: int) -> int:
    """Return a whole number in ``1 .. most``, or raise SettingError."""
    try:
        number = operator.index(value)
    except TypeError:
        number = 0
    if not 1 <= number <= most or isinstance(value, bool):
        raise SettingError(f"{name} must be a whole number in 1..{most}; got {value!r}.")
    return number


def sequence(values: Any, classes: int, row: int | None = None) -> NDArray[np.int64]:
    """Return one sequence of symbols as int64, or raise DataError.

    Parameters
    ----------
    values : array_like
        (T,) whole numbers in ``0 .. classes - 1``; may be empty.
    classes : int
        Number of symbols.
    row : int, optional
        Row of the sequence, for the message.

    Returns
    -------
    numpy.ndarray
        (T,) int64.
    """
    try:
        array = np.asarray(values)
    except ValueError:
        array = np.empty((0, 0))
    if array.ndim != 1:
        raise DataTypeError(
            f"a sequence must be one flat row of symbol numbers; got {type(values).__name__} of {array.ndim} axes.", row=row
        )
    if len(array) == 0:
        return np.empty(0, np.int64)
    if array.dtype.kind not in "iu":
        raise DataTypeError(f"symbols must be whole numbers; got {array.dtype}. Encode the values with a codec first.", row=row)
    low, high = int(array.min()), int(array.max())
    if low < 0 or high >= classes:
        raise DataError(f"symbols must be in 0..{classes - 1}; got {low if low < 0 else high}. Check vocabulary_size.", row=row)
    return array.astype(np.int64, copy=False)


def sequences(values: Iterable[Any], classes: int) -> list[NDArray[np.int64]]:
    """Return many sequences as int64 arrays, or raise DataError naming the row.

    Parameters
    ----------
    values : iterable of array_like
        One sequence a row.
    classes : int
        Number of symbols.

    Returns
    -------
    list of numpy.ndarray
        Each (T_i,) int64.
    """
    if not isinstance(values, Iterable) or isinstance(values, str | bytes):
        raise DataTypeError(f"sequences must be a list of sequences of symbol numbers; got {type(values).__name__}.")
    return [sequence(value, classes, row) for row, value in enumerate(values)]
