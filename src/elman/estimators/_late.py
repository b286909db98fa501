"""Late rows: recordings, films and pictures in files are encoded once to be checked, kept while there is room, and read again where not."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.codecs import Audio, Codec, Image, Video
from elman.codecs._base import each

KEPT = 1 << 28
"""Bytes of encoded files kept in memory; what is beyond is read again whenever its turn comes."""


class FileRow:
    """A value in a file, as its codec encodes it; only its shape is held.

    Parameters
    ----------
    codec : Codec
        Fitted.
    value : path
        The file.
    shape : tuple of int
        What ``encode`` gave.
    """

    def __init__(self, codec: Codec, value: Any, shape: tuple[int, ...]) -> None:
        self._codec, self._value = codec, value
        self.shape, self.ndim = shape, len(shape)

    def __len__(self) -> int:
        """Steps."""
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:  # NumPy asks so
        """Read the file."""
        return np.asarray(self._codec.encode(self._value), dtype=dtype)


def encoded(codec: Codec, values: Sequence[Any]) -> list[Any]:
    """Encode values; of files, those that do not fit into memory together are left where they are.

    Parameters
    ----------
    codec : Codec
        Fitted.
    values : sequence
        One a row; a bad one raises DataError naming it, files included.

    Returns
    -------
    list
        Arrays, and objects like arrays that read their file when they are looked at.
    """
    if not isinstance(codec, Audio | Image | Video) or not any(isinstance(value, str | os.PathLike) for value in values):
        return codec.encode_all(values)
    held = 0

    def row(value: Any) -> Any:
        nonlocal held
        array = np.asarray(codec.encode(value))
        if held + array.nbytes > KEPT and isinstance(value, str | os.PathLike):
            return FileRow(codec, value, array.shape)
        held += array.nbytes
        return array

    return each(row, values)
