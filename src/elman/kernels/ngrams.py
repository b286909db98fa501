"""N-grams by the compiled module: the distribution after a context, mixed with another model's, at the cost of a few passes over it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Tree:
    """An n-gram model as a tree of contexts in flat arrays, M nodes.

    Parameters
    ----------
    first : numpy.ndarray
        (M + 1,) int64: the children of node p are ``first[p] .. first[p + 1] - 1``, sorted by symbol.
    symbol : numpy.ndarray
        (M,) int32 last symbol of each node.
    suffix : numpy.ndarray
        (M,) int64 node without its first symbol; the root, node 0, is its own.
    probability : numpy.ndarray
        (M,) float64 of each n-gram, at the root of a symbol never seen.
    backoff : numpy.ndarray
        (M,) float64 by which shorter contexts are scaled.
    longest : int
        The first node of the largest order; those from here on are no contexts.

    Raises
    ------
    ImportError
        If the compiled module is not there.
    """

    def __init__(self, first: Ints, symbol: NDArray[np.int32], suffix: Ints, probability: Floats, backoff: Floats, longest: int) -> None:
        import torch  # noqa: F401  # pyright: ignore[reportUnusedImport]  # before the compiled module, so that both share one OpenMP pool

        from elman import _native

        kinds = (np.int64, np.int32, np.int64, np.float64, np.float64)
        arrays = (first, symbol, suffix, probability, backoff)
        self._arrays = [np.ascontiguousarray(a, kind) for a, kind in zip(arrays, kinds, strict=True)]
        self._native: Any = _native.NgramTree(*(a.ctypes.data for a in self._arrays), int(longest))
        self.follow = self._native.follow

    def mix(self, chances: NDArray[Any], states: Ints, shares: Floats) -> Floats:
        """Return ``shares · chances + (1 - shares) · n-grams``.

        Parameters
        ----------
        chances : numpy.ndarray
            (N, C) the other model's probabilities.
        states : numpy.ndarray
            (N,) contexts.
        shares : numpy.ndarray
            (N,) in 0..1.

        Returns
        -------
        numpy.ndarray
            (N, C) float64.
        """
        mixed = np.array(chances, np.float64, order="C")
        states, shares = np.ascontiguousarray(states, np.int64), np.ascontiguousarray(shares, np.float64)
        address = mixed.ctypes.data
        self._native.mix(states.ctypes.data, shares.ctypes.data, address, *mixed.shape, address)
        return mixed

    def row(self, classes: int) -> Row:
        """Return one row of C probabilities to be mixed in place, again and again."""
        return Row(self._native, classes)


class Row:
    """One row of probabilities, ``values`` (C,) float64, that n-grams are mixed into."""

    def __init__(self, native: Any, classes: int) -> None:
        self.values = np.empty(classes)
        self._state, self._share = np.zeros(1, np.int64), np.zeros(1)
        address = self.values.ctypes.data
        self._call = (self._state.ctypes.data, self._share.ctypes.data, address, 1, classes, address)
        self._mix = native.mix

    def mix(self, state: int, share: float) -> None:
        """Mix the probabilities after a context into ``values``."""
        self._state[0], self._share[0] = state, share
        self._mix(*self._call)
