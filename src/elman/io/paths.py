"""Paths as people give them: text or path-like objects, checked before the system sees them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from elman.errors import DataTypeError, FileError


def as_path(value: Any, *, error: type[FileError] = FileError) -> Path:
    """Return a path.

    Parameters
    ----------
    value : str or path-like
        As the caller gave it.
    error : type, default FileError
        Class of the error for a path that no file can have.

    Returns
    -------
    Path
        The same path.

    Examples
    --------
    >>> as_path("a.elman").name
    'a.elman'
    """
    try:
        path = os.fspath(value)
    except TypeError:
        path = None
    if not isinstance(path, str):
        raise DataTypeError(f"a path must be text or path-like; got {type(value).__name__} {value!r:.60}. Give the name of a file.")
    if not path or "\0" in path:
        raise error(f"{path!r:.60} cannot be a path: it is empty or holds a NUL character. Give the name of a file.")
    return Path(path)
