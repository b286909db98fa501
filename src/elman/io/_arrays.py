"""NumPy's .npy and .npz, without pickle, sizes checked before anything is unpacked."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from elman.errors import FileError
from elman.io._limits import MAX_BYTES
from elman.io._sniff import looks_like


def read_arrays(path: Path) -> tuple[dict[str, list[Any]], list[str]]:
    """Read one array as column ``value``, or the arrays of an archive as columns; the first axis is the rows."""
    try:
        with path.open("rb") as file:
            start = file.read(4096)
        archive = path.suffix.lower() == ".npz"
        if not start.startswith(b"PK" if archive else b"\x93NUMPY"):
            raise FileError(f"{path}: not NumPy data: it looks like {looks_like(start) or ('plain text' if start else 'an empty file')}.")
        arrays = _archive(path) if archive else {"value": _array(path)}
    except FileError:
        raise
    except Exception as error:  # numpy, zipfile and tokenize have no closed list of errors for damaged bytes
        raise FileError(f"{path}: cannot be read as NumPy data: {(str(error) or type(error).__name__).splitlines()[0]}") from error
    rows = {name: len(array) if array.ndim else -1 for name, array in arrays.items()}
    if len(set(rows.values())) > 1 or -1 in rows.values():
        raise FileError(f"{path}: the arrays should have one first axis, the rows; they have {rows} (-1: none).")
    return {name: array.tolist() if array.ndim == 1 else list(array) for name, array in arrays.items()}, []


def _array(path: Path) -> np.ndarray:
    with path.open("rb") as file:
        _check_header(path, file, path.stat().st_size)
    return np.load(path, allow_pickle=False)


def _archive(path: Path) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        total = sum(member.file_size for member in members)
        if total > MAX_BYTES:
            raise FileError(f"{path}: {total:,} bytes after unpacking; at most {MAX_BYTES:,}.")
        for member in members:
            with archive.open(member) as file:
                _check_header(path, file, member.file_size)
    with np.load(path, allow_pickle=False) as loaded:
        return {name: loaded[name] for name in loaded.files}


def _check_header(path: Path, file: Any, size: int) -> None:
    """Refuse objects (they are pickles) and a shape that the bytes cannot hold."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    if dtype.hasobject:
        raise FileError(f"{path}: holds Python objects, which only pickle can read, and pickles can run code. Save plain arrays.")
    if math.prod(shape) * dtype.itemsize > min(size, MAX_BYTES):
        raise FileError(
            f"{path}: the header tells of {math.prod(shape) * dtype.itemsize:,} bytes of data; the file has {size:,} (limit {MAX_BYTES:,})."
        )
