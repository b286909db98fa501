"""Dialogue: turns of speakers, as in a call centre."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from elman.codecs._base import Codec, each
from elman.codecs.checks import strict
from elman.codecs.space import Discrete
from elman.codecs.text import Text
from elman.codecs.vocabulary import Vocabulary, indices_in
from elman.errors import DataError, DataTypeError


class Dialogue(Codec):
    """Turns in order, each ``(speaker, text)`` or ``{"speaker": …, "text": …}``: one sequence of text with a mark before each turn.

    The indices are those of the text (0 is unknown), then one mark for an unknown speaker, then one for each speaker.

    Parameters
    ----------
    level : {"word", "char", "bpe"}, default "word"
        How the text is cut; see :class:`Text`.
    lowercase : bool, default False
        Read capitals as small letters.
    max_vocabulary : int, optional
        Most symbols of text kept.
    min_count : int, default 1
        Words or characters seen less often are unknown.

    Examples
    --------
    >>> codec = Dialogue().fit([[("client", "hello"), ("agent", "good day")]])
    >>> codec.decode(codec.encode([("agent", "hello"), ("robot", "good day")]))
    [('agent', 'hello'), (None, 'good day')]
    """

    id = "dialogue.v1"
    rank = "many"

    def __init__(self, level: str = "word", *, lowercase: bool = False, max_vocabulary: int | None = None, min_count: int = 1) -> None:
        self.level = level
        self.lowercase = lowercase
        self.max_vocabulary = max_vocabulary
        self.min_count = min_count

    @property
    def space(self) -> Discrete:
        """The symbols of text, and the marks of speakers."""
        return Discrete(self._fitted("text_").space.n + len(self.speakers_))

    def encode(self, value: Any) -> np.ndarray:
        """Return the indices of all turns.

        Parameters
        ----------
        value : iterable of pairs or mappings
            The turns.

        Returns
        -------
        ndarray
            int64 (T,).
        """
        text = self._fitted("text_")
        first = text.space.n
        parts = [np.zeros(0, dtype=np.int64)]
        for speaker, words in _turns(value):
            parts += [np.array([first + self.speakers_.index(speaker)], dtype=np.int64), text.encode(words)]
        return np.concatenate(parts)

    def decode(self, array: Any) -> list[tuple[str | None, str]]:
        """Return the turns.

        Parameters
        ----------
        array : ndarray
            Whole numbers (T,).

        Returns
        -------
        list of tuple
            Speaker (None if unknown, or before the first mark) and text.
        """
        text = self._fitted("text_")
        indices = indices_in(array, "Dialogue")
        first = text.space.n
        starts = np.flatnonzero(indices >= first).tolist()
        turns: list[tuple[str | None, str]] = []
        if len(indices) and (not starts or starts[0] > 0):
            turns.append((None, text.decode(indices[: starts[0] if starts else None])))
        for start, end in itertools.pairwise([*starts, len(indices)]):
            turns.append((self.speakers_.symbol(int(indices[start]) - first), text.decode(indices[start + 1 : end])))
        return turns

    def _text(self) -> Text:
        return Text(self.level, lowercase=self.lowercase, max_vocabulary=self.max_vocabulary, min_count=self.min_count)

    def _check(self) -> None:
        self._text()._check()

    def _fit(self, values: Sequence[Any]) -> None:
        turns = [turn for dialogue in each(_turns, values) for turn in dialogue]
        self.speakers_ = Vocabulary(sorted({speaker for speaker, _ in turns}))
        self.text_ = self._text().fit([words for _, words in turns] or [""], role=self.role_)

    def _state(self) -> dict[str, Any]:
        return {"text": self._fitted("text_")._state(), "speakers": self.speakers_.state("Dialogue")}

    def _restore(self, state: dict[str, Any]) -> None:
        known = strict(state, ("text", "speakers"), "Dialogue state")
        speakers = Vocabulary.from_state(known["speakers"], "Dialogue state")
        if not all(isinstance(speaker, str) for speaker in speakers.symbols):
            raise DataError("Dialogue state: speakers must be a list of text.")
        text = self._text()
        text.role_ = self.role_
        text._restore(known["text"])
        self.speakers_, self.text_ = speakers, text


def _turns(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise DataTypeError(
            f"expected a list of turns, as [('agent', 'hello')]; got {type(value).__name__}. Use Text for text without speakers."
        )
    return [_turn(number, turn) for number, turn in enumerate(value)]


def _turn(number: int, turn: Any) -> tuple[str, Any]:
    if isinstance(turn, Mapping):
        if not {"speaker", "text"} <= set(turn):
            raise DataError(f"turn {number}: expected the keys 'speaker' and 'text'; got {list(turn)}.")
        turn = (turn["speaker"], turn["text"])
    if isinstance(turn, str | bytes) or not isinstance(turn, Sequence) or len(turn) != 2:
        raise DataTypeError(f"turn {number}: expected (speaker, text); got {turn!r}.")
    if not isinstance(turn[0], str) or not isinstance(turn[1], str | bytes):
        raise DataTypeError(f"turn {number}: expected a speaker and what was said, both text; got {turn!r}.")
    return turn[0], turn[1]
