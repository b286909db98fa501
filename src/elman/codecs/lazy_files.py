"""Late rows: sound, films and pictures in files are read when their turn comes, and kept while there is room."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from elman.codecs.capabilities import EncodesColumns, ReadsFiles
from elman.codecs.codec import Codec, each
from elman.errors import DataError

KEPT = 1 << 30
"""Bytes of encoded files kept in memory; files beyond are read again whenever their turn comes."""


class MemoryBudget:
    """Room for the encoded files of one set of rows; first come, first kept, for every epoch asks for all of them.

    Parameters
    ----------
    room : int
        Bytes.
    """

    def __init__(self, room: int) -> None:
        self._room, self._lock = room, threading.Lock()

    def takes(self, size: int) -> bool:
        """Take ``size`` bytes of the room, if there are as many left."""
        with self._lock:
            fits = size <= self._room
            self._room -= size * fits
        return fits


class LazyFile:
    """A value in a file, as its codec encodes it, read when it is looked at; may be looked at from several threads.

    Parameters
    ----------
    codec : Codec
        Fitted.
    value : path
        The file.
    row : int
        Its row, for errors.
    shelf : Shelf
        Where it stays if there is room.
    shape : tuple of int
        Shape of the encoded value.
    """

    late = True

    def __init__(self, codec: Codec, value: Any, row: int, shelf: MemoryBudget, shape: tuple[int, ...]) -> None:
        self._codec, self._value, self._row, self._shelf = codec, value, row, shelf
        self._kept: np.ndarray | None = None
        self.shape, self.ndim = shape, len(shape)

    def __len__(self) -> int:
        """Steps."""
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:  # NumPy asks so
        """Return the encoded file, from memory or read anew."""
        array = self._kept
        if array is None:
            try:
                array = np.asarray(self._codec.encode(self._value))
            except DataError as error:
                raise error.at(self._row) from error
            if self._shelf.takes(array.nbytes):
                self._kept = array
        return np.array(array, dtype=dtype) if copy else np.asarray(array, dtype=dtype)

    def fingerprint(self) -> str:
        """Return the file's name, its bytes and its shape, for checkpoints; the folder may have been moved."""
        path = Path(self._value)
        return f"{path.name} {path.stat().st_size} {self.shape}"


def encoded(codec: Codec, values: Sequence[Any], *, now: bool = False, once: bool = False) -> list[Any]:
    """Encode values; files are left where they are until they are looked at. A file of several rows (a picture and its captions) is one.

    Parameters
    ----------
    codec : Codec
        Fitted.
    values : sequence
        One a row; a bad one raises DataError naming it. Of files only the headers are looked at.
    now : bool, default False
        Look into every file now, because its length must be exact. A header of a film may promise more than can be decoded.
    once : bool, default False
        Keep nothing, because every row is looked at once.

    Returns
    -------
    list
        Arrays, and objects like arrays that read their file.
    """
    if isinstance(codec, EncodesColumns):
        return codec.by_column(values, lambda part, column: encoded(part, column, now=now, once=once))
    if not isinstance(codec, ReadsFiles) or not any(isinstance(value, str | os.PathLike) for value in values):
        return codec.encode_all(values)
    shelf, row = MemoryBudget(0 if once else KEPT), -1
    index: dict[Any, Any] = {}

    def late(value: Any) -> Any:
        """Encode a value that is no file; of a file return the lazy or encoded value."""
        nonlocal row
        row += 1
        if not isinstance(value, str | os.PathLike):
            return codec.encode(value)
        if (name := os.fspath(value)) not in index:
            index[name] = read(value)
        return index[name]

    def read(value: Any) -> Any:
        """Leave a file where it is if its header gives the shape, else decode it."""
        shape = None if now else codec.shape_from_header(value)
        if shape is not None:
            return LazyFile(codec, value, row, shelf, shape)
        array = np.asarray(codec.encode(value))
        return array if shelf.takes(array.nbytes) else LazyFile(codec, value, row, shelf, array.shape)

    return each(late, values)
