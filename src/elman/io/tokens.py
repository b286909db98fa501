"""Tokens: encoded documents end to end in one array, in memory or in a file that is mapped, so that a corpus may exceed memory."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np

from elman.errors import DataError, FileError
from elman.io import atomic, strict_json
from elman.io.paths import as_path
from elman.io.schema import Mapping, anything, check, text, whole

TOKENS_VERSION = 2
_NUMBERS, _STARTS, _ABOUT = "tokens.bin", "starts.bin", "tokens.json"
_BLOCK = 1 << 22
_MANY = whole(0, 2**48)
_HEADER = {
    "version": whole(),
    "end": whole(0, 2**32 - 2),
    "documents": _MANY,
    "symbols": _MANY,
    "digests": (text, text),
}


class Tokens(Sequence[np.ndarray]):
    """Documents of whole numbers ``0 .. end - 1``, one after the other, each closed by ``end``.

    Parameters
    ----------
    flat : ndarray
        (M,) of an unsigned type, the ends included; may be a memory map.
    starts : ndarray
        (D + 1,) int64: where each document begins, and M.
    end : int
        Index that closes a document.

    Examples
    --------
    >>> tokens = Tokens.of([np.array([1, 2]), np.array([], np.int64)], end=3)
    >>> tokens.flat.tolist(), len(tokens), tokens[0].tolist(), tokens.lengths.tolist()
    ([1, 2, 3, 3], 2, [1, 2], [2, 0])
    """

    def __init__(self, flat: np.ndarray, starts: np.ndarray, end: int) -> None:
        self.flat, self.starts, self.end = flat, starts, end

    @classmethod
    def of(cls, documents: Sequence[np.ndarray], end: int) -> Self:
        """Lay documents end to end in memory."""
        lengths = np.fromiter((len(row) + 1 for row in documents), np.int64, len(documents))
        starts = np.concatenate([[0], np.cumsum(lengths)])
        flat = np.empty(int(starts[-1]), smallest(end))
        for row, begin in zip(documents, starts, strict=False):
            flat[begin : begin + len(row)] = row
            flat[begin + len(row)] = end
        return cls(flat, starts, end)

    def __len__(self) -> int:
        """Number of documents."""
        return len(self.starts) - 1

    def __getitem__(self, row: Any) -> np.ndarray:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return one document as int64, without its end."""
        row = range(len(self))[row]
        return np.asarray(self.flat[self.starts[row] : self.starts[row + 1] - 1], dtype=np.int64)

    @property
    def lengths(self) -> np.ndarray:
        """Symbols of each document, (D,), ends not counted."""
        return np.diff(self.starts) - 1

    def counts(self) -> np.ndarray:
        """Return how often each symbol occurs, (end + 1,), the end last."""
        total = np.zeros(self.end + 1, np.int64)
        for block in self.blocks():
            total += np.bincount(block, minlength=self.end + 1)
        return total

    def fingerprint(self) -> str:
        """Return a digest of everything, to notice other data."""
        state = hashlib.blake2b(self.starts.tobytes(), digest_size=16)
        for block in self.blocks():
            state.update(block.data)
        return state.hexdigest()

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield all symbols, a few millions at a time."""
        for begin in range(0, len(self.flat), _BLOCK):
            yield np.ascontiguousarray(self.flat[begin : begin + _BLOCK])


def smallest(end: int) -> np.dtype[Any]:
    """Return the smallest unsigned type that holds 0..end."""
    return np.dtype(np.uint8 if end < 2**8 else np.uint16 if end < 2**16 else np.uint32)


class TokenWriter:
    """Writes documents into a folder as they come; the folder counts as whole only when ``close`` has been reached.

    Parameters
    ----------
    folder : path-like
        Created if missing; the files of an earlier writer are replaced.
    end : int
        Index that closes a document.
    about : dict, optional
        Plain JSON kept beside: the origin of the tokens.
    """

    def __init__(self, folder: str | os.PathLike[str], end: int, about: dict[str, Any] | None = None) -> None:
        self.folder, self.end, self.about = as_path(folder), end, about or {}
        self._starts, self._written, self._type, self._digest = [0], 0, smallest(end), hashlib.sha256()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / _ABOUT).unlink(missing_ok=True)
            self._file: BinaryIO = (self.folder / _NUMBERS).open("wb")
        except OSError as cause:
            raise FileError(atomic.explain(cause, f"could not write tokens to {self.folder}")) from cause

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self._file.close()

    def append(self, symbols: np.ndarray, *, closes: bool = True) -> None:
        """Add symbols to the document at hand, and close it unless more of it is to come."""
        self._write(symbols)
        if closes:
            self._write(np.array([self.end]))
            self._starts.append(self._written)

    def extend(self, documents: Iterable[np.ndarray]) -> None:
        """Add whole documents."""
        for row in documents:
            self.append(row)

    def close(self) -> None:
        """Finish: offsets and description are written last, when the symbols are safe from a power cut."""
        if self._starts[-1] != self._written:
            self.append(np.empty(0, np.int64))
        with self._explained(), self._file:
            self._file.flush()
            os.fsync(self._file.fileno())
        starts = np.asarray(self._starts, np.int64).tobytes()
        counts = {"version": TOKENS_VERSION, "end": self.end, "documents": len(self._starts) - 1, "symbols": self._written}
        header = {**counts, "digests": [self._digest.hexdigest(), hashlib.sha256(starts).hexdigest()], **self.about}
        atomic.write(self.folder / _STARTS, starts)
        atomic.write(self.folder / _ABOUT, strict_json.canonical({**header, "sha256": _digest(header)}).encode())

    def _write(self, symbols: np.ndarray) -> None:
        data = np.ascontiguousarray(symbols, self._type).data
        with self._explained():
            self._file.write(data)
        self._digest.update(data)
        self._written += len(symbols)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as cause:
            raise FileError(atomic.explain(cause, f"could not write tokens to {self.folder}")) from cause


def _digest(header: dict[str, Any]) -> str:
    return hashlib.sha256(strict_json.canonical(header).encode()).hexdigest()


def about(folder: str | os.PathLike[str]) -> dict[str, Any] | None:
    """Return the description of a folder of tokens, or None where there is none, or none that is whole."""
    try:
        result = strict_json.parse((Path(folder) / _ABOUT).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(result, dict) or result.get("version") != TOKENS_VERSION or result.pop("sha256", None) != _digest(result):
        return None
    return check(result, Mapping(anything, needs=_HEADER), f"{Path(folder) / _ABOUT}")


def open_tokens(folder: str | os.PathLike[str]) -> Tokens:
    """Map the tokens of a folder.

    Parameters
    ----------
    folder : path-like
        Where a :class:`TokenWriter` wrote.

    Returns
    -------
    Tokens
        Read from the disk as they are looked at.
    """
    folder, header = Path(folder), about(folder)
    if header is None:
        raise FileError(f"{folder} holds no tokens of this version, or they were not written to the end. Encode the corpus again.")
    kind = smallest(header["end"])
    try:
        starts = np.fromfile(folder / _STARTS, np.int64)
        flat = np.memmap(folder / _NUMBERS, kind, "r") if header["symbols"] else np.empty(0, kind)
    except (OSError, ValueError) as cause:
        raise FileError(f"{folder}: the tokens cannot be read ({cause}). {_remedy(folder)}") from cause
    if len(flat) != header["symbols"] or (len(starts) and starts[-1] != len(flat)):
        raise DataError(f"{folder}: {len(flat)} symbols, expected {header['symbols']}. The files are cut short. {_remedy(folder)}")
    if len(starts) != header["documents"] + 1:
        raise DataError(f"{folder}: {len(starts) - 1} documents, expected {header['documents']}. {_remedy(folder)}")
    tokens = Tokens(flat, starts, header["end"])
    _verify(tokens, folder, header["digests"])
    return tokens


def _verify(tokens: Tokens, folder: Path, digests: list[str]) -> None:
    """Compare both files with their digests and ranges, in one pass."""
    state, highest = hashlib.sha256(), 0
    for block in tokens.blocks():
        state.update(block.data)
        highest = max(highest, int(block.max()))
    for file, found, expected in zip(
        (_NUMBERS, _STARTS), (state.hexdigest(), hashlib.sha256(tokens.starts.tobytes()).hexdigest()), digests, strict=True
    ):
        if found != expected:
            raise FileError(f"{folder / file} does not match its SHA-256: the file is damaged. {_remedy(folder)}")
    if highest > tokens.end:
        raise DataError(f"{folder / _NUMBERS} holds symbol {highest}; expected 0..{tokens.end}. {_remedy(folder)}")
    closing = tokens.starts[1:] - 1
    if tokens.starts[0] != 0 or (closing < tokens.starts[:-1]).any() or (tokens.flat[closing] != tokens.end).any():
        raise DataError(f"{folder / _STARTS} does not hold the beginnings of documents. {_remedy(folder)}")


def _remedy(folder: Path) -> str:
    return f"Delete the folder {folder} to have the corpus encoded again."
