"""From the cell of a table to the value a codec takes: a series written as text becomes numbers, tags are split at commas."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from elman.errors import DataError


def values(codec: Any, cells: list[Any]) -> list[Any]:
    """Return the value of each cell for ``codec``; a cell that cannot be one raises DataError naming its row."""
    convert = _FROM_TEXT.get(type(codec).__name__)
    if convert is None:
        return cells
    outputs = []
    for row, cell in enumerate(cells):
        try:
            outputs.append(convert(cell) if isinstance(cell, str) else cell)
        except DataError as error:
            raise error.at(row) from error
    return outputs


def numbers(text: str) -> list[Any]:
    """Return the numbers of a cell: JSON, or separated by spaces, commas or semicolons.

    Parameters
    ----------
    text : str
        The cell.

    Returns
    -------
    list
        Floats, or the value of the JSON.

    Examples
    --------
    >>> numbers("1 2.5, 3"), numbers("[[1, 2], [3, 4]]")
    ([1.0, 2.5, 3.0], [[1, 2], [3, 4]])
    """
    if text.lstrip().startswith("["):
        try:
            return json.loads(text)
        except ValueError as error:
            raise DataError(f"a list of numbers was expected; got {text[:40]!r}, which is not JSON ({error}).") from error
    try:
        return [float(part) for part in re.split(r"[\s,;]+", text.strip()) if part]
    except ValueError as error:
        raise DataError(f"numbers separated by spaces or commas were expected; got {text[:40]!r}.") from error


def words(text: str) -> list[str]:
    """Return the symbols of a cell: separated by whitespace."""
    return text.split()


def tags(text: str) -> list[str]:
    """Return the tags of a cell: separated by commas, semicolons or bars.

    Parameters
    ----------
    text : str
        The cell.

    Returns
    -------
    list of str
        The tags, without blanks around them.

    Examples
    --------
    >>> tags("drama, comedy")
    ['drama', 'comedy']
    """
    return [tag for part in re.split(r"[,;|]", text) if (tag := part.strip())]


def piece(text: str) -> Any:
    """Return the piece of music of a cell: JSON frames of notes, or the name of a MIDI file as it is; nothing is an empty piece.

    Parameters
    ----------
    text : str
        The cell.

    Returns
    -------
    list or str
        The piece.

    Examples
    --------
    >>> piece("[[60, 64], [62]]"), piece("bach.mid"), piece("")
    ([[60, 64], [62]], 'bach.mid', [])
    """
    return numbers(text) if text.lstrip().startswith("[") or not text.strip() else text


_FROM_TEXT: dict[str, Callable[[str], Any]] = {
    "Series": numbers,
    "Vector": numbers,
    "Strokes": numbers,
    "Joints": numbers,
    "Notes": piece,
    "Symbols": words,
    "Tags": tags,
}


def text(value: Any) -> Any:
    """Return a predicted value as a table holds it: tags and symbols joined, all else as it is."""
    if isinstance(value, set | frozenset):
        return ", ".join(map(str, sorted(value, key=str)))
    if isinstance(value, tuple | list) and value and all(isinstance(part, str) for part in value):
        return " ".join(value)
    return value
