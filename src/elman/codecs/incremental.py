"""Ears: a value on its way through a codec piece by piece; its steps are those of ``encode`` over everything at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from elman.codecs.codec import Codec


class IncrementalEncoder(Protocol):
    """What ``codec.incremental_encoder()`` returns."""

    held: Any
    """A float64 array: what the steps to come depend on; None where it is more than a few numbers."""

    def feed(self, piece: Any, /) -> Any:
        """Return the encoded steps that are known after one more piece."""
        ...

    def close(self) -> Any:
        """Return the steps that waited for what comes after."""
        ...


class StatelessEncoder:
    """An ear of a codec that encodes every step by itself.

    Parameters
    ----------
    codec : Codec
        Fitted.
    nothing : object, default ()
        A value of no steps.
    """

    def __init__(self, codec: Codec, nothing: Any = ()) -> None:
        self._codec, self._nothing = codec, nothing
        self.held = np.zeros(0)

    def feed(self, piece: Any) -> Any:
        """Return the steps of a piece."""
        return self._codec.encode(piece)

    def close(self) -> Any:
        """Return no steps."""
        return self._codec.encode(self._nothing)
