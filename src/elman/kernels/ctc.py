"""CTC in the compiled module: prefix beam search fed frame by frame, and the place of each symbol of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from elman.errors import DataError, ShapeError

_LARGEST = 1 << 31
"""Bytes of an alignment at most."""


def available() -> bool:
    """Return whether the compiled module is there."""
    try:
        _native()
    except ImportError:
        return False
    return True


def _native() -> Any:
    import torch  # noqa: F401  # pyright: ignore[reportUnusedImport]  # before the compiled module, so that both share one OpenMP pool

    from elman import _native

    return _native


class PrefixBeam:
    """Prefix beam search over CTC frames, fed piece by piece; other Python threads run meanwhile.

    Parameters
    ----------
    size : int
        Prefixes kept.
    classes : int
        Columns of a frame, the blank included.
    blank : int
        Index of the blank.
    threshold : float
        Symbols less likely than this in a frame are not tried (natural logarithm).
    symbol_bonus : float
        Added for every symbol.
    prior : mapping, optional
        Result of :meth:`elman.ngrams.KneserNey.backoff_table`.
    start : int
        The state of the prior before the first symbol.
    prior_weight : float
        Weight of the prior.

    Raises
    ------
    ImportError
        If the compiled module is not there.

    Examples
    --------
    >>> beam = PrefixBeam(size=4, classes=3, blank=2)
    >>> beam.feed(np.log([[0.5, 0.1, 0.4], [0.1, 0.1, 0.8]]))
    >>> beam.best(1)[0][0]
    (0,)
    """

    def __init__(
        self,
        *,
        size: int,
        classes: int,
        blank: int,
        threshold: float = -np.inf,
        symbol_bonus: float = 0.0,
        prior: Mapping[str, np.ndarray] | None = None,
        start: int = 0,
        prior_weight: float = 1.0,
    ) -> None:
        self.classes = classes
        kinds = {"first": np.int64, "symbol": np.int32, "suffix": np.int64, "log_prob": np.float32, "log_backoff": np.float32}
        # held here for as long as the search reads them
        self._table = {name: np.ascontiguousarray(prior[name], dtype=kind) for name, kind in kinds.items()} if prior is not None else {}
        addresses = [self._table[name].ctypes.data if self._table else 0 for name in kinds]
        self._beam = _native().CtcBeam(size, classes, blank, threshold, prior_weight, symbol_bonus, *addresses, start)

    def feed(self, frames: np.ndarray) -> None:
        """Read more frames.

        Parameters
        ----------
        frames : ndarray
            (T, classes) log-probabilities.
        """
        frames = checked(frames, self.classes)
        self._beam.feed(frames.dtype == np.float64, frames.ctypes.data, len(frames))

    def best(self, count: int = 1) -> list[tuple[tuple[int, ...], float]]:
        """Return the best answers so far."""
        return self._beam.best(count)

    def settle(self) -> list[int]:
        """Return the symbols that nothing can change any more, and forget them: ``best`` goes on behind them."""
        return self._beam.settle()

    def nodes(self) -> int:
        """Return the beginnings held in memory."""
        return self._beam.nodes()


def align(frames: np.ndarray, symbols: Any, blank: int) -> tuple[np.ndarray, np.ndarray, float] | None:
    """Find the likeliest way to write symbols in frames (Viterbi).

    Parameters
    ----------
    frames : ndarray
        (T, classes) log-probabilities.
    symbols : array_like
        (L,) symbols.
    blank : int
        Index of the blank.

    Returns
    -------
    tuple or None
        The first frame of each symbol (L,), the frame after its last (L,), and the log-probability of that way; None where there is none.

    Raises
    ------
    DataError
        If it would take more than 2 GiB.

    Examples
    --------
    >>> begin, end, _ = align(np.log([[0.1, 0.9], [0.8, 0.2], [0.7, 0.3], [0.2, 0.8]]), [0], 1)
    >>> begin.tolist(), end.tolist()
    ([1], [3])
    """
    expected = np.ascontiguousarray(symbols, dtype=np.int64)
    rows = checked(frames, frames.shape[-1])
    if len(expected) and not (expected.min() >= 0 and expected.max() < rows.shape[1]):
        raise DataError(f"symbols to align must be in 0..{rows.shape[1] - 1}; got {expected.min()}..{expected.max()}.")
    if len(rows) * (2 * len(expected) + 1) > _LARGEST:
        raise DataError(f"aligning {len(expected)} symbols to {len(rows)} frames takes more than 2 GiB. Cut the recording into pieces.")
    begin, end = np.zeros((2, len(expected)), dtype=np.int64)
    result = _native().ctc_align(
        rows.dtype == np.float64,
        rows.ctypes.data,
        *rows.shape,
        blank,
        expected.ctypes.data,
        len(expected),
        begin.ctypes.data,
        end.ctypes.data,
    )
    return (begin, end, result) if result > -np.inf else None


def checked(frames: np.ndarray, classes: int) -> np.ndarray:
    """Return frames as the compiled module reads them; refuse other shapes and NaN.

    Parameters
    ----------
    frames : ndarray
        (T, classes).
    classes : int
        Columns wanted.

    Returns
    -------
    ndarray
        Contiguous, float32 or float64.
    """
    rows = np.asarray(frames)
    if rows.ndim != 2 or rows.shape[1] != classes:
        raise ShapeError(f"CTC frames must have shape (T, {classes}), the blank included; got {rows.shape}.")
    rows = np.ascontiguousarray(rows, dtype=rows.dtype if rows.dtype.name in ("float32", "float64") else np.float64)
    if np.isnan(rows).any():
        raise DataError(f"CTC frames must be log-probabilities; got NaN in frame {int(np.isnan(rows).any(1).argmax())}.")
    return rows
