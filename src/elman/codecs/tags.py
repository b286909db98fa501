"""Tags: several labels at once, or none, such as genres."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from elman.codecs.category import in_order
from elman.codecs.checks import real, strict
from elman.codecs.codec import Codec, each
from elman.codecs.space import Binary
from elman.codecs.tokens.vocabulary import Vocabulary, hashable, is_no_symbol
from elman.errors import DataError, DataTypeError, SettingError, did_you_mean


class Tags(Codec):
    """Several labels a row (any hashables, in any order, possibly none).

    As a target, a tag never seen is refused; as a source it is left out.

    Parameters
    ----------
    separator : str, optional
        Also take text, split at this mark: ``"action|drama"`` with ``"|"``.
    threshold : float, default 0.5
        ``decode`` gives the tags whose number is above this (probabilities, or zeros and ones).

    Attributes
    ----------
    classes_ : list
        The tags, sorted where they can be, else in the order seen.

    Examples
    --------
    >>> codec = Tags().fit([["drama"], ["action", "drama"], []])
    >>> codec.encode({"action"}).tolist(), codec.decode([0.2, 0.9])
    ([1.0, 0.0], ['drama'])
    """

    id = "tags.v1"
    is_multilabel = True
    rank = "one"

    def __init__(self, *, separator: str | None = None, threshold: float = 0.5) -> None:
        self.separator = separator
        self.threshold = threshold

    @property
    def classes_(self) -> list[Any]:
        """The tags in the order of their channels."""
        return list(self._fitted("vocabulary_").symbols)

    @property
    def space(self) -> Binary:
        """One yes or no for each tag."""
        return Binary(len(self._fitted("vocabulary_")))

    def encode(self, value: Any) -> np.ndarray:
        """Return float32 (n,) of zeros and ones.

        Parameters
        ----------
        value : iterable of hashable
            The tags of one row.

        Returns
        -------
        ndarray
            1 where the tag is there.
        """
        table = self._fitted("vocabulary_").table
        encoded = np.zeros(len(table), dtype=np.float32)
        for tag in self._read(value):
            if tag in table:
                encoded[table[tag]] = 1
            elif self.role_ == "target":
                names = [t for t in table if isinstance(t, str)]
                raise DataError(
                    f"tag {tag!r} was never seen in fit.{did_you_mean(str(tag), names)} Add it to the training data or drop it."
                )
        return encoded

    def decode(self, array: Any) -> list[Any]:
        """Return the tags above the threshold.

        Parameters
        ----------
        array : ndarray
            (n,) probabilities, or zeros and ones.

        Returns
        -------
        list
            Tags in the order of ``classes_``.
        """
        classes = self._fitted("vocabulary_").symbols
        yes = np.asarray(array)
        if yes.shape != (len(classes),):
            raise DataError(f"Tags: expected an array ({len(classes)},) to decode; got shape {yes.shape}.")
        return [tag for tag, p in zip(classes, yes.tolist(), strict=True) if p > self.threshold]

    def _read(self, value: Any) -> list[Any]:
        if isinstance(value, str) and self.separator:
            return [tag.strip() for tag in value.split(self.separator) if tag.strip()]
        if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
            raise DataTypeError(
                f"expected a list of tags; got {type(value).__name__} {value!r}. Give ['a', 'b'], or set separator for text."
            )
        tags = [hashable(tag, "a tag") for tag in value]
        if any(is_no_symbol(tag) for tag in tags):
            raise DataError("expected tags; got NaN among them. Drop it.")
        return tags

    def _check(self) -> None:
        if self.separator is not None and (not isinstance(self.separator, str) or not self.separator):
            raise SettingError(f"separator must be None or text such as '|'; got {self.separator!r}.")
        real(self.threshold, "threshold", 0.0, 1.0, SettingError)

    def _fit(self, values: Sequence[Any]) -> None:
        distinct = dict.fromkeys(tag for tags in each(self._read, values) for tag in tags)
        if not distinct:
            raise DataError("expected at least one tag in all rows; got none. Check that the column holds lists of tags.")
        self.vocabulary_ = Vocabulary(in_order(distinct), unknown=False)

    def _state(self) -> dict[str, Any]:
        return {"classes": self._fitted("vocabulary_").state("Tags")}

    def _restore(self, state: dict[str, Any]) -> None:
        classes = strict(state, ("classes",), "Tags state")["classes"]
        vocabulary = Vocabulary.from_state(classes, "Tags state", unknown=False)
        if not len(vocabulary):
            raise DataError("Tags state: expected at least one tag.")
        self.vocabulary_ = vocabulary
