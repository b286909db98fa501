"""Codec: what a value is. Fit on values, encode a value to an array, decode an array back, live in plain JSON."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np

from elman.codecs.space import Space
from elman.errors import DataError, NotFittedError
from elman.settings import Settings

Rank = Literal["one", "many"]
Role = Literal["source", "target"]
Encoded = np.ndarray | dict[str, np.ndarray]


class Codec(Settings):
    """One kind of value: its rank ("one" or "many"), the space of an element, and the way there and back.

    A codec knows nothing of networks: the end of a sequence, blanks and attention are the decoder's business.
    Constructors only store; ``fit`` learns, and learned attributes end in ``_``.
    """

    id: ClassVar[str]
    """Versioned name in model files, as ``category.v1``."""

    rank: Rank
    role_: Role = "source"

    @property
    @abstractmethod
    def space(self) -> Space:
        """Space of one element (known after ``fit``)."""

    @abstractmethod
    def _fit(self, values: Sequence[Any]) -> None:
        """Learn vocabulary, sizes or scales from values; ``self.role_`` is already set."""

    @abstractmethod
    def encode(self, value: Any) -> Encoded:
        """Return the array of one value, as its space says; raise DataError (no row) for a value that does not fit."""

    @abstractmethod
    def decode(self, array: Any) -> Any:
        """Return the value of one array of the shape ``encode`` gives."""

    @abstractmethod
    def config(self) -> dict[str, Any]:
        """Return everything learned and set, as plain JSON (without the id)."""

    @classmethod
    @abstractmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Rebuild a fitted codec; unknown or missing keys raise DataError."""

    def fit(self, values: Iterable[Any], *, role: Role = "source") -> Self:
        """Learn what the values look like.

        Parameters
        ----------
        values : iterable
            One value a row; nothing is kept.
        role : {"source", "target"}
            A target refuses what a source tolerates: NaN, categories never seen.

        Returns
        -------
        Codec
            The codec itself, fitted.
        """
        values = values if isinstance(values, Sequence | np.ndarray) else list(values)
        if len(values) == 0:
            raise DataError(f"{type(self).__name__} was given no values to fit. Give at least one row.")
        self.role_ = role
        self._fit(values)
        return self

    def encode_all(self, values: Iterable[Any]) -> list[Encoded]:
        """Encode many values; a bad one raises DataError naming its row."""
        encoded = []
        for row, value in enumerate(values):
            try:
                encoded.append(self.encode(value))
            except DataError as error:
                raise error.at(row) from error
        return encoded

    def _fitted(self, attribute: str) -> Any:
        value = self.__dict__.get(attribute)
        if value is None:
            raise NotFittedError(f"This {type(self).__name__} codec is not fitted yet. Call fit(values) first.")
        return value
