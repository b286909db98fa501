"""Collate: the only place where encoded values become tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from elman.codecs.space import Binary, Continuous, Discrete, Pixels, Product, Rectangles, Space, Words
from elman.errors import DataError
from elman.sequences import Ragged

Encoded = Sequence[Any]


def collate(encoded: Encoded, space: Space, rank: str) -> Ragged | Tensor | dict[str, Any]:
    """Turn encoded rows into one batch.

    Parameters
    ----------
    encoded : sequence of array or of dict of arrays
        Encoded values, one a row.
    space : Space
        Space of one element.
    rank : {"one", "many"}
        Whether a row is one element or a sequence of them.

    Returns
    -------
    Ragged or Tensor or dict
        Ragged for sequences, (N, *) for single elements, a dict of these for a Product. Indices are int64, the rest float32
        (float64 input stays float64).

    Raises
    ------
    DataError
        If a row does not have the shape of the space; the message names the row.

    Examples
    --------
    >>> batch = collate([np.array([1, 2, 3]), np.array([4])], Discrete(5), "many")
    >>> batch.lengths.tolist(), batch.data.tolist()
    ([3, 1], [1, 4, 2, 3])
    """
    if isinstance(space, Product):
        return {name: collate(_column(encoded, name), part, space.ranks.get(name, rank)) for name, part in space.parts.items()}
    arrays = [np.asarray(row) for row in encoded]
    if isinstance(space, Words):
        arrays, shape = _of_one_width(arrays, rank)
    else:
        shape = _element_shape(space)
    _check(arrays, shape, rank)
    dtype = _dtype(space, arrays)
    if rank == "many":
        lengths = torch.tensor([len(a) for a in arrays], dtype=torch.int64, device="cpu")
        rows = np.concatenate(arrays) if arrays else np.empty((0, *shape))
        return Ragged._pack_rows(torch.from_numpy(np.ascontiguousarray(rows, dtype=dtype)), lengths)
    rows = np.stack(arrays) if arrays else np.empty((0, *shape))
    return torch.from_numpy(np.ascontiguousarray(rows, dtype=dtype))


def _element_shape(space: Space) -> tuple[int, ...]:
    if isinstance(space, Discrete):
        return ()
    if isinstance(space, Continuous):
        return (space.d,)
    if isinstance(space, Binary):
        return (space.n,)
    if isinstance(space, Pixels):
        return (space.c, space.h, space.w)
    if isinstance(space, Rectangles):
        return (5,)
    raise DataError(f"collate knows Discrete, Words, Continuous, Binary, Pixels, Rectangles and Product; got {space!r}.")


def _of_one_width(arrays: list[np.ndarray], rank: str) -> tuple[list[np.ndarray], tuple[int, ...]]:
    """Fill words up with 0 until all have as many pieces; other values stay as they are and are refused by their shape."""
    axes = 2 if rank == "many" else 1
    width = max((a.shape[-1] for a in arrays if a.ndim == axes), default=1)
    padded = [np.pad(a, [(0, 0)] * (axes - 1) + [(0, width - a.shape[-1])]) if a.ndim == axes else a for a in arrays]
    return padded, (width,)


def _dtype(space: Space, arrays: list[np.ndarray]) -> type[np.generic]:
    if isinstance(space, Discrete | Words):
        return np.int64
    return np.float64 if arrays and arrays[0].dtype == np.float64 else np.float32


def _column(encoded: Encoded, name: str) -> list[Any]:
    try:
        return [row[name] for row in encoded]
    except (KeyError, TypeError, IndexError) as error:
        raise DataError(f"Every row must be a dict with part {name!r}, as the space says. Encode the rows with the codec first.") from error


def _check(arrays: list[np.ndarray], shape: tuple[int, ...], rank: str) -> None:
    """Compare shapes once per row: a set of distinct shapes keeps the good path short."""
    ahead = 1 if rank == "many" else 0
    good = {a.shape for a in arrays if a.ndim == ahead + len(shape) and a.shape[ahead:] == shape}
    for row, array in enumerate(arrays):
        if array.shape not in good:
            expected = f"(T, {', '.join(map(str, shape))})" if rank == "many" else str(shape)
            raise DataError(
                f"an encoded value must have shape {expected}; got {array.shape}. Encode the rows with the codec first.", row=row
            )
