"""Destinations: a place to write that is tried before long work, and a place for its result when the write fails all the same."""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path

from elman.errors import FileError
from elman.io import atomic


def check_destination(path: str | os.PathLike[str], *, endings: Collection[str] = ()) -> Path:
    """Return a path that a file can be written to now: a file is created beside it, and removed.

    Parameters
    ----------
    path : path-like
        The file to come; an existing one stays as it is.
    endings : collection of str, optional
        Endings that are known, as ``.csv``; any by default.

    Returns
    -------
    Path
        The path.

    Raises
    ------
    FileError
        If the folder is missing or cannot be written to, the path is a folder or no regular file, or the ending is not known.

    Examples
    --------
    >>> check_destination("missing/model.elman")
    Traceback (most recent call last):
    elman.errors.FileError: cannot write missing/model.elman: No such file or directory. The folder does not exist: create it first.
    """
    path = Path(path)
    if endings and path.suffix.lower() not in endings:
        raise FileError(f"cannot write {path}: its ending should be one of {', '.join(endings)}; got {path.suffix or 'none'!r}.")
    try:
        target = Path(os.path.realpath(path))
        if path.exists() and not stat.S_ISREG(path.stat().st_mode):
            kind = "a folder" if path.is_dir() else "no regular file"
            raise FileError(f"cannot write {path}: it is {kind}. Give the name of a file.")
        handle, trial = atomic.create_temporary(target)  # as an atomic write begins
        trial.unlink()
        os.close(handle)
    except OSError as cause:
        if isinstance(cause, FileError):
            raise
        raise FileError(atomic.explain(cause, f"cannot write {path}")) from cause
    except ValueError as cause:  # a NUL
        raise FileError(f"cannot write {str(path)!r}: {cause}. Give the name of a file.") from cause
    return path


def write_or_keep(path: Path, write: Callable[[Path], object]) -> None:
    """Write a result that took long; if that fails, write it to the working or the temporary folder, and name it in the error.

    Parameters
    ----------
    path : Path
        The file.
    write : callable
        Writes the result to a path; raises FileError.

    Raises
    ------
    FileError
        If the file could not be written. Of the class that ``write`` raised; the message has the place of the result.
    """
    try:
        write(path)
    except FileError as error:
        for folder in (Path.cwd(), Path(tempfile.gettempdir())):
            other = folder / f"{path.stem}-{secrets.token_hex(3)}{path.suffix}"
            try:
                write(other)
            except FileError:
                continue
            raise type(error)(f"{error} The result is kept in {other}: move it where it belongs.") from error
        raise
