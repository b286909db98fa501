"""CSV and TSV, split by pyarrow; the type of a column is decided here, over the whole column, by documented rules.

A column is integers, numbers, booleans, dates or times only when every cell that is not missing has exactly that form;
otherwise it is text and stays as written: ``00123``, ``1,5`` and integers too long for 64 bits lose nothing. Missing cells
(empty, ``NA``, ``null``, …) become None in such columns; in a text column they are text.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from elman.errors import FileError
from elman.io._limits import MAX_CELL, MAX_COLUMNS
from elman.io._sniff import text_of

MISSING = ("", "NA", "N/A", "#N/A", "NaN", "nan", "-nan", "null", "NULL", "None", "n/a", "<NA>")
_INTEGER = r"^[+-]?(0|[1-9][0-9]*)$"
_NUMBER = r"^[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?|inf)$"
_LEADING_ZERO = r"^[+-]?0[0-9]+$"
_BOOLEAN = r"^(true|false|True|False|TRUE|FALSE)$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?$"


def read_csv(path: Path, *, encoding: str = "utf-8", delimiter: str | None = None) -> tuple[dict[str, list[Any]], list[str]]:
    """Read a table with a header line; return its columns and notes about them."""
    text = text_of(path, "TSV" if path.suffix.lower() == ".tsv" else "CSV", encoding)
    notes: list[str] = []
    first = text.split("\n", 1)[0].rstrip("\r")
    if delimiter is None:
        delimiter = "\t" if path.suffix.lower() in (".tsv", ".tab") else _delimiter(first)
        if delimiter not in ",\t":
            notes.append(f"columns are separated by {delimiter!r}")
    names = _header(path, text, delimiter, notes)
    table = _split(path, text, names, delimiter, notes)
    columns = {name: _typed(name, table.column(i), notes) for i, name in enumerate(names)}
    return columns, notes


def _delimiter(line: str) -> str:
    """Return the separator the header line uses most, outside quotes; a comma when in doubt."""
    bare = "".join(part for i, part in enumerate(line.split('"')) if i % 2 == 0)
    return max(",;\t|", key=lambda mark: (bare.count(mark), mark == ","))


def _header(path: Path, text: str, delimiter: str, notes: list[str]) -> list[str]:
    """Return the column names, or raise FileError for duplicates and for more than the limit."""
    try:
        names = next(csv.reader(_lines(text), delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration) as error:
        raise FileError(
            f"{path}: the header line cannot be read: {error or 'there is none'}. The first line must name the columns."
        ) from error
    if len(names) > MAX_COLUMNS:
        raise FileError(f"{path}: {len(names):,} columns; a table may have {MAX_COLUMNS:,}. Was the wrong delimiter used?")
    names = [name.strip() or f"column_{i + 1}" for i, name in enumerate(names)]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise FileError(f"{path}: the header names {twice[0]!r} {names.count(twice[0])} times. Give every column its own name.")
    if all(name.replace(".", "", 1).lstrip("+-").isdigit() for name in names):
        notes.append(
            f"the first line ({delimiter.join(names)[:60]}) is all numbers and was read as column names; put a header line above it"
        )
    return names


def _lines(text: str) -> Any:
    """Yield lines with their ends, without splitting the whole text at once (csv.reader wants an iterator of lines)."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end


def _split(path: Path, text: str, names: list[str], delimiter: str, notes: list[str]) -> Any:
    """Return an Arrow table of text cells; records with another number of cells are dropped, counted and noted."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    dropped: list[str] = []

    def drop(row: Any) -> str:
        dropped.append(f"record {row.number} has {row.actual_columns} cells where {row.expected_columns} were expected")
        return "skip"

    keys = [str(i) for i in range(len(names))]
    data = text.encode()
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(data),
            read_options=arrow_csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=keys),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=len(names) > 1, invalid_row_handler=drop
            ),
            convert_options=arrow_csv.ConvertOptions(column_types=dict.fromkeys(keys, pa.string()), strings_can_be_null=False),
        )
    except pa.ArrowException as error:
        raise FileError(f"{path}: cannot be read as CSV: {str(error).splitlines()[0]}. Is a quote left open?") from error
    if dropped:
        if table.num_rows <= 1:
            raise FileError(f"{path}: not a table: {dropped[0]}, and so on for every line. Was the wrong delimiter used?")
        notes.append(f"{len(dropped):,} rows dropped: {dropped[0]}" + (" (the first of them)" if len(dropped) > 1 else ""))
    return table.slice(1).combine_chunks()  # the first record is the header


def _compute() -> Any:
    """Return pyarrow.compute, whose functions are made at run time and unknown to type checkers."""
    import pyarrow.compute

    return pyarrow.compute


def _typed(name: str, column: Any, notes: list[str]) -> list[Any]:
    """Return the cells of one column as Python values of one kind, by the rules at the top of this file."""
    import pyarrow as pa

    pc = _compute()

    missing = pc.is_in(column, value_set=pa.array(MISSING))
    present = column.filter(pc.invert(missing))
    if len(present) == 0:
        blank = len(column) > 0 and pc.all(pc.equal(column, "")).as_py()
        return [None] * len(column) if blank or len(column) == 0 else column.to_pylist()
    kind = _kind(present)
    if kind is not None:
        try:
            return pc.cast(pc.if_else(missing, pa.scalar(None, pa.string()), column), kind).to_pylist()
        except pa.ArrowException:  # the form is right, the value is not: 64-bit overflow, the 31st of February
            pass
    return _cut(name, column, notes)


def _kind(cells: Any) -> Any:
    """Return the Arrow type that every cell has the form of, or None for text."""
    import pyarrow as pa

    pc = _compute()

    def every(pattern: str) -> bool:
        return pc.all(pc.match_substring_regex(cells, pattern)).as_py()

    start = cells[0].as_py()[:1]
    if start in "+-.0123456789i" and every(_NUMBER):
        if every(_INTEGER):
            return pa.int64()
        return None if pc.any(pc.match_substring_regex(cells, _LEADING_ZERO)).as_py() else pa.float64()
    if start in "tfTF" and every(_BOOLEAN):
        return pa.bool_()
    if start.isdigit() and every(_DATE):
        return pa.date32()
    return pa.timestamp("us") if start.isdigit() and every(_TIME) else None


def _cut(name: str, column: Any, notes: list[str]) -> list[str]:
    """Return text cells, cut to the longest length allowed."""
    pc = _compute()

    long = pc.sum(pc.greater(pc.utf8_length(column), MAX_CELL)).as_py() or 0
    if long:
        notes.append(f"{long:,} cells of column {name!r} cut to {MAX_CELL:,} characters")
        column = pc.utf8_slice_codeunits(column, 0, MAX_CELL)
    return column.to_pylist()
