"""From tensors of a batch to arrays of single rows, as ``codec.decode`` takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from elman.sequences import Ragged


def to_rows(values: Any) -> list[Any]:
    """Split a batch into one array (or dict of arrays) per row, in the caller's order."""
    if isinstance(values, dict):
        parts = {name: to_rows(part) for name, part in values.items()}
        count = len(next(iter(parts.values())))
        return [{name: rows[i] for name, rows in parts.items()} for i in range(count)]
    if isinstance(values, Ragged):
        return [t.numpy() for t in values.with_data(values.data.detach().cpu()).to_list()]
    return list(as_array(values))


def as_array(tensor: Tensor) -> np.ndarray:
    """Copy a tensor to the CPU as an array."""
    return tensor.detach().cpu().numpy()


def as_sequences(values: Any, geometry: Ragged) -> Any:
    """Lay the geometry of a Ragged over rows in packed order; dicts part by part."""
    if isinstance(values, dict):
        return {name: as_sequences(part, geometry) for name, part in values.items()}
    return geometry.with_data(values)
