"""File formats of data sets, read from bytes in memory: CSV and JSON lines, idx, .ts, .npz; nothing is ever unpickled."""

from __future__ import annotations

import csv
import io
import json
import math
import zipfile
from itertools import pairwise
from typing import Any

import numpy as np

from elman.errors import FileError

NPZ_LIMIT = 2**30
"""Bytes an .npz file may unpack to."""

_IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_table(text: str, name: str, *, delimiter: str = ",", quoted: bool = True) -> dict[str, list[str]]:
    r"""Return the columns of a CSV or TSV text by the names in its first row.

    Parameters
    ----------
    text : str
        The file's text.
    name : str
        For messages.
    delimiter : str, default ","
        Between the cells.
    quoted : bool, default True
        Whether double quotes hold cells together.

    Returns
    -------
    dict of str to list of str
        Columns, all of one length.

    Examples
    --------
    >>> read_table('word,tag\n"a, b",x\n', "example.csv")
    {'word': ['a, b'], 'tag': ['x']}
    """
    quoting = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)
    header = next(rows, None)
    if header is None:
        raise FileError(f"{name} is empty; a first row with the names of the columns was expected.")
    columns: list[list[str]] = [[] for _ in header]
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise FileError(f"{name}, row {number}: {len(row)} cells, {len(header)} were expected ({', '.join(header)}).")
        for column, cell in zip(columns, row, strict=True):
            column.append(cell)
    return dict(zip(header, columns, strict=True))


def read_json_lines(lines: list[str], name: str) -> list[dict[str, Any]]:
    """Return one object a line."""
    results = []
    for number, line in enumerate(lines, start=1):
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise FileError(f"{name}, line {number}: not JSON ({error.msg} at column {error.colno}).") from error
        if not isinstance(value, dict):
            raise FileError(f"{name}, line {number}: a JSON object was expected; got {type(value).__name__}.")
        results.append(value)
    return results


def read_idx(data: bytes, name: str) -> np.ndarray:
    """Return the array of an idx file (the format of MNIST).

    Parameters
    ----------
    data : bytes
        Two zero bytes, a type, the number of dimensions, big-endian sizes, then the numbers.
    name : str
        For messages.

    Returns
    -------
    ndarray
        In native byte order.

    References
    ----------
    LeCun, Cortes, Burges: "The MNIST database", section "File formats".

    Examples
    --------
    >>> read_idx(bytes([0, 0, 8, 1, 0, 0, 0, 3, 5, 6, 7]), "example").tolist()
    [5, 6, 7]
    """
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in _IDX_TYPES:
        raise FileError(f"{name} is not an idx file: it begins with {data[:4].hex() or 'nothing'}, not 0000, a type and a rank.")
    kind, rank = np.dtype(_IDX_TYPES[data[2]]), data[3]
    start = 4 + 4 * rank
    if len(data) < start:
        raise FileError(f"{name} ends inside its idx header, at byte {len(data)} of {start}.")
    shape = [int(size) for size in np.frombuffer(data, ">u4", rank, 4)]
    expected = start + math.prod(shape) * kind.itemsize
    if len(data) != expected:
        raise FileError(f"{name} has {len(data)} bytes; its idx header asks for {expected} (shape {tuple(shape)}).")
    return np.frombuffer(data, kind, offset=start).reshape(shape).astype(kind.newbyteorder("="))


def read_npz(data: bytes, name: str, keys: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Return arrays of an .npz file; arrays of Python objects (pickles) are refused."""
    if data[:2] != b"PK":
        raise FileError(f"{name} is not a plain .npz file: it begins with {data[:2].hex() or 'nothing'}, not with a zip's 504b.")
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            missing = sorted(set(keys) - set(archive.files))
            if missing:
                raise FileError(f"{name} lacks {', '.join(missing)}; it holds {', '.join(sorted(archive.files)) or 'nothing'}.")
            unpacked = sum(part.file_size for part in archive.zip.infolist())
            if unpacked > NPZ_LIMIT:
                raise FileError(f"{name} unpacks to {unpacked} bytes, more than the limit of {NPZ_LIMIT}. It is not the file it should be.")
            return {key: archive[key] for key in keys}
    except FileError:
        raise
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, KeyError) as error:
        raise FileError(f"{name} is not a plain .npz file: {error}.") from error


def split_at(joined: np.ndarray, offsets: np.ndarray, name: str) -> list[np.ndarray]:
    """Cut an array that holds many sequences end to end.

    Parameters
    ----------
    joined : ndarray of shape (total, ...)
        All sequences.
    offsets : ndarray of shape (N + 1,)
        Where each begins; the last is the total.
    name : str
        For messages.

    Returns
    -------
    list of ndarray
        N views.

    Examples
    --------
    >>> [part.tolist() for part in split_at(np.arange(5), np.array([0, 2, 2, 5]), "example")]
    [[0, 1], [], [2, 3, 4]]
    """
    places = offsets.astype(np.int64)
    if places.ndim != 1 or len(places) == 0 or places[0] != 0 or places[-1] != len(joined) or np.any(np.diff(places) < 0):
        raise FileError(f"offsets of {name} must rise from 0 to {len(joined)}; they do not. The file is damaged.")
    return [joined[start:stop] for start, stop in pairwise(places)]


def read_ts(lines: list[str], name: str) -> tuple[list[np.ndarray], list[str]]:
    """Return the series and labels of a .ts file (the format of the UEA archive).

    Parameters
    ----------
    lines : list of str
        The file's lines: ``#`` remarks, ``@`` header ending in ``@data``, then ``dim1:dim2:…:label`` with numbers between commas.
    name : str
        For messages.

    Returns
    -------
    series : list of ndarray of shape (T, dimensions)
        float32; a ``?`` becomes NaN.
    labels : list of str
        One a series.

    Examples
    --------
    >>> series, labels = read_ts(["@data", "1,2,3:4,5,6:a"], "example")
    >>> series[0].tolist(), labels
    ([[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]], ['a'])
    """
    header = next((number for number, line in enumerate(lines) if line.strip().lower() == "@data"), None)
    if header is None:
        raise FileError(f"{name} has no line '@data'; it is not a .ts file.")
    series, labels = [], []
    for number, line in enumerate(lines[header + 1 :], start=header + 2):
        if not line.strip():
            continue
        *channels, label = line.strip().split(":")
        try:
            rows = [[math.nan if cell.strip() == "?" else float(cell) for cell in channel.split(",")] for channel in channels]
        except ValueError as error:
            raise FileError(f"{name}, line {number}: {error}.") from error
        if not rows or len({len(row) for row in rows}) != 1:
            raise FileError(f"{name}, line {number}: dimensions of one length were expected; got lengths {[len(row) for row in rows]}.")
        series.append(np.array(rows, dtype=np.float32).T.copy())
        labels.append(label)
    return series, labels


def read_ragged_csv(text: str, name: str) -> dict[str, np.ndarray]:
    r"""Return series of different lengths, one a row, first cell its name (the format of the M4 competition).

    Parameters
    ----------
    text : str
        A header row, then ``"H1","605","586",…``; empty cells at the end of a row are left out.
    name : str
        For messages.

    Returns
    -------
    dict of str to ndarray of shape (T,)
        float64 values by series.

    Examples
    --------
    >>> read_ragged_csv('"V1","V2","V3"\n"H1","5",""\n', "example")
    {'H1': array([5.])}
    """
    entries: dict[str, np.ndarray] = {}
    for number, row in enumerate(csv.reader(io.StringIO(text, newline="")), start=1):
        if number == 1 or not row:
            continue
        cells = row[1:]
        while cells and cells[-1] in ("", "NA"):
            cells.pop()
        try:
            entries[row[0]] = np.array([float(cell) for cell in cells])
        except ValueError as error:
            raise FileError(f"{name}, row {number} ({row[0]}): {error}. Only numbers may come before the last value.") from error
    return entries
