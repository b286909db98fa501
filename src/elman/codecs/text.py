"""Text: words, characters or subwords."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, ClassVar, Literal, Self

import numpy as np

from elman.codecs.checks import MOST, one_of, strict, whole
from elman.codecs.codec import Codec, each
from elman.codecs.incremental import StatelessEncoder
from elman.codecs.space import Discrete, Words
from elman.codecs.tokens import bpe, words
from elman.codecs.tokens.spelling import Speller
from elman.codecs.tokens.vocabulary import Vocabulary, indices_in
from elman.errors import DataError, DataTypeError, SettingError

UNKNOWN = "\ufffd"
"""Decoded unknown symbol: the Unicode replacement character."""

_SIZES = {"word": 30_000, "char": MOST, "bpe": 8_000}


class Text(Codec):
    """Text as a sequence of symbols, any length from 0. Unknown symbols are index 0 and come back as "\ufffd".

    Parameters
    ----------
    level : {"auto", "word", "char", "bpe"}, default "auto"
        Words and marks (:mod:`elman.codecs.tokens.words`), code points, or byte-level subwords learned from the values. "auto" is words,
        and subwords where a :class:`elman.Model` writes free text.
    lowercase : bool, default False
        Lower-case the text; capitals are lost.
    max_vocabulary : int, optional
        Size of the vocabulary, the most frequent symbols: by default 30,000 words, 8,000 subwords (at least 256), every character.
    min_count : int, default 1
        Rarer words or characters are unknown; rarer subwords (and those seen once) are not merged.
    normalize : {"NFC", "NFKC", None}, default "NFC"
        Unicode form, so that "é" typed in two ways is one character.
    spelling : {"auto", True, False}, default "auto"
        Give with each word the pieces of its spelling (:mod:`elman.codecs.tokens.spelling`), so that unseen words differ.
        "auto" is False, and True where a :class:`elman.Model` gives one answer for a whole text. Words only.

    Notes
    -----
    Bytes are read as UTF-8; other bytes become an unknown symbol.

    Examples
    --------
    >>> codec = Text().fit(["The food was good.", "The service wasn't."])
    >>> codec.decode(codec.encode("The food wasn't bad."))
    "The food wasn't \ufffd."
    """

    id = "text.v1"
    modality = "text"
    unknown_symbol: ClassVar[str] = UNKNOWN
    rank = "many"

    def __init__(
        self,
        level: str = "auto",
        *,
        lowercase: bool = False,
        max_vocabulary: int | None = None,
        min_count: int = 1,
        normalize: str | None = "NFC",
        spelling: bool | Literal["auto"] = "auto",
    ) -> None:
        self.level = level
        self.lowercase = lowercase
        self.max_vocabulary = max_vocabulary
        self.min_count = min_count
        self.normalize = normalize
        self.spelling = spelling

    def with_subwords(self) -> Self:
        """Return the codec itself, spelling its words unless the user set ``spelling=False``."""
        if self.spelling == "auto" and self.unit == "word":
            self.spelling = True
        return self

    @property
    def unit(self) -> str:
        """Kind of the symbols: "word", "char" or "bpe"."""
        return "word" if self.level == "auto" else self.level

    @property
    def space(self) -> Discrete | Words:
        """One index for each symbol, and 0 for unknown; with ``spelling`` also one for each piece."""
        symbols = len(self._fitted("vocabulary_"))
        return Words(symbols, len(self.pieces_)) if self.spelling is True else Discrete(symbols)

    def encode(self, value: Any) -> np.ndarray:
        """Return the indices of a text.

        Parameters
        ----------
        value : str or bytes
            Any text.

        Returns
        -------
        ndarray
            int64 (T,); with ``spelling`` int32 (T, 1 + K), the index of each word and those of its pieces.
        """
        vocabulary = self._fitted("vocabulary_")
        text = self.read(value)
        if self.spelling is True:
            return self._speller.encode(words.split(text))
        if self.unit == "bpe":
            return np.array(self._bpe.encode(text).ids, dtype=np.int64)
        return vocabulary.indices(words.split(text) if self.unit == "word" else text)

    def decode(self, array: Any) -> str:
        """Return the text of indices.

        Parameters
        ----------
        array : ndarray
            Whole numbers (T,), with ``spelling`` (T, 1 + K).

        Returns
        -------
        str
            Encoding it again gives the same indices.
        """
        vocabulary = self._fitted("vocabulary_")
        if self.spelling is True:
            array = first_column(array, "Text")
        indices = indices_in(array, "Text").tolist()
        if self.unit == "bpe":
            return self._bpe.decode(indices, skip_special_tokens=False)
        return self.spell([vocabulary.symbol(index, UNKNOWN) for index in indices])

    def symbols(self, value: Any) -> list[str]:
        """Return the symbols of a text, one for each index of ``encode``, unknown ones as in the text.

        Parameters
        ----------
        value : str or bytes
            Any text.

        Returns
        -------
        list of str
            Words and marks, characters, or subwords in the alphabet of bytes.
        """
        text = self.read(value)
        if self.unit == "bpe":
            self._fitted("vocabulary_")
            return self._bpe.encode(text).tokens
        return words.split(text) if self.unit == "word" else list(text)

    def spell(self, symbols: Sequence[str]) -> str:
        """Return the text of symbols, known or not; the inverse of ``symbols``.

        Parameters
        ----------
        symbols : sequence of str
            As ``symbols`` gives them.

        Returns
        -------
        str
            The text.
        """
        if self.unit == "bpe":
            return bpe.spell(symbols)
        return words.join(list(symbols)) if self.unit == "word" else "".join(symbols)

    def tokens(self, value: Any) -> list[str]:
        """Return the symbols of a text for people, one for each step that the network reads.

        Parameters
        ----------
        value : str or bytes
            Any text.

        Returns
        -------
        list of str
            One string for each index of ``encode``; unknown symbols as in the text (words, characters).
        """
        text = self.read(value)
        if self.unit == "bpe":
            self._fitted("vocabulary_")
            encoding = self._bpe.encode(text)
            return [text[start:end] for start, end in encoding.offsets]
        return words.split(text) if self.unit == "word" else list(text)

    step_labels = tokens

    def read(self, value: Any) -> str:
        """Return a value as text: bytes decoded, normalised, in lower case if so set.

        Parameters
        ----------
        value : str or bytes
            Any text.

        Returns
        -------
        str
            Text to split.
        """
        if isinstance(value, bytes | bytearray):
            value = bytes(value).decode("utf-8", "replace")
        if not isinstance(value, str):
            raise DataTypeError(
                f"expected text; got {type(value).__name__} {str(value)[:60]!r}. Convert it with str(), or use another codec."
            )
        if value.isascii():
            return value.lower() if self.lowercase else value
        try:
            value.encode()
        except UnicodeEncodeError:  # lone surrogates, as os.fsdecode gives them
            value = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        text = self._normal(value)
        return self._normal(text.lower()) if self.lowercase else text

    def _normal(self, text: str) -> str:
        return unicodedata.normalize(self.normalize, text) if self.normalize else text  # type: ignore[arg-type]

    def incremental_encoder(self) -> StatelessEncoder | None:
        """Return an incremental encoder of words or characters; None for subwords, which depend on the whole text.

        Returns
        -------
        StatelessEncoder or None
            With ``feed(piece)`` and ``close()``.
        """
        return None if self.level == "bpe" else StatelessEncoder(self.encode, "")

    def _check(self) -> None:
        one_of(self.level, ("auto", *_SIZES), "level", SettingError)
        one_of(self.lowercase, (True, False), "lowercase", SettingError)
        one_of(self.normalize, ("NFC", "NFKC", None), "normalize", SettingError)
        one_of(self.spelling, ("auto", True, False), "spelling", SettingError)
        if self.spelling is True and self.unit != "word":
            raise SettingError(f"spelling=True is for words; got level={self.level!r}. Leave spelling at 'auto'.")
        whole(self.min_count, "min_count", 1, MOST, SettingError)
        if self.max_vocabulary is not None:
            whole(self.max_vocabulary, "max_vocabulary", 256 if self.unit == "bpe" else 1, MOST, SettingError)

    def _fit(self, values: Sequence[Any]) -> None:
        most = self.max_vocabulary or _SIZES[self.unit]
        if self.unit == "bpe":
            texts = each(self.read, values)
            pieces, self.merges_ = bpe.learn(texts, size=most, least=max(2, self.min_count))
            self.vocabulary_ = Vocabulary(pieces)
            self._bpe = bpe.build(pieces, self.merges_)
            return
        counts: Counter[str] = Counter()
        parts = words.split if self.unit == "word" else lambda text: text
        # many texts a call: Counter counts in C, and never holds more than a slice of the symbols
        for start in range(0, len(values), 4096):
            counts.update(chain.from_iterable(map(parts, _slice(self.read, values, start))))
        del counts[UNKNOWN]
        if self.spelling is True:
            self._speller = Speller.learn(counts, most=most, least=self.min_count)
            self.vocabulary_, self.pieces_ = self._speller.words, self._speller.pieces
            return
        self.vocabulary_ = Vocabulary.from_counts(counts, most=most, least=self.min_count)

    def _encode_many(self, values: Sequence[Any]) -> list[Any] | None:
        self._fitted("vocabulary_")
        if self.unit != "bpe":
            return None
        texts = each(self.read, values)
        return [np.array(encoding.ids, dtype=np.int64) for encoding in self._bpe.encode_batch_fast(texts)]

    def _state(self) -> dict[str, Any]:
        symbols = self._fitted("vocabulary_").state("Text")
        spelled = {"pieces": self.pieces_.state("Text")} if self.spelling is True else {}
        return {"symbols": symbols, "merges": [list(pair) for pair in self.merges_] if self.unit == "bpe" else [], **spelled}

    def _restore(self, state: dict[str, Any]) -> None:
        lists = ("symbols", "pieces") if self.spelling is True else ("symbols",)
        fields = strict(state, (*lists, "merges"), "Text state")
        for name in lists:
            if not isinstance(fields[name], list) or not all(isinstance(symbol, str) for symbol in fields[name]):
                raise DataError(f"Text state: {name} must be a list of text.")
        vocabulary = Vocabulary.from_state(fields["symbols"], "Text state")
        merges = bpe.checked(fields["merges"])
        if self.unit == "bpe":
            self._bpe = bpe.build(vocabulary.symbols, merges)
            self.merges_ = merges
        elif merges:
            raise DataError(f"Text state: level {self.unit!r} has no merges.")
        self.vocabulary_ = vocabulary
        if self.spelling is True:
            self.pieces_ = Vocabulary.from_state(fields["pieces"], "Text state")
            self._speller = Speller(vocabulary, self.pieces_)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the compiled tokeniser and the speller's cache; copies and worker processes rebuild them."""
        return {name: value for name, value in self.__dict__.items() if name not in ("_bpe", "_speller")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Rebuild the tokeniser from pieces and merges."""
        self.__dict__.update(state)
        if "merges_" in state and self.unit == "bpe":
            self._bpe = bpe.build(state["vocabulary_"].symbols, state["merges_"])
        if "pieces_" in state:
            self._speller = Speller(state["vocabulary_"], state["pieces_"])


def first_column(array: Any, owner: str) -> np.ndarray:
    """Return the indices of spelled words without their pieces."""
    spelled = np.asarray(array)
    if spelled.ndim != 2 or not spelled.shape[1]:
        raise DataError(f"{owner}: expected words and their pieces (T, 1 + K) to decode; got {spelled.dtype} of shape {spelled.shape}.")
    return spelled[:, 0]


def _slice(read: Any, values: Sequence[Any], start: int) -> Iterator[str]:
    for row in range(start, min(start + 4096, len(values))):
        try:
            yield read(values[row])
        except DataError as error:
            raise error.at(row) from error
