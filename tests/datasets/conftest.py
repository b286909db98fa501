"""Tiny mirrors in the layout of the real one."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

Mirror = Callable[[str, dict[str, str | bytes]], Path]


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mirror:
    """Write ``set/file`` for each file given (gzipped where its name says so) and point ELMAN_DATA at the folder."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    monkeypatch.setenv("ELMAN_DATA", str(folder))

    def write(name: str, files: dict[str, str | bytes]) -> Path:
        (folder / name).mkdir(exist_ok=True)
        for path, content in files.items():
            data = content.encode("utf-8") if isinstance(content, str) else content
            (folder / name / path).write_bytes(gzip.compress(data, mtime=0) if path.endswith(".gz") else data)
        return folder / name

    return write
