"""Text files of any size as parts of about a megabyte that end with a line; an error names the first byte that is not UTF-8."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from elman.errors import DataTypeError, FileError
from elman.io import atomic

_PART = 1 << 20


class TextParts(Sequence[str]):
    """Documents in text files, read part by part when asked for.

    Parameters
    ----------
    paths : sequence of Path
        One document a file; all are read once, to find the parts and to check that they are UTF-8.
    part : int
        Bytes of a part, about: it ends with a line where there is one.

    Attributes
    ----------
    closes : list of bool
        Whether a part is the last of its document.
    """

    def __init__(self, paths: Sequence[Path], part: int = _PART) -> None:
        self._places: list[tuple[Path, int, int]] = []
        self.closes: list[bool] = []
        for path in paths:
            self._add(path, part)

    def _add(self, path: Path, part: int) -> None:
        try:
            with path.open("rb") as file:
                sizes = list(_parts(file, path, part))
        except OSError as cause:
            if isinstance(cause, FileError):
                raise
            raise FileError(atomic.explain(cause, f"could not read {path}")) from cause
        begin = 0
        for size in sizes:
            self._places.append((path, begin, size))
            begin += size
        self.closes += [False] * (len(sizes) - 1) + [True] * bool(sizes)

    def __len__(self) -> int:
        """Number of parts."""
        return len(self._places)

    def __getitem__(self, index: int) -> str:  # type: ignore[override]  # no slices: a slice of parts may not fit into memory
        """Read one part; line ends become one character, as in any text file."""
        path, begin, size = self._places[index]
        with path.open("rb") as file:
            file.seek(begin)
            return file.read(size).decode("utf-8-sig" if begin == 0 else "utf-8").replace("\r\n", "\n").replace("\r", "\n")

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(size for _, _, size in self._places)


def _parts(file: BinaryIO, path: Path, part: int) -> Iterator[int]:
    """Yield the sizes of the parts of a file; whole lines where lines are not longer than a part, whole characters always."""
    begin, held = 0, b""
    while block := held + file.read(max(part - len(held), 1)):
        last = len(block) < part
        cut = len(block) if last else block.rfind(b"\n") + 1 or _whole_characters(block)
        _check(block[:cut], path, begin)
        yield cut
        begin, held = begin + cut, block[cut:]
        if last:
            return


def _whole_characters(block: bytes) -> int:
    """Return how many bytes of a block are whole characters, a line end of two being one: a line may be longer than a part."""
    if block.endswith(b"\r") and len(block) > 1:
        return len(block) - 1
    for back in range(1, 5):
        lead = block[-back]
        if lead & 0xC0 != 0x80:  # not a continuation: a character begins here
            needs = 1 if lead < 0x80 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
            return len(block) - back if back < needs else len(block)
    return len(block)


def _check(block: bytes, path: Path, begin: int) -> None:
    try:
        codecs.utf_8_decode(block, "strict", True)
    except UnicodeDecodeError as cause:
        byte = begin + cause.start
        raise FileError(
            f"{path}: byte {byte} ({block[cause.start]:#04x}) is not UTF-8 ({cause.reason}). Save the file as UTF-8, or read it with its"
            " own encoding and give the text."
        ) from cause


def spool(documents: Iterable[str], path: Path, *, part: int = _PART) -> TextParts:
    """Write documents that come one by one into a file, and return them as parts."""
    result = TextParts([])
    with path.open("wb") as file:
        for row, text in enumerate(documents):
            if not isinstance(text, str):
                raise DataTypeError(f"expected text; got {type(text).__name__} {str(text)[:60]!r}. Yield one str a document.", row=row)
            begin, data = file.tell(), text.encode("utf-8", "replace")
            file.write(data)
            for size in _sizes(data, part):
                result._places.append((path, begin, size))
                begin += size
                result.closes.append(False)
            if not data:
                result._places.append((path, begin, 0))
                result.closes.append(True)
            result.closes[-1] = True
    return result


def _sizes(data: bytes, part: int) -> Iterator[int]:
    begin = 0
    while begin < len(data):
        block = data[begin : begin + part]
        cut = len(block) if begin + part >= len(data) else block.rfind(b"\n") + 1 or _whole_characters(block)
        yield cut
        begin += cut
