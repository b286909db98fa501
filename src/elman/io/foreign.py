"""Format of a file that is no model file, by its first bytes, for the error message."""

from __future__ import annotations

import json

_MAGIC = (
    (b"PK\x03\x04", "a zip archive (perhaps saved by torch.save, which holds pickled code; elman never loads that)"),
    (b"\x80\x02", "a Python pickle (elman never loads pickles: they can run code)"),
    (b"\x80\x03", "a Python pickle (elman never loads pickles: they can run code)"),
    (b"\x80\x04", "a Python pickle (elman never loads pickles: they can run code)"),
    (b"\x80\x05", "a Python pickle (elman never loads pickles: they can run code)"),
    (b"\x89HDF", "an HDF5 file (perhaps a Keras model)"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"GGUF", "a GGUF file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"RIFF", "a RIFF file (sound or video)"),
    (b"PAR1", "a Parquet table"),
    (b"%PDF", "a PDF document"),
)


def describe(head: bytes) -> str:
    """Return the format that a file with these first bytes seems to have.

    Parameters
    ----------
    head : bytes
        The first bytes of the file, a few hundred are enough.

    Returns
    -------
    str
        A noun phrase, as "a NumPy array".

    Examples
    --------
    >>> describe(b"GGUF....")
    'a GGUF file'
    """
    if not head:
        return "an empty file"
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head.lstrip()[:1] in (b"{", b"["):
        return "a JSON file"
    try:
        head[:256].decode("utf-8")
    except UnicodeDecodeError as cut:
        if cut.start < min(len(head), 256) - 4:
            return "a binary file of an unknown kind"
    return "a binary file of an unknown kind" if b"\0" in head[:256] else "a text file"


def is_safetensors_header(header: bytes) -> bool:
    """Return whether these bytes are the JSON header of some safetensors file."""
    try:
        value = json.loads(header)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and all(isinstance(v, dict) for v in value.values())
