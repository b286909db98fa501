"""How much a reader takes from a file: generous for real data, small enough that no file can fill the machine."""

from __future__ import annotations

MAX_BYTES = 1 << 30
"""Bytes of one file, or of one array after unpacking; a larger file raises FileError."""
MAX_ROWS = 10_000_000
"""Rows of one table; the rest is left out, counted and reported."""
MAX_COLUMNS = 16_384
"""Columns of one table; more raise FileError."""
MAX_CELL = 10_000_000
"""Characters of one cell; a longer one is cut, counted and reported."""
MAX_FILES = 5_000_000
"""Files of one folder; the rest is left out, counted and reported."""
PARQUET_SECONDS = 600.0
"""Time the child process that reads a Parquet file may take."""
