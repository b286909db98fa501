"""Inference of the codec of a column of values, with the reason."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np

from elman.codecs.boxes import Boxes
from elman.codecs.category import Category
from elman.codecs.codec import Codec, rows
from elman.codecs.image import Image
from elman.codecs.media import images as pictures
from elman.codecs.number import Number
from elman.codecs.record import Record
from elman.codecs.series import Series
from elman.codecs.symbols import Symbols
from elman.codecs.tags import Tags
from elman.codecs.text import Text
from elman.codecs.tokens.vocabulary import plain
from elman.codecs.vector import Vector
from elman.errors import DataError
from elman.io.missing import is_missing

_MOST_CLASSES = 50
_MANY_CLASSES = 1000
_SENTENCE = 3
"""Mean number of words from which texts are sentences, not labels, however often they repeat."""
_SAMPLE = 10_000
_MAGIC = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\x00", b"MM\x00*", b"RIFF")


def infer(values: Iterable[Any]) -> tuple[Codec, str]:
    """Return a codec for a column of values (not fitted) and the reason.

    Parameters
    ----------
    values : iterable
        One value a row; None and NaN are skipped; at most 10,000 rows are examined.

    Returns
    -------
    tuple
        The codec, and a sentence without its full stop.

    Examples
    --------
    >>> infer(["good", "bad", "bad", "good"])
    (Category(), '2 distinct texts in 4 rows')
    >>> infer([1.5, 2.25, 3.5])
    (Number(), 'numbers with fractions')
    """
    listed = rows(values, "infer")
    if isinstance(listed, np.ndarray) and listed.ndim == 2 and listed.dtype.kind in "iuf":
        return Vector(), f"a table of {listed.shape[1]} numbers a row"
    present = [plain(v) for v in listed[:_SAMPLE] if not is_missing(v)]
    if not present:
        raise DataError("expected at least one value that is not missing, to infer a codec from; got none.")
    for guess in (_text, _number, _mapping, _picture, _sequence):
        result = guess(present)
        if result is not None:
            return result
    if all(isinstance(v, Hashable) for v in present):
        return Category(), f"values of {_kinds(present)}, taken as they are"
    raise DataError(f"no codec fits values of {_kinds(present)}. Name one, as in --source text:column.")


def _text(values: list[Any]) -> tuple[Codec, str] | None:
    if all(isinstance(v, bytes | bytearray) for v in values):
        if all(bytes(v).startswith(_MAGIC) for v in values):
            return Image(), "bytes that begin like picture files"
        return Text(), "bytes, read as UTF-8 text"
    if not all(isinstance(v, str | PurePath) for v in values):
        return None
    texts = [str(v) for v in values]
    if all(t.lower().endswith(pictures.ENDINGS) for t in texts):
        return Image(), f"names of picture files, as {texts[0]!r}"
    distinct, longest = len(set(texts)), max(map(len, texts))
    words = sum(len(t.split()) for t in texts) / len(texts)
    if distinct < len(texts) and longest <= 100 and words < _SENTENCE and _few(distinct, len(texts)):
        return Category(), f"{distinct} distinct texts in {len(texts)} rows"
    spaced = sum(any(c.isspace() for c in t) for t in texts)
    if 2 * spaced >= len(texts):
        return Text(), f"{distinct} distinct texts in {len(texts)} rows, most of several words"
    return Text("char"), f"{distinct} distinct texts in {len(texts)} rows, most of one word"


def _number(values: list[Any]) -> tuple[Codec, str] | None:
    if all(isinstance(v, bool) for v in values):
        return Category(), "true or false"
    if not all(isinstance(v, int | float) for v in values):
        return None
    if any(isinstance(v, float) and v != int(v) for v in values if abs(v) != float("inf")):
        return Number(), "numbers with fractions"
    distinct = len(set(values))
    if distinct < len(values) and distinct <= 20 and _few(distinct, len(values)):
        return Category(), f"{distinct} distinct whole numbers in {len(values)} rows"
    return Number(), f"{distinct} distinct whole numbers in {len(values)} rows"


def _mapping(values: list[Any]) -> tuple[Codec, str] | None:
    if not all(isinstance(v, Mapping) for v in values):
        return None
    columns = {name: infer([v.get(name) for v in values]) for name in values[0]}
    if not columns or not all(isinstance(name, str) for name in columns):
        raise DataError("expected mappings with named columns, to infer a Record from.")
    why = "; ".join(f"{name}: {type(codec).__name__}, {reason}" for name, (codec, reason) in columns.items())
    return Record(**{name: codec for name, (codec, _) in columns.items()}), why


def _picture(values: list[Any]) -> tuple[Codec, str] | None:
    if all(type(v).__module__.startswith("PIL.") for v in values):
        return Image(), "pictures"
    if not all(isinstance(v, np.ndarray) and v.dtype.kind in "biuf" for v in values):
        return None
    if all(v.ndim == 3 and v.shape[2] <= 4 for v in values):
        return Image(), "arrays (height, width, channels)"
    if all(v.ndim == 2 and v.dtype == np.uint8 for v in values):
        return Image(), "arrays of bytes (height, width)"
    return None


def _sequence(values: list[Any]) -> tuple[Codec, str] | None:
    if all(isinstance(v, set | frozenset) for v in values):
        return Tags(), "sets"
    if not all(isinstance(v, Sequence | np.ndarray) and not isinstance(v, str | bytes | bytearray) for v in values):
        return None
    firsts = [item for v in values for item in v[:20]]
    if firsts and all(isinstance(item, Mapping) and "box" in item for item in firsts):
        return Boxes(), "lists of boxes"
    if firsts and all(isinstance(plain(item), int | float | None) and not isinstance(item, bool) for item in firsts):
        return Series(), "sequences of numbers"
    if firsts and all(isinstance(item, Sequence | np.ndarray) and not isinstance(item, str | bytes) for item in firsts):
        return Series(), "sequences of rows of numbers"
    return Symbols(), "sequences of things that are not numbers"


def _few(distinct: int, count: int) -> bool:
    """Whether there are a handful of values that repeat, or some hundreds that repeat ten times on average."""
    return (distinct <= _MOST_CLASSES and distinct * 2 <= max(count, 4)) or (distinct <= _MANY_CLASSES and distinct * 10 <= count)


def _kinds(values: list[Any]) -> str:
    return ", ".join(sorted({type(v).__name__ for v in values}))
