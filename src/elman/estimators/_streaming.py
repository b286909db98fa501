"""ModelStream: a fitted model reads a value piece by piece and answers as it goes."""

from __future__ import annotations

from typing import Any

from elman.codecs import Codec, Series, Symbols, Text
from elman.errors import SettingError
from elman.network import SequenceModel, collate
from elman.network.ensemble import Ensemble
from elman.network.streaming import SequenceStream


class ModelStream:
    """One value on its way through a fitted :class:`elman.Model`; made by ``model.stream()``.

    Answers are those of ``predict`` over everything at once, bit for bit on the CPU.

    Parameters
    ----------
    model : SequenceModel or Ensemble
        Its network: aligned or summary, reading one way; an ensemble is refused.
    source : Codec
        Fitted; it must encode each step by itself: ``Series``, ``Symbols``, or ``Text`` in words or characters,
        whose pieces are cut where words end.
    target : Codec
        Fitted; decodes the answers.
    """

    def __init__(self, model: SequenceModel | Ensemble, source: Codec, target: Codec) -> None:
        if not isinstance(source, Series | Symbols) and not (isinstance(source, Text) and source.level != "bpe"):
            raise SettingError(
                f"{type(source).__name__} cannot be streamed: its encoding looks at more than one step."
                " Series, Symbols, and Text in words or characters can."
            )
        self._source, self._target = source, target
        self._stream = SequenceStream(model)

    def feed(self, piece: Any, *, proba: bool = False) -> Any:
        """Read a piece of any length.

        Parameters
        ----------
        piece : Any
            A shorter value of the source: numbers (T,) or (T, features), a list of symbols, a text.
        proba : bool, default False
            Give probabilities instead of a value.

        Returns
        -------
        Any
            Of an aligned model the answers to this piece, as ``predict`` gives them; of a summary the answer to all that was read.
        """
        encoded = self._source.encode(piece)
        found = self._stream.feed(collate([encoded], self._source.space, self._source.rank), proba=proba)
        return found if proba else self._target.decode(found)

    def step(self, element: Any, *, proba: bool = False) -> Any:
        """Read one element: a number, a row of features, a symbol; of a text a word or a character.

        Parameters
        ----------
        element : Any
            The newest.
        proba : bool, default False
            Give probabilities instead of a value.

        Returns
        -------
        Any
            The answer to this step, or of a summary to all that was read.
        """
        found = self.feed(element if isinstance(self._source, Text) else [element], proba=proba)
        return found[0] if self._target.rank == "many" and len(found) == 1 else found

    def reset(self) -> None:
        """Begin a new value."""
        self._stream.reset()

    def copy(self) -> ModelStream:
        """Return a fork, to try what comes next."""
        fork = object.__new__(type(self))
        fork._source, fork._target, fork._stream = self._source, self._target, self._stream.copy()
        return fork

    def save(self) -> bytes:
        """Return what is remembered, to go on elsewhere with the same model."""
        return self._stream.save()

    def load(self, data: bytes) -> None:
        """Go on from what :meth:`save` gave.

        Parameters
        ----------
        data : bytes
            Of a stream of the same model.
        """
        self._stream.load(data)
