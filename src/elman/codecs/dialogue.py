"""Dialogue: turns of speakers, as in a call centre."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np

from elman.codecs.checks import strict
from elman.codecs.codec import Codec, each
from elman.codecs.space import Discrete, Words
from elman.codecs.text import Text, first_column
from elman.codecs.tokens.vocabulary import Vocabulary, indices_in
from elman.errors import DataError, DataTypeError


class Dialogue(Codec):
    """Turns in order, each ``(speaker, text)`` or ``{"speaker": …, "text": …}``: one sequence of text with a mark before each turn.

    The indices are those of the text (0 is unknown), then one mark for an unknown speaker, then one for each speaker.

    Parameters
    ----------
    level : {"word", "char", "bpe"}, default "word"
        How the text is split; see :class:`Text`.
    lowercase : bool, default False
        Lower-case the text.
    max_vocabulary : int, optional
        Size of the vocabulary of text.
    min_count : int, default 1
        Words or characters seen less often are unknown.
    spelling : {"auto", True, False}, default "auto"
        Give with each word the pieces of its spelling; see :class:`Text`.

    Examples
    --------
    >>> codec = Dialogue().fit([[("client", "hello"), ("agent", "good day")]])
    >>> codec.decode(codec.encode([("agent", "hello"), ("robot", "good day")]))
    [('agent', 'hello'), (None, 'good day')]
    """

    id = "dialogue.v1"
    modality = "text"
    rank = "many"

    def __init__(
        self,
        level: str = "word",
        *,
        lowercase: bool = False,
        max_vocabulary: int | None = None,
        min_count: int = 1,
        spelling: bool | Literal["auto"] = "auto",
    ) -> None:
        self.level = level
        self.lowercase = lowercase
        self.max_vocabulary = max_vocabulary
        self.min_count = min_count
        self.spelling: bool | Literal["auto"] = spelling

    def with_subwords(self) -> Self:
        """Return the codec itself, spelling its words unless the user set ``spelling=False``."""
        if self.spelling == "auto" and self.level == "word":
            self.spelling = True
        return self

    @property
    def space(self) -> Discrete | Words:
        """The symbols of text, and the marks of speakers."""
        text = self._fitted("text_").space
        symbols = text.n + len(self.speakers_)
        return Words(symbols, text.pieces) if isinstance(text, Words) else Discrete(symbols)

    def encode(self, value: Any) -> np.ndarray:
        """Return the indices of all turns.

        Parameters
        ----------
        value : iterable of pairs or mappings
            The turns.

        Returns
        -------
        ndarray
            int64 (T,); with ``spelling`` int32 (T, 1 + K).
        """
        text = self._fitted("text_")
        first = text.space.n
        parts = [text.encode("")]
        for speaker, words in _turns(value):
            mark = np.array([first + self.speakers_.index(speaker)], dtype=parts[0].dtype)
            parts += [mark if parts[0].ndim == 1 else mark[:, None], text.encode(words)]
        if parts[0].ndim == 1:
            return np.concatenate(parts)
        width = max(part.shape[1] for part in parts)
        return np.concatenate([np.pad(part, [(0, 0), (0, width - part.shape[1])]) for part in parts])

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
        indices = indices_in(first_column(array, "Dialogue") if self.spelling is True else array, "Dialogue")
        first = text.space.n
        starts = np.flatnonzero(indices >= first).tolist()
        turns: list[tuple[str | None, str]] = []
        if len(indices) and (not starts or starts[0] > 0):
            turns.append((None, text.decode(_columns(indices[: starts[0] if starts else None], text.space))))
        for start, end in itertools.pairwise([*starts, len(indices)]):
            turns.append((self.speakers_.symbol(int(indices[start]) - first), text.decode(_columns(indices[start + 1 : end], text.space))))
        return turns

    def tokens(self, value: Any) -> list[str]:
        """Return the token of each index of ``encode``: ``speaker:`` before each turn, then its words.

        Parameters
        ----------
        value : iterable of pairs or mappings
            The turns.

        Returns
        -------
        list of str
            Marks and symbols, unknown ones as they were written.
        """
        text = self._fitted("text_")
        return [token for speaker, answer in _turns(value) for token in (f"{speaker}:", *text.tokens(answer))]

    step_labels = tokens

    def per_step(self, value: Any, labels: Sequence[Any]) -> list[Any]:
        """Return the label of each turn for every step of it, as ``Model(Dialogue(), Symbols(), align="step")`` learns them.

        Parameters
        ----------
        value : iterable of pairs or mappings
            The turns.
        labels : sequence
            One for each turn.

        Returns
        -------
        list
            One for each index of ``encode``.

        Examples
        --------
        >>> codec, call = Dialogue(), [("client", "hello you"), ("agent", "hi")]
        >>> codec.per_step(call, ["greets", "answers"])
        ['greets', 'greets', 'greets', 'answers', 'answers']
        >>> codec.per_turn(call, codec.per_step(call, ["greets", "answers"]))
        ['greets', 'answers']
        """
        lengths = self._lengths(value)
        if len(labels) != len(lengths):
            raise DataError(f"expected one label for each of {len(lengths)} turns; got {len(labels)}.")
        return [label for label, length in zip(labels, lengths, strict=True) for _ in range(length)]

    def per_turn(self, value: Any, steps: Sequence[Any]) -> list[Any]:
        """Return the value at the last step of each turn: the answers of a model with ``align="step"``, turn by turn.

        Parameters
        ----------
        value : iterable of pairs or mappings
            The turns.
        steps : sequence
            One for each index of ``encode``.

        Returns
        -------
        list
            One for each turn.
        """
        ends = np.cumsum(self._lengths(value), dtype=np.int64)
        if len(steps) != (ends[-1] if len(ends) else 0):
            raise DataError(f"expected one answer for each of {ends[-1] if len(ends) else 0} steps; got {len(steps)}.")
        return [steps[end - 1] for end in ends.tolist()]

    def _lengths(self, value: Any) -> list[int]:
        """Return the steps of each turn, its mark included; only subwords need a fitted codec."""
        text = self.__dict__.get("text_") or self._text()
        return [1 + len(text.tokens(answer)) for _, answer in _turns(value)]

    def _text(self) -> Text:
        options: dict[str, Any] = {"lowercase": self.lowercase, "max_vocabulary": self.max_vocabulary, "min_count": self.min_count}
        return Text(self.level, **options, spelling=self.spelling)

    def _check(self) -> None:
        self._text()._check()

    def _fit(self, values: Sequence[Any]) -> None:
        turns = [turn for dialogue in each(_turns, values) for turn in dialogue]
        self.speakers_ = Vocabulary(sorted({speaker for speaker, _ in turns}))
        self.text_ = self._text().fit([words for _, words in turns] or [""], role=self.role_)

    def _state(self) -> dict[str, Any]:
        return {"text": self._fitted("text_")._state(), "speakers": self.speakers_.state("Dialogue")}

    def _restore(self, state: dict[str, Any]) -> None:
        fields = strict(state, ("text", "speakers"), "Dialogue state")
        speakers = Vocabulary.from_state(fields["speakers"], "Dialogue state")
        if not all(isinstance(speaker, str) for speaker in speakers.symbols):
            raise DataError("Dialogue state: speakers must be a list of text.")
        text = self._text()
        text.role_ = self.role_
        text._restore(fields["text"])
        self.speakers_, self.text_ = speakers, text


def _columns(indices: np.ndarray, space: Discrete | Words) -> np.ndarray:
    return indices[:, None] if isinstance(space, Words) else indices


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
        raise DataTypeError(f"turn {number}: expected a speaker and an utterance, both text; got {turn!r}.")
    return turn[0], turn[1]
