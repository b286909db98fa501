"""Text files, and folders of class folders: ``pets/cat/1.jpg`` and ``pets/dog/2.jpg`` are two rows with labels cat and dog."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from elman.errors import FileError
from elman.io._limits import MAX_BYTES, MAX_FILES
from elman.io._sniff import text_of

TEXT = (".txt", ".text", ".md")


def read_text(path: Path, *, encoding: str = "utf-8", by: Literal["line", "file"] = "line") -> tuple[dict[str, list[Any]], list[str]]:
    """Read a text file as one value a line (empty lines left out and counted), or whole as one value."""
    text = text_of(path, "plain text", encoding, json=True)
    if by == "file":
        return {"text": [text]}, []
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    remaining = [line for line in lines if line.strip()]
    empty = len(lines) - len(remaining) - (lines[-1] == "")  # the end of the last line is no line
    return {"text": remaining}, [f"{empty:,} empty lines left out"] if empty else []


def read_folder(path: Path, *, encoding: str = "utf-8") -> tuple[dict[str, list[Any]], list[str]]:
    """Read a folder: column ``file``, ``label`` where files lie in class folders, and ``text`` where all of them are text files."""
    files, notes = _files(path)
    classed = [file for file in files if file.parent != path]
    if classed and len(classed) < len(files):
        notes.append(f"{len(files) - len(classed):,} files outside of the class folders left out")
        files = classed
    if not files:
        raise FileError(f"{path}: the folder holds no files. It should hold files, or one folder of files for each class.")
    columns: dict[str, list[Any]] = {"file": [str(file) for file in files]}
    if classed:
        columns["label"] = [file.relative_to(path).parts[0] for file in files]
    if all(file.suffix.lower() in TEXT for file in files):
        if sum(file.stat().st_size for file in files) > MAX_BYTES:
            raise FileError(f"{path}: the text files hold more than {MAX_BYTES:,} bytes together. Split the folder.")
        columns["text"] = [_document(file, encoding) for file in files]
    return columns, notes


def _files(path: Path) -> tuple[list[Path], list[str]]:
    """Return all files in order of their names, hidden ones and links to folders left out."""
    results: list[Path] = []
    hidden = 0
    for folder, inner, names in os.walk(path):  # does not follow links
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        shown = sorted(name for name in names if not name.startswith("."))
        hidden += len(names) - len(shown)
        results.extend(Path(folder) / name for name in shown)
        if len(results) > MAX_FILES:
            return results[:MAX_FILES], [f"only the first {MAX_FILES:,} files are read"]
    return results, [f"{hidden:,} hidden files left out"] if hidden else []


def _document(path: Path, encoding: str) -> str:
    return "" if path.stat().st_size == 0 else text_of(path, "plain text", encoding, json=True)
