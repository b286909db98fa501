"""Columns to the bytes of a CSV, TSV, JSON lines or Parquet file."""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def to_csv(columns: Mapping[str, Sequence[Any]], delimiter: str = ",") -> bytes:
    """Return CSV: a header, None as an empty cell, lists as JSON."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        writer.writerow(["" if value is None else _cell(value) for value in row])
    return out.getvalue().encode()


def to_tsv(columns: Mapping[str, Sequence[Any]]) -> bytes:
    """Return TSV, as :func:`to_csv`."""
    return to_csv(columns, delimiter="\t")


def to_jsonl(columns: Mapping[str, Sequence[Any]]) -> bytes:
    """Return one JSON object a row."""
    names = list(columns)
    lines = (json.dumps(dict(zip(names, map(plain, row), strict=True)), ensure_ascii=False) for row in zip(*columns.values(), strict=True))
    return "".join(line + "\n" for line in lines).encode()


def to_parquet(columns: Mapping[str, Sequence[Any]]) -> bytes:
    """Return a Parquet file."""
    import pyarrow as pa
    from pyarrow import parquet

    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table({name: [_arrow(v) for v in values] for name, values in columns.items()}), sink)
    return sink.getvalue().to_pybytes()


def plain(value: Any) -> Any:
    """Return a value as JSON knows it: numbers, text, lists, None; times as ISO 8601; NaN and infinities as None."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, float):
        return value if value - value == 0.0 else None
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return value if value is None or isinstance(value, str | int) else str(value)


def _cell(value: Any) -> Any:
    value = _arrow(value)
    return json.dumps(plain(value), ensure_ascii=False) if isinstance(value, list | tuple | dict) else value


def _arrow(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else value
