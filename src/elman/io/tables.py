"""Tables: files of many kinds, folders of class folders and any data frame, as columns of Python values.

A missing value is None. Everything left out, dropped or cut is counted and reported in ``Table.notes``; nothing is lost silently.

The limits, all in this module: MAX_BYTES of a file, MAX_ROWS and MAX_COLUMNS of a table, MAX_CELL characters of a cell,
MAX_FILES of a folder.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from elman.errors import DataError, FileError, SettingError, did_you_mean
from elman.io import atomic
from elman.io._limits import MAX_BYTES as MAX_BYTES
from elman.io._limits import MAX_CELL as MAX_CELL
from elman.io._limits import MAX_COLUMNS as MAX_COLUMNS
from elman.io._limits import MAX_FILES as MAX_FILES
from elman.io._limits import MAX_ROWS as MAX_ROWS
from elman.io.paths import as_path

ENDINGS = (".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".json", ".parquet", ".txt", ".text", ".md", ".npy", ".npz")
"""Endings of the files that ``read`` knows."""


@dataclass(frozen=True)
class Table:
    """Columns of equal length, and notes on everything that was left out.

    Parameters
    ----------
    columns : dict of str to list
        Values by column name; a missing value is None.
    notes : tuple of str
        One line for everything dropped, cut or decided while reading.
    path : str
        Where the table came from, for messages.

    Examples
    --------
    >>> table = Table({"text": ["good", "bad"], "stars": [5, 1]})
    >>> len(table), table.column("stars")
    (2, [5, 1])
    """

    columns: dict[str, list[Any]]
    notes: tuple[str, ...] = ()
    path: str = "the table"

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(next(iter(self.columns.values()), []))

    @property
    def names(self) -> list[str]:
        """Names of the columns, in order."""
        return list(self.columns)

    def column(self, name: str) -> list[Any]:
        """Return the values of one column; a name that is not there raises DataError with the nearest one."""
        if name not in self.columns:
            raise DataError(f"{self.path} has no column {name!r}; it has {_some(self.names)}.{did_you_mean(name, self.names)}")
        return self.columns[name]


def _some(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:12])) + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def read(
    path: str | Path,
    *,
    encoding: str = "utf-8",
    delimiter: str | None = None,
    by: Literal["line", "file"] = "line",
    max_rows: int = MAX_ROWS,
) -> Table:
    """Read a table from a file or folder; its ending gives the format, and its first bytes are checked against it.

    Parameters
    ----------
    path : str or Path
        CSV, TSV, JSON lines, JSON, Parquet, text, .npy, .npz, or a folder (of class folders).
    encoding : str, default "utf-8"
        Encoding of text, for example "latin-1".
    delimiter : str, optional
        Separator of CSV cells; found from the header line otherwise.
    by : {"line", "file"}
        Whether a text file is one value a line, or one value.
    max_rows : int
        Rows to take; the rest is left out and noted.

    Returns
    -------
    Table
        The columns ``text`` for text files, ``file`` and ``label`` for folders, ``value`` for one array, else as named in the file.

    Raises
    ------
    FileError
        The file is missing, empty, of another format than its ending, damaged or beyond a limit; the message names the case.
    """
    path = as_path(path)
    if not path.exists():
        near = did_you_mean(path.name, (p.name for p in path.parent.iterdir())) if path.parent.is_dir() else ""
        raise FileError(f"{path}: there is no such file or folder.{near or ' Check the path.'}")
    columns, notes = _columns(path, encoding, delimiter, by, max_rows)
    return _limited(Table(columns, tuple(notes), str(path)), max_rows)


def _columns(
    path: Path, encoding: str, delimiter: str | None, by: Literal["line", "file"], max_rows: int
) -> tuple[dict[str, list[Any]], list[str]]:
    """Hand the file to the reader of its ending; each is imported only when needed."""
    ending = path.suffix.lower()
    if path.is_dir():
        from elman.io._folders import read_folder

        return read_folder(path, encoding=encoding)
    if ending in (".csv", ".tsv", ".tab"):
        from elman.io._csv import read_csv

        return read_csv(path, encoding=encoding, delimiter=delimiter)
    if ending in (".jsonl", ".ndjson", ".json"):
        from elman.io._jsonl import read_json

        return read_json(path, encoding=encoding)
    if ending == ".parquet":
        from elman.io._parquet import read_parquet

        return read_parquet(path, max_rows=max_rows)
    if ending in (".npy", ".npz"):
        from elman.io._arrays import read_arrays

        return read_arrays(path)
    if ending in (".txt", ".text", ".md"):
        from elman.io._folders import read_text

        return read_text(path, encoding=encoding, by=by)
    raise FileError(
        f"{path}: files ending in {ending or 'nothing'!r} cannot be read as a table; elman reads {', '.join(ENDINGS)} and folders."
    )


def _limited(table: Table, max_rows: int) -> Table:
    extra = len(table) - max_rows
    if extra <= 0:
        return table
    note = f"only the first {max_rows:,} rows are used; the rest ({'at least ' if extra == 1 else ''}{extra:,}) is left out"
    return Table({name: values[:max_rows] for name, values in table.columns.items()}, (*table.notes, note), table.path)


def from_frame(frame: Any) -> Table:
    """Return the columns of any data frame that narwhals knows (pandas, polars, Arrow, …) or of a mapping of columns.

    Parameters
    ----------
    frame : data frame or mapping
        An eager data frame, or columns by name.

    Returns
    -------
    Table
        The same columns as Python values; whatever is missing is None.

    Examples
    --------
    >>> from_frame({"x": [1.0, float("nan")]}).columns
    {'x': [1.0, None]}
    """
    from elman.io.missing import is_missing

    if isinstance(frame, Mapping):
        columns = {str(name): list(values) for name, values in frame.items()}
        lengths = {name: len(values) for name, values in columns.items()}
        if len(set(lengths.values())) > 1:
            raise DataError(f"columns of one table should be equally long; they have {lengths} rows.")
    else:
        import narwhals.stable.v2 as nw

        try:
            native = nw.from_native(frame, eager_only=True)
        except (TypeError, ValueError) as error:
            raise DataError(
                f"a data frame (pandas, polars, Arrow, …) or a dict of columns was expected; got {type(frame).__name__}."
            ) from error
        columns = {name: native[name].to_list() for name in native.columns}
    return Table({name: [None if is_missing(v) else v for v in values] for name, values in columns.items()}, path="the data frame")


def to_frame(columns: Mapping[str, Sequence[Any]], like: Any = None) -> Any:
    """Return columns as a data frame of the caller's kind.

    Parameters
    ----------
    columns : mapping of str to sequence
        Values by column name.
    like : data frame, optional
        A frame of the kind wanted; without it (or with a mapping) an Arrow table is returned.

    Returns
    -------
    data frame
        Of the kind of ``like``.
    """
    import narwhals.stable.v2 as nw

    data = {name: list(values) for name, values in columns.items()}
    if like is None or isinstance(like, Mapping):
        import pyarrow as pa

        return pa.table(data)
    backend = nw.get_native_namespace(nw.from_native(like, eager_only=True))
    return nw.from_dict(data, backend=backend).to_native()


def to_kind(rows: Sequence[Mapping[str, Any]], kind: str) -> Any:
    """Return rows as a data frame of a library that is named.

    Parameters
    ----------
    rows : sequence of mapping
        Values by column name, one mapping a row.
    kind : {"pandas", "polars", "pyarrow"}
        Whose.

    Returns
    -------
    DataFrame or Table
        One row each.

    Examples
    --------
    >>> to_kind([{"epoch": 1, "loss": 0.5}], "pyarrow").num_rows
    1
    """
    if kind not in ("pandas", "polars", "pyarrow"):
        raise SettingError(f"kind must be 'pandas', 'polars' or 'pyarrow'; got {kind!r}.")
    try:
        library = importlib.import_module(kind)
    except ImportError as cause:
        raise SettingError(f"{kind} is not installed. Run: pip install {kind}, or ask for kind='pyarrow'.") from cause
    return library.Table.from_pylist(list(rows)) if kind == "pyarrow" else library.DataFrame(list(rows))


WRITERS = {".csv": "to_csv", ".tsv": "to_tsv", ".jsonl": "to_jsonl", ".ndjson": "to_jsonl", ".parquet": "to_parquet"}
"""Functions of :mod:`elman.io.table_writers` that :func:`write` uses, by the ending of the file."""


def write(path: str | Path, columns: Mapping[str, Sequence[Any]]) -> None:
    """Write columns as CSV, TSV, JSON lines or Parquet, by the ending of the path; whole or not at all.

    Parameters
    ----------
    path : str or Path
        The file; one that is there is replaced in one step.
    columns : mapping of str to sequence
        Values by column name, equally long; None is written as an empty cell or null, lists in CSV as JSON.
    """
    from elman.io import table_writers  # NumPy, which the help of the command line does not need

    path = as_path(path)
    ending = path.suffix.lower()
    if ending not in WRITERS:
        raise FileError(f"{path}: a table cannot be written as {ending or 'a file without ending'!r}; use {', '.join(WRITERS)}.")
    atomic.write(path, getattr(table_writers, WRITERS[ending])(from_frame(columns).columns))
