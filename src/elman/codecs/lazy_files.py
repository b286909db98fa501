"""Lazy rows: files of sound, video and pictures are decoded when a batch needs them, and cached while there is memory."""

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

CACHE_SIZE = 1 << 30
"""Bytes of encoded files cached in memory; other files are decoded again for every batch."""


class MemoryBudget:
    """Bytes of memory for the encoded files of one set of rows.

    The first files stay: every epoch reads all of them, so that replacing old ones would never give a hit.
    """

    def __init__(self, size: int) -> None:
        self._free, self._lock = size, threading.Lock()

    def takes(self, size: int) -> bool:
        """Take ``size`` bytes if as many are free; return whether it did."""
        with self._lock:
            fits = size <= self._free
            self._free -= size * fits
        return fits


class LazyFile:
    """Encoded value of a file, decoded when its array is needed; several threads may share it.

    Parameters
    ----------
    codec : Codec
        Fitted.
    value : path
        The file.
    row : int
        Its row, for errors.
    budget : MemoryBudget
        Memory in which the array is cached if it fits.
    shape : tuple of int
        Shape of the encoded value.
    """

    is_lazy = True

    def __init__(self, codec: Codec, value: Any, row: int, budget: MemoryBudget, shape: tuple[int, ...]) -> None:
        self._codec, self._value, self._row, self._budget = codec, value, row, budget
        self._cached: np.ndarray | None = None
        self.shape, self.ndim = shape, len(shape)

    def __len__(self) -> int:
        """Return the number of steps."""
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:  # NumPy asks so
        """Return the encoded file, from the cache or decoded."""
        array = self._cached
        if array is None:
            try:
                array = np.asarray(self._codec.encode(self._value))
            except DataError as error:
                raise error.at(self._row) from error
            if self._budget.takes(array.nbytes):
                self._cached = array
        return np.array(array, dtype=dtype) if copy else np.asarray(array, dtype=dtype)

    def fingerprint(self) -> str:
        """Return the file's name, its bytes and its shape, for checkpoints; the folder may have been moved."""
        path = Path(self._value)
        return f"{path.name} {path.stat().st_size} {self.shape}"


def encoded(codec: Codec, values: Sequence[Any], *, eager: bool = False, cache: bool = True) -> list[Any]:
    """Encode values; files are decoded when a batch needs them. A file of several rows (a picture and its captions) is encoded once.

    Parameters
    ----------
    codec : Codec
        Fitted.
    values : sequence
        One a row; a bad one raises DataError naming it. Of files only the headers are read.
    eager : bool, default False
        Decode every file now, because its length must be exact: the header of a video may promise more frames than can be decoded.
    cache : bool, default True
        Cache arrays; False where every row is read once.

    Returns
    -------
    list
        Arrays and :class:`LazyFile`.
    """
    if isinstance(codec, EncodesColumns):
        return codec.by_column(values, lambda part, column: encoded(part, column, eager=eager, cache=cache))
    if not isinstance(codec, ReadsFiles) or not any(isinstance(value, str | os.PathLike) for value in values):
        return codec.encode_all(values)
    budget, row = MemoryBudget(CACHE_SIZE if cache else 0), -1
    files: dict[str, Any] = {}

    def encode(value: Any) -> Any:
        """Return a value encoded, a file once for all of its rows."""
        nonlocal row
        row += 1
        if not isinstance(value, str | os.PathLike):
            return codec.encode(value)
        if (name := os.fspath(value)) not in files:
            files[name] = of_file(value)
        return files[name]

    def of_file(value: Any) -> Any:
        """Return a lazy file if its header gives the shape, else decode it."""
        shape = None if eager else codec.shape_from_header(value)
        if shape is not None:
            return LazyFile(codec, value, row, budget, shape)
        array = np.asarray(codec.encode(value))
        return array if budget.takes(array.nbytes) else LazyFile(codec, value, row, budget, array.shape)

    return each(encode, values)
