"""Run as a program by ``_parquet.py``: read a Parquet file, write it to standard output as an Arrow stream.

Imports nothing of elman. Ends with status 3 and one line on standard error for a reason worth telling.
"""

from __future__ import annotations

import resource
import sys


def main(path: str, max_rows: int, max_columns: int, max_bytes: int) -> None:
    """Read at most ``max_rows`` rows, column kinds made plain, and write them."""
    limit = 4 * max_bytes + (2 << 30)  # address space: the libraries themselves map about 1 GiB
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path)
        names = file.schema_arrow.names
        if len(names) > max_columns:
            fail(f"{len(names):,} columns; a table may have {max_columns:,}")
        if len(set(names)) < len(names):
            fail("two columns have the same name")
        batches, rows = [], 0
        for batch in file.iter_batches():
            batches.append(batch.slice(0, max_rows - rows))
            rows += batches[-1].num_rows
            if rows >= max_rows:
                break
        table = pa.Table.from_batches(batches, schema=file.schema_arrow)
        table = pa.table({name: plain(column) for name, column in zip(names, table.columns, strict=True)})
        if table.nbytes > max_bytes:
            fail(f"{table.nbytes:,} bytes after unpacking; at most {max_bytes:,}")
        with pa.ipc.new_stream(sys.stdout.buffer, table.schema) as out:
            out.write_table(table)
    except (pa.ArrowException, OSError, MemoryError, ValueError, UnicodeDecodeError) as error:
        fail((str(error).splitlines() or [type(error).__name__])[0].rstrip("."))


def plain(column):
    """Convert types without a plain Python value (nanoseconds, dictionaries)."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    column.validate(full=True)
    return column


def fail(why: str) -> None:
    """End with the reason."""
    sys.stderr.write(why + "\n")
    sys.exit(3)


if __name__ == "__main__":
    main(sys.argv[1], *(int(argument) for argument in sys.argv[2:5]))
