"""Where the files of a set are: a local mirror, the cache, or their origin; every byte checked before anybody parses it."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from elman.datasets.download import download
from elman.errors import FileError
from elman.io import atomic

LIMIT = 512 * 2**20
"""Bytes a file may have, unpacked, when it is read without verification."""

PART = 64 * 2**20
"""Bytes a part of a derived file may have; the digest is that of the whole."""

Derive = Callable[[list[bytes]], bytes]

_GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True, kw_only=True)
class Content:
    """Size and SHA-256 of a file's content, after gunzip."""

    size: int
    sha256: str

    def matches(self, content: bytes) -> bool:
        """Whether these are the bytes."""
        return len(content) == self.size and hashlib.sha256(content).hexdigest() == self.sha256


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file of a set: its name in the mirror, its content, and the address it can be had from.

    ``upstream`` is the origin's own content where that differs from the mirror's (a copy that was cut or rewritten); readers take both.
    ``parts`` are the addresses of files of the origin that the set's ``derive`` makes this one of.
    """

    path: str
    content: Content
    url: str | None = None
    upstream: Content | None = None
    parts: tuple[str, ...] = ()

    @property
    def accepted(self) -> tuple[Content, ...]:
        """Contents that may be read."""
        return (self.content, self.upstream) if self.upstream else (self.content,)


@cache
def _manifest() -> dict[str, dict[str, Any]]:
    return json.loads(resources.files("elman.datasets").joinpath("files.json").read_text(encoding="utf-8"))


@cache
def sources(name: str) -> dict[str, Source]:
    """Return the files of a set by path.

    Parameters
    ----------
    name : str
        A set's name.

    Returns
    -------
    dict of str to Source
        In the order of the manifest ``files.json``.
    """
    entries = {}
    for path, entry in _manifest()[name].items():
        upstream = Content(**entry["upstream"]) if "upstream" in entry else None
        content = Content(size=entry["size"], sha256=entry["sha256"])
        parts = tuple(entry["parts"]["url"].format(number) for number in range(1, entry["parts"]["count"] + 1)) if "parts" in entry else ()
        entries[path] = Source(path=path, content=content, url=entry.get("url"), upstream=upstream, parts=parts)
    return entries


def mirror_folder() -> Path | None:
    """Return the folder named by ``ELMAN_DATA``, or None."""
    folder = os.environ.get("ELMAN_DATA")
    if not folder:
        return None
    if not Path(folder).is_dir():
        raise FileError(f"ELMAN_DATA names {folder!r}, which is not a folder. Name a folder that holds set/file, or unset ELMAN_DATA.")
    return Path(folder)


def cache_folder() -> Path:
    """Return the folder for downloads: ``ELMAN_CACHE``, or ``elman/datasets`` in the platform's cache folder."""
    if named := os.environ.get("ELMAN_CACHE"):
        return Path(named)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "elman" / "datasets"


def gunzip(data: bytes, limit: int, name: str) -> bytes:
    """Unpack gzip data, or return other data as it is; more than ``limit`` bytes raise FileError before they are unpacked."""
    if data[:2] != _GZIP_MAGIC:
        content = data
    else:
        unpacker = zlib.decompressobj(wbits=31)
        try:
            content = unpacker.decompress(data, limit + 1)
        except zlib.error as error:
            raise FileError(f"{name} is damaged: {error}. Remove it and load again.") from error
        if len(content) <= limit and not unpacker.eof:
            raise FileError(f"{name} is cut short: gzip data ends early after {len(content)} bytes. Remove it and load again.")
    if len(content) > limit:
        raise FileError(f"{name} unpacks to more than {limit} bytes, the limit for this file. It is not the file it should be; remove it.")
    return content


class Files:
    """The files of one set, opened by name.

    Parameters
    ----------
    name : str
        The set.
    derivation : str, optional
        How the files were made, for the message when they cannot be downloaded.
    verify : bool, default True
        Check size and digest of files in the mirror and the cache.
    derive : callable, optional
        Makes a file of its parts, ``derive(contents) -> content``.
    """

    def __init__(self, name: str, *, derivation: str = "", verify: bool = True, derive: Derive | None = None) -> None:
        self.name = name
        self._derivation = derivation
        self._verify = verify
        self._derive = derive

    def has(self, path: str) -> bool:
        """Whether a file can be had: it is in the mirror or cache, or has an address (for files a set can do without)."""
        mirror = mirror_folder()
        here = ((mirror or cache_folder()) / self.name / path).is_file()
        source = sources(self.name)[path]
        return here or (mirror is None and (source.url is not None or bool(source.parts)))

    def read(self, path: str) -> bytes:
        """Return the checked content of a file, unpacked if it was gzipped."""
        source = sources(self.name)[path]
        mirror = mirror_folder()
        place = (mirror or cache_folder()) / self.name / path
        if place.is_file():
            return self._content(source, place)
        if mirror is not None:
            raise FileError(f"{self.name}/{path} is not in ELMAN_DATA ({mirror}). Put it there, or unset ELMAN_DATA to use the network.")
        return self._download(source, place)

    def text(self, path: str) -> str:
        """Return a file as text, line ends as they are; bytes that are not UTF-8 are named by offset."""
        content = self.read(path)
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise FileError(f"{self.name}/{path} is not UTF-8 at byte {error.start}. Convert it to UTF-8.") from error

    def lines(self, path: str) -> list[str]:
        """Return the lines of a text file, without line ends; only LF and CR LF end a line."""
        lines = self.text(path).split("\n")
        if lines and not lines[-1]:
            lines.pop()
        return [line.removesuffix("\r") for line in lines]

    def _content(self, source: Source, place: Path) -> bytes:
        limit = max(content.size for content in source.accepted) if self._verify else LIMIT
        size = place.stat().st_size
        if size > limit + 2**16:  # stored gzip blocks make a file a little larger than its content
            raise FileError(f"{place} has {size} bytes, more than the {limit} expected. It is not the file it should be; remove it.")
        content = gunzip(place.read_bytes(), limit, str(place))
        if self._verify and not any(entry.matches(content) for entry in source.accepted):
            raise FileError(
                f"{place} is not the published file: its SHA-256 or size differs. Remove it and load again, "
                "or pass verify=False if you changed it on purpose."
            )
        return content

    def _download(self, source: Source, place: Path) -> bytes:
        if source.url is None and not (source.parts and self._derive):
            how = self._derivation or "It has no address of its own."
            raise FileError(
                f"{self.name}/{source.path} cannot be downloaded. {how} Set ELMAN_DATA to a folder that holds {self.name}/{source.path}."
            )
        offline = (
            f"Without a network, load {self.name!r} on another computer, copy its folder {place.parent}, "
            "and set ELMAN_DATA to the folder the copy lies in."
        )
        content = self._fetch(source, offline)
        if not any(entry.matches(content) for entry in source.accepted):
            where = source.url or source.parts[0]
            raise FileError(f"{where} gave other data than expected (SHA-256 or size differs); nothing was kept. {offline}")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            why = error.strerror or error
            raise FileError(f"cannot make the folder {place.parent}: {why}. Set ELMAN_CACHE to a folder you may write to.") from error
        atomic.write(place, gzip.compress(content, mtime=0) if source.path.endswith(".gz") else content)
        return content

    def _fetch(self, source: Source, offline: str) -> bytes:
        """Content from the origin, not checked yet: the file, or the file made of its parts."""
        if source.url is not None:
            limit = max(content.size for content in source.accepted)
            return gunzip(download(source.url, limit + 2**16, advice=offline), limit, source.url)
        parts = [gunzip(download(url, PART, advice=offline), PART, url) for url in source.parts]
        try:
            return self._derive(parts) if self._derive else b""
        except (LookupError, ValueError, TypeError, AttributeError) as error:
            raise FileError(
                f"{source.parts[0]} and the others of {self.name}/{source.path} gave other data than expected "
                f"({type(error).__name__}: {error}); nothing was kept. {offline}"
            ) from error
