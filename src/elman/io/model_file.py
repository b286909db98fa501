"""The model file: one safetensors file with JSON metadata and a SHA-256 over header and tensors.

Any safetensors reader opens it; ours also refuses every flipped bit, every truncation and every header that is spelled in
another way. Reading runs no code, imports nothing and maps nothing into memory.

Layout: 8 bytes header size (little-endian), the header as canonical JSON padded with spaces to a multiple of 8, the tensors end
to end. ``__metadata__`` holds exactly ``format``, ``format_version``, ``elman_version``, ``kind``, ``spec`` (JSON text) and
``sha256``: the digest of header (with 64 zeros in place of the digest) and tensors.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
import struct
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import elman
from elman.errors import ModelFileError, did_you_mean
from elman.io import atomic, foreign, layout, strict_json
from elman.io.paths import as_path

FORMAT_VERSION = 1
MAX_HEADER = 32 << 20
"""Bytes of header at most: vocabularies live there."""
MAX_FILE = 64 << 30
"""Bytes of file at most."""
_KEYS = {"format", "format_version", "elman_version", "kind", "spec", "sha256"}
_NO_DIGEST = "0" * 64
_VERSION = re.compile(r"\d{1,6}\.\d{1,6}\.\d{1,6}[A-Za-z0-9.+]{0,20}")


def write(path: str | os.PathLike[str], tensors: dict[str, Tensor], meta: dict[str, Any]) -> None:
    """Write tensors and their description, atomically.

    Parameters
    ----------
    path : path-like
        Where to; an old file there stays whole until the new one is.
    tensors : dict of Tensor
        Weights by name, on any device; NaN and infinity are refused.
    meta : dict
        ``{"kind": text, "spec": JSON value}``: the kind of the file, and everything needed to rebuild it.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.elman"
    >>> write(path, {"w": torch.ones(2)}, {"kind": "demo", "spec": {"a": 1}})
    >>> meta, tensors = read(path)
    >>> meta["spec"], tensors["w"].tolist()
    ({'a': 1}, [1.0, 1.0])
    """
    if set(meta) != {"kind", "spec"}:
        raise ModelFileError(f"meta must have exactly the keys kind and spec; got {sorted(meta)}.")
    ready = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    layout.check_values(ready)
    entries = layout.lay_out(ready)
    data = [layout.as_bytes(ready[name]) for name in entries]
    text = {
        "format": "elman",
        "format_version": str(FORMAT_VERSION),
        "elman_version": elman.__version__,
        "kind": meta["kind"],
        "spec": _spelled(meta["spec"]),
        "sha256": _NO_DIGEST,
    }
    text["sha256"] = _digest(_header({"__metadata__": text, **entries}), data)
    header = _header({"__metadata__": text, **entries})
    if len(header) > MAX_HEADER:
        raise ModelFileError(
            f"the description of this model takes {len(header)} bytes; at most {MAX_HEADER} are allowed. Use a smaller vocabulary."
        )
    atomic.write(path, [struct.pack("<Q", len(header)), header, *data], error=ModelFileError)


def _spelled(spec: Any) -> str:
    try:
        text = strict_json.canonical(spec)
        strict_json.check_depth(text)
    except (TypeError, ValueError, RecursionError) as cause:
        raise ModelFileError(f"the spec cannot be written as plain JSON: {cause}.") from cause
    return text


def _header(entries: dict[str, Any]) -> bytes:
    text = strict_json.canonical(entries).encode()
    return text + b" " * (-len(text) % 8)


def _digest(header: bytes, data: list[memoryview]) -> str:
    state = hashlib.sha256(header)
    for piece in data:
        state.update(piece)
    return state.hexdigest()


def read(path: str | os.PathLike[str], *, max_bytes: int = MAX_FILE) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Read a model file, or raise ModelFileError with the fault.

    Parameters
    ----------
    path : path-like
        Where from.
    max_bytes : int, default 64 GiB
        A larger file is refused unread.

    Returns
    -------
    meta : dict
        ``kind``, ``spec``, ``format_version`` (int) and ``elman_version``.
    tensors : dict of Tensor
        Tensors by name, on the CPU.
    """
    try:
        return _read_checked(as_path(path, error=ModelFileError), max_bytes)
    except ModelFileError:
        raise
    except OSError as cause:
        raise ModelFileError(f"could not read {path}: {cause.strerror or cause}. Check the path and its permissions.") from cause


def _read_checked(path: Path, max_bytes: int) -> tuple[dict[str, Any], dict[str, Tensor]]:
    info = path.stat()
    if not stat.S_ISREG(info.st_mode):
        raise ModelFileError(f"{path} is not a file. Give the path of a model saved by elman.")
    if info.st_size > max_bytes:
        raise ModelFileError(f"{path} has {info.st_size} bytes; at most {max_bytes} are read here.")
    try:
        with path.open("rb") as file:
            header, entries, metadata = _read_header(file, info.st_size)
            meta = _check_metadata(metadata)
            expected = 8 + len(header) + layout.check_entries(entries)
            if expected != info.st_size:
                raise ModelFileError(f"the file has {info.st_size} bytes; expected {expected}. It was cut short or added to.")
            return meta, _read_tensors(file, info.st_size, header, entries, metadata)
    except ModelFileError as problem:
        raise ModelFileError(f"{path}: {problem}") from problem.__cause__


def _read_header(file: io.BufferedReader, size: int) -> tuple[bytes, dict[str, Any], dict[str, str]]:
    """Read size and header; the entries are still unchecked."""
    head = file.read(8)
    length = struct.unpack("<Q", head)[0] if len(head) == 8 else -1
    if not 0 < length <= size - 8 or length > MAX_HEADER or length % 8:
        raise ModelFileError(f"{_what_it_is(head + file.read(1024))}. Give a file saved by elman.")
    header = file.read(length)
    text = header.rstrip(b" ")
    try:
        entries = strict_json.parse(text.decode("ascii"))
        if not isinstance(entries, dict) or _header(entries) != header:
            raise ValueError("the header is not in canonical form")
        metadata = entries.pop("__metadata__")
        if not isinstance(metadata, dict) or metadata.get("format") != "elman":
            raise KeyError("format")
    except (ValueError, KeyError, RecursionError) as cause:
        raise _refusal(header, head, cause) from cause
    return header, entries, metadata


def _refusal(header: bytes, head: bytes, cause: Exception) -> ModelFileError:
    if b'"format":"elman"' in header:
        return ModelFileError(f"its header is damaged: {cause}. Take a good copy of the file.")
    if foreign.is_safetensors_header(header):
        return ModelFileError(
            "it is a safetensors file that elman did not write; it lacks what is needed to rebuild a model. Save models with .save(path)."
        )
    return ModelFileError(f"{_what_it_is(head + header[:1024])}. Give a file saved by elman.")


def _what_it_is(head: bytes) -> str:
    return f"it is not a model file, or a damaged one; it seems to be {foreign.describe(head)}"


def _check_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    """Refuse other versions, missing and unknown keys; return the caller's part."""
    if not all(isinstance(value, str) for value in metadata.values()):
        raise ModelFileError("its metadata must be text only. The file is damaged or foreign.")
    version, written_by = metadata.get("format_version", ""), metadata.get("elman_version", "")
    if not re.fullmatch(r"[1-9]\d{0,5}", version) or not _VERSION.fullmatch(written_by):
        raise ModelFileError(
            f"its format version {version[:20]!r} or elman version {written_by[:20]!r} is not one. The file is damaged or foreign."
        )
    if int(version) > FORMAT_VERSION:
        raise ModelFileError(
            f"it has format version {version}; this elman {elman.__version__} reads up to {FORMAT_VERSION}."
            f" It was written by elman {written_by}: run pip install 'elman>={written_by}'."
        )
    if set(metadata) != _KEYS:
        odd = sorted(set(metadata) ^ _KEYS)
        raise ModelFileError(
            f"its metadata has unknown or missing keys {str(odd)[:200]}; expected {sorted(_KEYS)}.{did_you_mean(odd[0], _KEYS)}"
        )
    try:
        spec = strict_json.parse(metadata["spec"])
    except (ValueError, RecursionError) as cause:
        raise ModelFileError(f"its spec cannot be read: {cause}.") from cause
    return {"kind": metadata["kind"], "spec": spec, "format_version": int(version), "elman_version": written_by}


def _read_tensors(
    file: io.BufferedReader, size: int, header: bytes, entries: dict[str, Any], metadata: dict[str, str]
) -> dict[str, Tensor]:
    """Read the data into one buffer, check the digest, and only then lay tensors over it."""
    whole = bytearray(size)
    start = 8 + len(header)
    whole[:start] = struct.pack("<Q", len(header)) + header
    if file.readinto(memoryview(whole)[start:]) != size - start:
        raise ModelFileError("the file became shorter while it was read. Read it again when nobody writes it.")
    plain = _header({"__metadata__": {**metadata, "sha256": _NO_DIGEST}, **entries})
    if _digest(plain, [memoryview(whole)[start:]]) != metadata["sha256"]:
        raise ModelFileError("its contents do not match its SHA-256: the file is damaged. Take a good copy of it.")
    tensors = _decode(whole, start, entries)
    layout.check_values(tensors)
    return tensors


def _decode(whole: bytearray, start: int, entries: dict[str, Any]) -> dict[str, Tensor]:
    results: dict[str, Tensor] = {}
    for name, entry in entries.items():
        first, end = entry["data_offsets"]
        dtype = layout.DTYPES[entry["dtype"]]
        if first == end:
            results[name] = torch.empty(entry["shape"], dtype=dtype, device="cpu")
            continue
        count = (end - first) // dtype.itemsize
        results[name] = torch.frombuffer(whole, dtype=dtype, count=count, offset=start + first).reshape(entry["shape"])
    return results


def check_state(tensors: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    """Refuse tensors that are not exactly those a model expects.

    Parameters
    ----------
    tensors : dict of Tensor
        Entry of the header.
    expected : dict of Tensor
        ``state_dict`` of the model built from the file's spec; only names, types and shapes are looked at.
    """
    odd = sorted(set(tensors) ^ set(expected))
    if odd:
        which, near = ("an unknown", expected) if odd[0] in tensors else ("no", set(tensors) - set(expected))
        raise ModelFileError(
            f"the file has {which} tensor {odd[0]!r}; weights and spec do not belong together.{did_you_mean(odd[0], near)}"
        )
    for name, tensor in tensors.items():
        weight = expected[name]
        if tensor.dtype != weight.dtype or tensor.shape != weight.shape:
            raise ModelFileError(
                f"tensor {name!r} is {tensor.dtype} {tuple(tensor.shape)}; the model expects {weight.dtype} {tuple(weight.shape)}."
            )
