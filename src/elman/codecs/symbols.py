"""Symbols: sequences of any hashable things, such as part-of-speech tags, moves or events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from elman.codecs.checks import MOST, strict, whole
from elman.codecs.codec import Codec, each
from elman.codecs.incremental import StatelessEncoder
from elman.codecs.space import Discrete
from elman.codecs.tokens.vocabulary import Vocabulary, hashable, indices_in, is_no_symbol
from elman.errors import DataError, DataTypeError, SettingError


class Symbols(Codec):
    """A sequence of hashables, any length from 0; the same objects come back. Text is read as its characters.

    Parameters
    ----------
    max_vocabulary : int, optional
        Size of the vocabulary, the most frequent symbols; others are index 0, "unknown".
    min_count : int, default 1
        Rarer symbols are unknown.

    Examples
    --------
    >>> codec = Symbols().fit([["DET", "NOUN"], ["NOUN", "VERB"]])
    >>> codec.encode(["NOUN", "ADVERB"]).tolist(), codec.decode([2, 0])
    ([1, 0], ['DET', None])
    """

    id = "symbols.v1"
    modality = "symbols"
    unit = "symbol"
    unknown_symbol = None
    rank = "many"

    def __init__(self, *, max_vocabulary: int | None = None, min_count: int = 1) -> None:
        self.max_vocabulary = max_vocabulary
        self.min_count = min_count

    @property
    def space(self) -> Discrete:
        """One index for each symbol, and 0 for unknown."""
        return Discrete(len(self._fitted("vocabulary_")))

    def encode(self, value: Any) -> np.ndarray:
        """Return the indices.

        Parameters
        ----------
        value : iterable of hashable
            One sequence.

        Returns
        -------
        ndarray
            int64 (T,).
        """
        vocabulary = self._fitted("vocabulary_")
        return vocabulary.indices(self._read(value))

    def decode(self, array: Any) -> list[Any]:
        """Return the symbols; None where the index is 0.

        Parameters
        ----------
        array : ndarray
            Whole numbers (T,).

        Returns
        -------
        list
            As they were given to ``fit``.
        """
        vocabulary = self._fitted("vocabulary_")
        return [vocabulary.symbol(index) for index in indices_in(array, "Symbols").tolist()]

    def symbols(self, value: Any) -> list[Any]:
        """Return the symbols of a sequence, one for each index of ``encode``, unknown ones too.

        Parameters
        ----------
        value : iterable of hashable
            One sequence.

        Returns
        -------
        list
            Hashables.
        """
        return self._read(value)

    step_labels = symbols

    def spell(self, symbols: Sequence[Any]) -> list[Any]:
        """Return the sequence of symbols, known or not; the inverse of ``symbols``.

        Parameters
        ----------
        symbols : sequence of hashable
            Any.

        Returns
        -------
        list
            The same.
        """
        return list(symbols)

    def _read(self, value: Any) -> list[Any]:
        if isinstance(value, Mapping) or not isinstance(value, Iterable) or (isinstance(value, np.ndarray) and value.ndim != 1):
            raise DataTypeError(f"expected a sequence of symbols; got {type(value).__name__}. Give a list.")
        symbols = value.tolist() if isinstance(value, np.ndarray) else [hashable(symbol, "a symbol") for symbol in value]
        if self.role_ == "target" and any(is_no_symbol(symbol) for symbol in symbols):
            raise DataError("expected symbols in a target; got NaN. Drop the row or give it a name.")
        return symbols

    def incremental_encoder(self) -> StatelessEncoder:
        """Return an incremental encoder of symbols.

        Returns
        -------
        StatelessEncoder
            With ``feed(piece)`` and ``close()``.
        """
        return StatelessEncoder(self.encode)

    def _check(self) -> None:
        if self.max_vocabulary is not None:
            whole(self.max_vocabulary, "max_vocabulary", 1, MOST, SettingError)
        whole(self.min_count, "min_count", 1, MOST, SettingError)

    def _fit(self, values: Sequence[Any]) -> None:
        counts: Counter[Any] = Counter()
        each(lambda value: counts.update(symbol for symbol in self._read(value) if not is_no_symbol(symbol)), values)
        self.vocabulary_ = Vocabulary.from_counts(counts, most=self.max_vocabulary, least=self.min_count)

    def _state(self) -> dict[str, Any]:
        return {"symbols": self._fitted("vocabulary_").state("Symbols")}

    def _restore(self, state: dict[str, Any]) -> None:
        self.vocabulary_ = Vocabulary.from_state(strict(state, ("symbols",), "Symbols state")["symbols"], "Symbols state")
