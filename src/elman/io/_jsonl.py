"""JSON lines (one object a line) and JSON (one list of objects)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from elman.errors import FileError
from elman.io._limits import MAX_COLUMNS
from elman.io._sniff import text_of


def read_json(path: Path, *, encoding: str = "utf-8") -> tuple[dict[str, list[Any]], list[str]]:
    """Read objects as rows; a key that a row lacks is None there, and that is noted."""
    text = text_of(path, "JSON", encoding, json=True)
    rows = _list(path, text) if path.suffix.lower() == ".json" and text.lstrip().startswith("[") else _lines(path, text)
    names: dict[str, None] = {}
    for where, row in rows:
        if not isinstance(row, dict):
            raise FileError(
                f"{path}: {where} is {_kind(row)}; every row should be an object with named values, as {{'text': 'good', 'stars': 5}}."
            )
        names.update(dict.fromkeys(row))
        if len(names) > MAX_COLUMNS:
            raise FileError(f"{path}: more than {MAX_COLUMNS:,} different keys by {where}; a table may have {MAX_COLUMNS:,} columns.")
    notes = []
    short = sum(len(row) < len(names) for _, row in rows)
    if short:
        notes.append(f"{short:,} rows lack some of the keys; those values are missing")
    return {name: [row.get(name) for _, row in rows] for name in names}, notes


def _lines(path: Path, text: str) -> list[tuple[str, Any]]:
    """Return (where, value) of each line that is not blank."""
    lines = text.split("\n")  # not splitlines: JSON strings may hold U+2028
    return [(f"line {i}", _load(path, f"line {i}", line)) for i, line in enumerate(lines, 1) if line.strip()]


def _list(path: Path, text: str) -> list[tuple[str, Any]]:
    return [(f"element {i}", value) for i, value in enumerate(_load(path, "the file", text))]


def _load(path: Path, where: str, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise FileError(f"{path}: {where} is not JSON: {error.msg} (column {error.colno}): {text[:60]!r}.") from error
    except RecursionError as error:
        raise FileError(f"{path}: {where} is nested too deeply.") from error
    except ValueError as error:  # an integer of more digits than Python converts
        raise FileError(f"{path}: {where} cannot be read: {error}.") from error


def _kind(value: Any) -> str:
    return {list: "a list", str: "a string", bool: "a boolean", type(None): "null"}.get(type(value), "a number")
