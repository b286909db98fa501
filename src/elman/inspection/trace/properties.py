"""Properties of the steps of a value, as one number a step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from elman.errors import DataError, DataTypeError, SettingError, did_you_mean

_OPEN, _CLOSE = "([{<“«", ")]}>”»"


def position(labels: Sequence[str]) -> np.ndarray:
    """Return the number of each step, from 0."""
    return np.arange(len(labels), dtype=np.float64)


def bracket_depth(labels: Sequence[str]) -> np.ndarray:
    """Return how many brackets are open after each step.

    Parameters
    ----------
    labels : sequence of str
        T labels.

    Returns
    -------
    ndarray
        (T,).

    Examples
    --------
    >>> bracket_depth("a(b[c])").tolist()
    [0.0, 1.0, 1.0, 2.0, 2.0, 1.0, 0.0]
    """
    change = [sum(label.count(c) for c in _OPEN) - sum(label.count(c) for c in _CLOSE) for label in labels]
    return np.cumsum(change, dtype=np.float64)


def quote_depth(labels: Sequence[str]) -> np.ndarray:
    """Return 1 inside double quotation marks and 0 outside, after each step; typographic ones nest.

    Parameters
    ----------
    labels : sequence of str
        T labels.

    Returns
    -------
    ndarray
        (T,).

    Examples
    --------
    >>> quote_depth('a"bc"d').tolist()
    [0.0, 1.0, 1.0, 1.0, 0.0, 0.0]
    """
    straight = np.cumsum([label.count('"') for label in labels]) % 2
    curly = np.cumsum([label.count("“") + label.count("«") - label.count("”") - label.count("»") for label in labels])
    return (straight + curly).astype(np.float64)


def digit_count(labels: Sequence[str]) -> np.ndarray:
    """Return how many digits have been read.

    Parameters
    ----------
    labels : sequence of str
        T labels.

    Returns
    -------
    ndarray
        (T,).

    Examples
    --------
    >>> digit_count("a12b3").tolist()
    [0.0, 1.0, 2.0, 2.0, 3.0]
    """
    return np.cumsum([sum(c.isdigit() for c in label) for label in labels], dtype=np.float64)


def line_position(labels: Sequence[str]) -> np.ndarray:
    """Return how many steps ago the line began."""
    return _since(labels, lambda label: "\n" in label)


def word_position(labels: Sequence[str]) -> np.ndarray:
    """Return how many steps ago the word began."""
    return _since(labels, str.isspace)


PROPERTIES: dict[str, Callable[[Sequence[str]], np.ndarray]] = {
    "position": position,
    "quote depth": quote_depth,
    "bracket depth": bracket_depth,
    "digit count": digit_count,
    "line position": line_position,
    "word position": word_position,
}


def values_of(wanted: Any, labels: Sequence[str]) -> tuple[np.ndarray, str]:
    """Return a property of the steps with its name.

    Parameters
    ----------
    wanted : str or array-like
        A name, or one number a step.
    labels : sequence of str
        T labels.

    Returns
    -------
    tuple
        (T,) float64 and the name.
    """
    if isinstance(wanted, str):
        name = wanted.replace("_", " ")
        if name not in PROPERTIES:
            available = list(PROPERTIES)
            raise SettingError(
                f"property must be one of {available} or an array of one number a step; got {wanted!r}.{did_you_mean(name, available)}"
            )
        return PROPERTIES[name](labels), name
    try:
        numbers = np.asarray(wanted, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataTypeError(f"property must be a name or one number a step; got {type(wanted).__name__} ({error}).") from error
    if numbers.shape != (len(labels),) or not np.isfinite(numbers).all():
        raise DataError(f"property must have one finite number for each of the {len(labels)} steps; got shape {numbers.shape}.")
    return numbers, "the given property"


def _since(labels: Sequence[str], begins: Callable[[str], bool]) -> np.ndarray:
    values, count = np.zeros(len(labels)), 0
    for step, label in enumerate(labels):
        count = 0 if begins(label) else count + 1
        values[step] = count
    return values
