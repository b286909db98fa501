"""Files of sound, pictures, video and music: their names in messages, and checks before a library looks inside."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from elman.errors import DataError


def is_file(value: Any) -> bool:
    """Return whether a value is a path or the bytes of a file."""
    return isinstance(value, str | os.PathLike | bytes | bytearray)


def named(value: Any, kind: str) -> str:
    """Return the name of a file in messages: its path, or "the sound of 8 bytes"."""
    return f"{os.fspath(value)!r}" if isinstance(value, str | os.PathLike) else f"the {kind} of {len(value)} bytes"


def present(value: Any, kind: str) -> str:
    """Return the name of a file that exists and is not empty; others raise DataError."""
    name = named(value, kind)
    if isinstance(value, bytes | bytearray):
        size = len(value)
    else:
        try:
            exists = Path(value).is_file()
            size = Path(value).stat().st_size if exists else 0
        except (OSError, ValueError) as error:  # a name too long, or with a NUL in it
            raise DataError(f"{name} cannot be the name of a file ({error}). Check the path.") from error
        if not exists:
            raise DataError(f"there is no file {name}. Check the path, and the folder it starts from.")
    if not size:
        raise DataError(f"{name} is empty: it has no bytes. Replace the file or drop the row.")
    return name
