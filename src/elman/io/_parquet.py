"""Parquet, read in a child process: a damaged file can end its reader (crash, endless loop, all memory), and must not end us."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from elman.errors import FileError
from elman.io._limits import MAX_BYTES, MAX_COLUMNS, PARQUET_SECONDS
from elman.io._sniff import looks_like

_CHILD = Path(__file__).with_name("_parquet_child.py")


def read_parquet(path: Path, *, max_rows: int) -> tuple[dict[str, list[Any]], list[str]]:
    """Read a Parquet file; return its columns and notes about them."""
    import pyarrow as pa

    _check_frame(path)
    # -P keeps this folder off the child's module path; its standard output is one Arrow stream.
    command = [sys.executable, "-P", str(_CHILD), str(path), str(max_rows + 1), str(MAX_COLUMNS), str(MAX_BYTES)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=PARQUET_SECONDS, check=False)  # noqa: S603  # our own file, no shell
    except subprocess.TimeoutExpired as error:
        raise FileError(
            f"{path}: reading took longer than {PARQUET_SECONDS:.0f} s and was stopped; the file is too large or damaged."
        ) from error
    if done.returncode:
        answer = done.stderr.decode(errors="replace").strip().splitlines()
        why = answer[-1] if answer and done.returncode == 3 else f"the reader ended with status {done.returncode}; the file is damaged"
        raise FileError(f"{path}: cannot be read as Parquet: {why}.")
    table = pa.ipc.open_stream(pa.BufferReader(done.stdout)).read_all()
    return {name: column.to_pylist() for name, column in zip(table.column_names, table.columns, strict=True)}, []


def _check_frame(path: Path) -> None:
    """Refuse at once a file without both marks of a whole Parquet file."""
    try:
        with path.open("rb") as file:
            start = file.read(4096)
            size = file.seek(0, 2)
            file.seek(max(size - 4, 0))
            end = file.read(4)
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {error.strerror or error}.") from error
    if not start.startswith(b"PAR1"):
        raise FileError(f"{path}: not Parquet: it looks like {looks_like(start) or ('plain text' if start else 'an empty file')}.")
    if end != b"PAR1" or size < 12:
        raise FileError(f"{path}: the Parquet file is cut short: its last four bytes should be PAR1. Copy or write it again.")
