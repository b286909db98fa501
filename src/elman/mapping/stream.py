"""ModelStream: answers of a fitted model to a value read piece by piece."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman.codecs.capabilities import Incremental
from elman.codecs.incremental import IncrementalEncoder
from elman.errors import DataError, SettingError
from elman.mapping.pair import Pair
from elman.network import SequenceModel, collate
from elman.network.ensemble import Ensemble
from elman.network.streams.steps import SequenceStream


class ModelStream:
    """Stream of one value through a fitted :class:`elman.Model`; ``model.stream()`` makes one.

    Answers are those of ``predict`` over everything at once, bit for bit on the CPU.

    Parameters
    ----------
    model : SequenceModel or Ensemble
        Network with one answer a step or one a value, reading one way; an ensemble is refused.
    pair : Pair
        Codecs and plan. The source must encode step by step (:class:`~elman.codecs.capabilities.Incremental`): ``Series``, ``Symbols``,
        ``Strokes``, ``Notes``, ``Image`` by rows or columns, or ``Text`` in words or characters, whose pieces are cut where words end.
    """

    def __init__(self, model: SequenceModel | Ensemble, pair: Pair) -> None:
        self._source, self._target = pair.source, pair.target
        self._encoder = self._new_encoder()
        self._stream = SequenceStream(model)

    def _new_encoder(self) -> IncrementalEncoder:
        encoder = self._source.incremental_encoder() if isinstance(self._source, Incremental) else None
        if encoder is None or encoder.state is None:
            raise SettingError(
                f"{type(self._source).__name__} cannot be streamed: its encoding looks at more than one step."
                " Series, Symbols, Strokes, Notes, Image by rows or columns, and Text in words or characters can."
            )
        return encoder

    def feed(self, piece: Any, *, proba: bool = False) -> Any:
        """Read a piece of any length.

        Parameters
        ----------
        piece : Any
            A shorter value of the source: numbers (T,) or (T, features), a list of symbols, a text, points, rows (k, w) or columns (h, k).
        proba : bool, default False
            Give probabilities instead of a value.

        Returns
        -------
        Any
            With one answer a step the answers to this piece, as ``predict`` gives them; otherwise the answer to everything read so far.
        """
        encoded = self._encoder.feed(piece)
        result = self._stream.feed(collate([encoded], self._source.space, self._source.rank), proba=proba)
        return result if proba else self._target.decode(result)

    def step(self, element: Any, *, proba: bool = False) -> Any:
        """Read one element: a number, a row of features, a symbol; of a text a word or a character.

        Parameters
        ----------
        element : Any
            The newest; of an ``Image`` a row (w,) or a column (h,), without or with channels.
        proba : bool, default False
            Give probabilities instead of a value.

        Returns
        -------
        Any
            The answer to this step, or to everything read so far.
        """
        result = self.feed(self._encoder.piece(element), proba=proba)
        return result[0] if self._target.rank == "many" and len(result) == 1 else result

    def reset(self) -> None:
        """Start a new value."""
        self._stream.reset()
        self._encoder = self._new_encoder()

    def copy(self) -> ModelStream:
        """Return a fork, to try continuations."""
        fork = object.__new__(type(self))
        fork._source, fork._target, fork._stream = self._source, self._target, self._stream.copy()
        fork._encoder = fork._new_encoder()
        fork._encoder.state = self._encoder.state
        return fork

    def save(self) -> bytes:
        """Return the state as bytes, from which a stream of the same model continues."""
        return self._stream.save() + np.asarray(self._encoder.state, dtype=np.float64).tobytes()

    def load(self, data: bytes) -> None:
        """Continue from the result of :meth:`save`.

        Parameters
        ----------
        data : bytes
            Of a stream of the same model.
        """
        size = np.asarray(self._encoder.state).nbytes
        state = np.frombuffer(data[len(data) - size :], dtype=np.float64)
        if len(state) != size // 8 or not np.isfinite(state).all():
            raise DataError("This is not a saved state: it is too short, or not of finite numbers. Give the result of save().")
        self._stream.load(data[: len(data) - size])
        self._encoder.state = state
