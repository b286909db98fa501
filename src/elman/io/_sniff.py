"""Format of a file by its first bytes: endings lie."""

from __future__ import annotations

from pathlib import Path

from elman.errors import FileError
from elman.io._limits import MAX_BYTES

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", "a Parquet file (.parquet)"),
    (b"ARROW1", "an Arrow file (.arrow, .feather)"),
    (b"\x93NUMPY", "a NumPy array (.npy)"),
    (b"PK\x03\x04", "a ZIP archive: an Excel workbook (.xlsx; save it as CSV) or NumPy arrays (.npz)"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file (open it there and save as CSV)"),
    (b"\x1f\x8b", "gzip-compressed data (unpack it with gunzip)"),
    (b"BZh", "bzip2-compressed data (unpack it with bunzip2)"),
    (b"\xfd7zXZ\x00", "xz-compressed data (unpack it with unxz)"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed data (unpack it with unzstd)"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"RIFF", "a WAV sound or AVI film"),
    (b"fLaC", "a FLAC sound"),
    (b"MThd", "a MIDI file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x7fELF", "a program"),
    (b"\x80\x04\x95", "a pickle (elman never opens pickles: they can run code)"),
    (b"\x80\x05\x95", "a pickle (elman never opens pickles: they can run code)"),
    (b"\xff\xfe", "UTF-16 text (save it as UTF-8)"),
    (b"\xfe\xff", "UTF-16 text (save it as UTF-8)"),
)


def looks_like(start: bytes) -> str | None:
    """Return the format of the first bytes of a file, or None where it may be plain text."""
    for magic, name in _MAGIC:
        if start.startswith(magic):
            return name
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()[:64].lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return "an HTML page (was the download a login or error page?)"
    if text.startswith(b"<?xml"):
        return "XML"
    if text.startswith((b'{"', b"[{")) or (text.startswith(b"{") and b'"' in text):
        return "JSON (.jsonl, .json)"
    if b"\x00" in start:
        return "binary data"
    return None


def read_bytes(path: Path) -> bytes:
    """Return the whole file, or raise FileError when it is missing, a folder, empty, unreadable or too large."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise FileError(
                f"{path}: {path.stat().st_size:,} bytes; a file may have {MAX_BYTES:,}. Split it, or give the rows as a data frame."
            )
        data = path.read_bytes()
    except FileError:
        raise
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {error.strerror or error}.") from error
    if not data:
        raise FileError(f"{path}: the file is empty; it should hold at least one row.")
    return data


def decode(path: Path, data: bytes, encoding: str = "utf-8") -> str:
    """Return text without a byte order mark, or raise FileError naming the first byte that does not fit."""
    try:
        text = data.decode("utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileError(
            f"{path}: not {encoding} text: byte 0x{data[error.start]:02X} in line {line} (byte {error.start}). It looks like Latin-1 or "
            f"Windows-1252: save it as UTF-8, or give encoding='latin-1' (--encoding latin-1)."
        ) from error
    except LookupError as error:
        raise FileError(f"{path}: there is no text encoding called {encoding!r}. Use 'utf-8' or 'latin-1'.") from error
    nul = text.find("\x00")
    if nul >= 0:
        raise FileError(f"{path}: character 0 in line {text.count(chr(10), 0, nul) + 1}: this is binary data, not text.")
    return text


def text_of(path: Path, kind: str, encoding: str = "utf-8", *, json: bool = False) -> str:
    """Return the text of a file that claims to be ``kind``, or raise FileError naming the format that it seems to have."""
    data = read_bytes(path)
    result = looks_like(data[:4096])
    if (
        result is not None
        and not (json and result.startswith("JSON"))
        and encoding.lower().replace("-", "") not in ("utf16", "utf16le", "utf16be")
    ):
        raise FileError(f"{path}: not {kind}: it looks like {result}. Rename or convert the file.")
    return decode(path, data, encoding)
