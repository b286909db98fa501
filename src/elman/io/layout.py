"""Layout of tensors in a safetensors file: names, types, shapes and offsets, checked without trusting any of them."""

from __future__ import annotations

import math
import re
from typing import Any

import torch
from torch import Tensor

from elman.errors import ModelFileError

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
_NAMES = {dtype: name for name, dtype in DTYPES.items()}
MAX_TENSORS = 100_000
MAX_RANK = 16
_NAME = re.compile(r"[A-Za-z0-9_:\-]+(\.[A-Za-z0-9_:\-]+)*")
_FINITE_CHUNK = 1 << 20


def check_name(name: str) -> None:
    """Refuse tensor names that could mean a path or hide something (``/``, ``..``, NUL, spaces, …)."""
    if len(name) > 512 or not _NAME.fullmatch(name) or name == "__metadata__":
        raise ModelFileError(f"tensor name {name[:80]!r} is not allowed; expected words of letters, digits, _ : - joined by single dots.")


def lay_out(tensors: dict[str, Tensor]) -> dict[str, dict[str, Any]]:
    """Give each tensor its place: widest type first, then by name, so that every tensor is aligned.

    Parameters
    ----------
    tensors : dict of Tensor
        Tensors on the CPU by name.

    Returns
    -------
    dict
        Safetensors header entries (``dtype``, ``shape``, ``data_offsets``), in the order of the data.
    """
    entries: dict[str, dict[str, Any]] = {}
    offset = 0
    for name in sorted(tensors, key=lambda n: (-tensors[n].element_size(), n)):
        tensor = tensors[name]
        check_name(name)
        if tensor.dtype not in _NAMES:
            raise ModelFileError(f"tensor {name!r} has type {tensor.dtype}, which a model file cannot hold; it holds {sorted(DTYPES)}.")
        end = offset + tensor.numel() * tensor.element_size()
        entries[name] = {"dtype": _NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [offset, end]}
        offset = end
    return entries


def check_entries(entries: dict[str, Any]) -> int:
    """Refuse header entries that do not describe tensors lying end to end."""
    if len(entries) > MAX_TENSORS:
        raise ModelFileError(f"the file names {len(entries)} tensors; at most {MAX_TENSORS} are allowed.")
    for name, entry in entries.items():
        check_name(name)
        _check_entry(name, entry)
    offset = 0
    for name, entry in sorted(entries.items(), key=lambda item: (-DTYPES[item[1]["dtype"]].itemsize, item[0])):
        start, end = entry["data_offsets"]
        size = math.prod(entry["shape"]) * DTYPES[entry["dtype"]].itemsize
        if start != offset or end - start != size:
            raise ModelFileError(f"tensor {name!r} claims bytes {start}..{end}; expected {offset}..{offset + size}. The file is damaged.")
        offset = end
    return offset


def _check_entry(name: str, entry: Any) -> None:
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise ModelFileError(f"tensor {name!r} must have exactly dtype, shape and data_offsets. The file is damaged or foreign.")
    if not isinstance(entry["dtype"], str) or entry["dtype"] not in DTYPES:
        raise ModelFileError(f"tensor {name!r} has type {str(entry['dtype'])[:20]!r}; expected one of {sorted(DTYPES)}.")
    shape, offsets = entry["shape"], entry["data_offsets"]
    if not _counts(shape) or len(shape) > MAX_RANK or math.prod(shape) >= 1 << 48:
        raise ModelFileError(f"tensor {name!r} has an impossible shape {str(shape)[:60]}.")
    if not _counts(offsets) or len(offsets) != 2:
        raise ModelFileError(f"tensor {name!r} has impossible offsets {str(offsets)[:60]}.")


def _counts(values: Any) -> bool:
    return isinstance(values, list) and all(type(v) is int and 0 <= v < 1 << 48 for v in values)


def as_bytes(tensor: Tensor) -> memoryview:
    """Return the memory of a contiguous CPU tensor, without a copy."""
    return memoryview(tensor.reshape(-1).view(torch.uint8).numpy())  # pyright: ignore[reportArgumentType]


def all_finite(tensor: Tensor) -> bool:
    """Return whether no element is NaN or infinite, in bounded extra memory."""
    if not tensor.is_floating_point():
        return True
    return all(bool(torch.isfinite(part).all()) for part in tensor.detach().reshape(-1).split(_FINITE_CHUNK))


def check_values(tensors: dict[str, Tensor]) -> None:
    """Refuse NaN, infinity, and booleans that are neither 0 nor 1."""
    for name, tensor in tensors.items():
        if not all_finite(tensor):
            raise ModelFileError(
                f"tensor {name!r} holds NaN or infinity; such weights are neither written nor read. Train again with a lower learning_rate."
            )
        if tensor.dtype == torch.bool and tensor.numel() and int(tensor.view(torch.uint8).max()) > 1:
            raise ModelFileError(f"tensor {name!r} holds booleans that are neither 0 nor 1. The file is damaged.")
