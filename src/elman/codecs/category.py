"""Category: one of a fixed set of things, such as a label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from elman.codecs.checks import strict
from elman.codecs.codec import Codec, each
from elman.codecs.space import Discrete
from elman.codecs.tokens.vocabulary import Vocabulary, hashable, is_no_symbol
from elman.errors import DataError, did_you_mean


class Category(Codec):
    """One of the things seen in ``fit``: any hashables, and the same objects come back.

    As a target, a category never seen is refused; as a source it is index 0, "unknown" (so is NaN). Equal objects are one
    category, as in a dict: 1, 1.0 and True are the same.

    Attributes
    ----------
    classes_ : list
        The categories, sorted where they can be, else in the order seen.

    Examples
    --------
    >>> codec = Category().fit(["good", "bad", "good"], role="target")
    >>> codec.classes_, int(codec.encode("good")), codec.decode(0)
    (['bad', 'good'], 1, 'bad')
    """

    id = "category.v1"
    estimator_type = "classifier"
    rank = "one"

    @property
    def classes_(self) -> list[Any]:
        """The categories in the order of their indices."""
        return list(self._fitted("vocabulary_").symbols)

    @property
    def space(self) -> Discrete:
        """As many indices as categories; as a source one more, 0 for unknown."""
        return Discrete(len(self._fitted("vocabulary_")))

    def encode(self, value: Any) -> np.ndarray:
        """Return the index as an int64 scalar.

        Parameters
        ----------
        value : hashable
            A category.

        Returns
        -------
        ndarray
            Shape ().
        """
        vocabulary = self._fitted("vocabulary_")
        symbol = hashable(value, "a category")
        if not vocabulary.unknown and symbol not in vocabulary.table:
            raise _unseen(symbol, vocabulary)
        return np.array(vocabulary.index(symbol), dtype=np.int64)

    def decode(self, array: Any) -> Any:
        """Return the category of an index; None for a source's unknown.

        Parameters
        ----------
        array : int or ndarray of shape ()
            The index.

        Returns
        -------
        object
            As it was given to ``fit``.
        """
        index = np.asarray(array)
        if index.size != 1 or index.dtype.kind not in "iu":
            raise DataError(f"Category: expected one whole number to decode; got {index.dtype} of shape {index.shape}.")
        return self._fitted("vocabulary_").symbol(int(index.reshape(())))

    def _fit(self, values: Sequence[Any]) -> None:
        target = self.role_ == "target"

        def learn(value: Any) -> Any:
            """Return the category, or refuse it."""
            symbol = hashable(value, "a category")
            if target and is_no_symbol(symbol):
                raise DataError("expected a category in a target; got NaN. Drop the row or give it a name.")
            if target and symbol is None:
                raise DataError("expected a category in a target; got None (missing). Drop the row or give it a name.")
            return symbol

        categories = dict.fromkeys(s for s in each(learn, values) if not is_no_symbol(s))
        self.vocabulary_ = Vocabulary(in_order(categories), unknown=not target)

    def _state(self) -> dict[str, Any]:
        return {"classes": self._fitted("vocabulary_").state("Category")}

    def _restore(self, state: dict[str, Any]) -> None:
        classes = strict(state, ("classes",), "Category state")["classes"]
        vocabulary = Vocabulary.from_state(classes, "Category state", unknown=self.role_ == "source")
        if not len(vocabulary):
            raise DataError("Category state: expected at least one category.")
        self.vocabulary_ = vocabulary


def in_order(symbols: Any) -> list[Any]:
    """Return the symbols sorted where they can be compared, else as they come."""
    try:
        return sorted(symbols)
    except TypeError:
        return list(symbols)


def _unseen(symbol: Any, vocabulary: Vocabulary) -> DataError:
    if is_no_symbol(symbol):
        return DataError("expected a category in a target; got NaN. Drop the row or give it a name.")
    shown = ", ".join(repr(s) for s in vocabulary.symbols[:10]) + (", …" if len(vocabulary.symbols) > 10 else "")
    names = [s for s in vocabulary.symbols if isinstance(s, str)] if isinstance(symbol, str) else []
    return DataError(
        f"category {symbol!r} was never seen in fit; expected one of {shown}.{did_you_mean(symbol, names)} "
        "Add it to the training data or drop the row."
    )
