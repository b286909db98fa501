"""Incremental encoders and decoders, as in Python's ``codecs``: a value piece by piece, symbols one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np


class IncrementalEncoder(Protocol):
    """Encoder of one value that arrives in pieces; its steps are those of ``encode`` over all pieces at once."""

    state: Any
    """float64 array on which later steps depend; None where it is more than a few numbers."""

    def feed(self, piece: Any, /) -> Any:
        """Return the encoded steps that one more piece completes."""
        ...

    def close(self) -> Any:
        """Return the remaining steps at the end of the value."""
        ...

    def piece(self, element: Any, /) -> Any:
        """Return one element as a piece, for values that arrive element by element."""
        ...


class IncrementalDecoder(Protocol):
    """Decoder of elements that take several symbols each."""

    def feed(self, index: int, /) -> Sequence[Any]:
        """Return the elements that one more symbol completes."""
        ...

    def close(self) -> Sequence[Any]:
        """Return the elements that the end completes."""
        ...


class StatelessEncoder:
    """Incremental encoder of values whose steps do not depend on each other.

    Parameters
    ----------
    encode : callable
        From a value to its encoded steps.
    empty : object, default ()
        A value without steps. If it is a text, each element is a piece as it is; otherwise a list of one element is.
    """

    def __init__(self, encode: Callable[[Any], Any], empty: Any = ()) -> None:
        self._encode, self._empty = encode, empty
        self.state = np.zeros(0)

    def feed(self, piece: Any) -> Any:
        """Return the steps of a piece."""
        return self._encode(piece)

    def close(self) -> Any:
        """Return no steps."""
        return self._encode(self._empty)

    def piece(self, element: Any) -> Any:
        """Return one element as a piece."""
        return element if isinstance(self._empty, str) else [element]
