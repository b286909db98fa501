"""Capabilities: small protocols by which the rest of elman learns of a codec more than ``encode`` and ``decode``.

A codec has a capability by having its methods; nothing outside this room asks for a codec's class. Each protocol is checked with
``isinstance``, so a codec of somebody else gets file reading, streaming, augmentation and inspection by writing the methods alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np

from elman.codecs.incremental import IncrementalDecoder, IncrementalEncoder

if TYPE_CHECKING:
    from elman.codecs.codec import Codec
    from elman.codecs.space import Discrete
    from elman.codecs.tokens.vocabulary import Vocabulary

Modality = Literal["text", "symbols", "series", "audio", "strokes", "image", "video", "music", "other"]
"""How inspection draws a value, and the tag of a model card; the class datum ``modality`` of a codec."""


@runtime_checkable
class ReadsFiles(Protocol):
    """Codec whose values may be paths; the rows of its files are decoded when a batch needs them."""

    def shape_from_header(self, value: Any) -> tuple[int, ...] | None:
        """Return the shape that ``encode`` will give of a file, from its header alone; None where only decoding gives it.

        A file that is missing, of another format or beyond the limits raises DataError.
        """
        ...


@runtime_checkable
class Incremental(Protocol):
    """Codec that encodes a value piece by piece."""

    def incremental_encoder(self) -> IncrementalEncoder | None:
        """Return an encoder whose steps are those of ``encode`` over all pieces; None where these settings need the whole value."""
        ...


@runtime_checkable
class Augments(Protocol):
    """Codec that gives training another example of an encoded value: louder, slower, slanted."""

    preserves_steps: bool
    """Whether every step keeps its place, so that answers to single steps stay true."""

    @property
    def augments(self) -> bool:
        """Whether these settings ask for augmentation."""
        ...

    def augment_encoded(self, encoded: Any, random: np.random.Generator) -> Any:
        """Return a changed copy of an encoded value; equal draws give equal values."""
        ...


@runtime_checkable
class DecodesIncrementally(Protocol):
    """Codec whose elements may take several symbols each (voices and events of music)."""

    def incremental_decoder(self) -> IncrementalDecoder | None:
        """Return a decoder of elements from symbols; None where these settings give an element to each symbol."""
        ...

    @property
    def grammar(self) -> Callable[[tuple[int, ...]], Collection[int]] | None:
        """From the symbols after the last whole element to the indices that may follow (``space.n`` is the end); None allows all."""
        ...


@runtime_checkable
class AugmentsPair(Protocol):
    """Target codec whose values refer to places in their source (boxes in a picture), so that both are augmented together."""

    @property
    def augments(self) -> bool:
        """Whether these settings ask for augmentation."""
        ...

    def augment_pair(self, source: Any, encoded: Any, random: np.random.Generator) -> tuple[Any, Any]:
        """Return changed copies of an encoded source and of this encoded target."""
        ...


@runtime_checkable
class Spells(Protocol):
    """Codec of symbols from a vocabulary, whose values can be taken apart into symbols and put together again, known or not."""

    if TYPE_CHECKING:  # learned by ``fit``: a codec that is not fitted yet spells all the same

        @property
        def unit(self) -> str:
            """Kind of the symbols: "word", "char", "bpe" or "symbol"."""
            ...

        @property
        def unknown_symbol(self) -> Any:
            """Symbol that represents index 0 in an answer."""
            ...

        @property
        def space(self) -> Discrete:
            """Space of one symbol."""
            ...

        @property
        def vocabulary_(self) -> Vocabulary:
            """Symbols by index; index 0 is the unknown one."""
            ...

    def symbols(self, value: Any) -> list[Any]:
        """Return the symbols of a value, one for each encoded step."""
        ...

    def spell(self, symbols: Sequence[Any]) -> Any:
        """Return the value that symbols spell."""
        ...


@runtime_checkable
class HasTextLevel(Protocol):
    """Codec of text that is split at a level, "auto", "word", "char" or "bpe", into a vocabulary of bounded size."""

    level: str
    max_vocabulary: int | None

    def read(self, value: Any) -> str:
        """Return the text of a value."""
        ...


@runtime_checkable
class HasSubwords(Protocol):
    """Codec that can hand over each word with the pieces of its spelling."""

    def with_subwords(self) -> Codec:
        """Return the codec itself with settings left at "auto" set to hand over subwords; called before ``fit``."""
        ...


@runtime_checkable
class EncodesColumns(Protocol):
    """Codec of several columns, each encoded by a codec of its own."""

    def by_column(self, values: Sequence[Any], encode: Callable[[Codec, list[Any]], list[Any]]) -> list[Any]:
        """Return the values encoded column by column."""
        ...


@runtime_checkable
class LabelsSteps(Protocol):
    """Codec that names each encoded step of a value for people: a word, a symbol, a note."""

    def step_labels(self, value: Any) -> list[Any]:
        """Return one label for each encoded step; empty where these settings have none."""
        ...


@runtime_checkable
class NamesIndices(Protocol):
    """Codec of symbols without a vocabulary that it could show, which names each index itself."""

    def symbol(self, index: int) -> str:
        """Return the name of an index."""
        ...


@runtime_checkable
class Locates(Protocol):
    """Target codec of places in a source of some size: boxes in the pixels of a picture."""

    @property
    def needs_source_size(self) -> bool:
        """Whether values are in units of the source, so that its size is needed to encode and decode them."""
        ...

    def place(self, value: Any, size: tuple[int, int]) -> Any:
        """Return the value beside the size (height, width) of its source, as ``encode`` takes it."""
        ...

    def decode_in(self, array: Any, size: tuple[int, int]) -> Any:
        """Return the value of an answer in a source of some size (height, width)."""
        ...


@runtime_checkable
class Sized(Protocol):
    """Source codec that knows the size of a value in which targets may lie."""

    def size_of(self, value: Any) -> tuple[int, int]:
        """Return height and width."""
        ...


@runtime_checkable
class Timed(Protocol):
    """Codec whose steps last some time."""

    @property
    def frame_seconds(self) -> float:
        """Seconds from one step to the next."""
        ...


def augmentation_of(codec: Any) -> Callable[[Any, np.random.Generator], Any] | None:
    """Return the augmentation that a codec's settings ask for, None without one."""
    return codec.augment_encoded if isinstance(codec, Augments) and codec.augments else None


def decodes_incrementally(codec: Any) -> bool:
    """Whether the elements of a fitted codec take several symbols each."""
    return isinstance(codec, DecodesIncrementally) and codec.incremental_decoder() is not None


def with_subwords(codec: Codec) -> Codec:
    """Return a codec that is not fitted yet, set to hand over subwords if it can."""
    return codec.with_subwords() if isinstance(codec, HasSubwords) else codec


def spells(codec: Any) -> bool:
    """Whether a codec takes values apart into symbols and puts symbols together."""
    return isinstance(codec, Spells)


def has_text_level(codec: Any) -> bool:
    """Whether a codec splits text at a level."""
    return isinstance(codec, HasTextLevel)
