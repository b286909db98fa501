"""Codec: from values to arrays and back, learned from values, stored as plain JSON."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np

from elman.codecs.capabilities import Modality
from elman.codecs.checks import one_of, strict
from elman.codecs.space import Space
from elman.errors import DataError, DataTypeError, NotFittedError, SettingError
from elman.settings import Settings

Rank = Literal["one", "many"]
Role = Literal["source", "target"]
Encoded = np.ndarray | dict[str, Any]


class Codec(Settings):
    """One kind of value: its rank ("one" or "many"), the space of an element, and how to encode and decode it.

    A codec knows nothing of networks: the end of a sequence, blanks and attention are the decoder's business.
    Constructors only store; ``fit`` learns, and learned attributes end in ``_``. A new codec writes ``space``, ``encode``,
    ``decode``, ``_fit``, ``_state`` and ``_restore``; :func:`elman.testing.check_codec.check_codec` tests it.
    """

    id: ClassVar[str]
    """Versioned name in model files, as ``category.v1``."""

    modality: ClassVar[Modality] = "other"
    """How inspection draws a value of this codec."""

    estimator_type: ClassVar[Literal["classifier", "regressor"] | None] = None
    """scikit-learn's type of an estimator whose target this is."""

    is_multilabel: ClassVar[bool] = False
    """Whether a target is a set of labels."""

    reads_paths: ClassVar[bool] = False
    """Whether a path among the values is a file of this codec's own format, such as a picture or a piece of music."""

    preserves_steps: ClassVar[bool] = False
    """Whether augmentation leaves every step in its place, so that answers to single steps stay true."""

    is_symbolic: bool = True
    """Whether elements of a sequence are symbols; False for elements without classes: points of a pen, notes that sound at once."""

    rank: Rank
    role_: Role = "source"

    @property
    @abstractmethod
    def space(self) -> Space:
        """Space of one element (known after ``fit``)."""

    @abstractmethod
    def encode(self, value: Any) -> Encoded:
        """Return the array of one value, of the shape of its space; raise DataError (no row) for a value that does not fit."""

    @abstractmethod
    def decode(self, array: Any) -> Any:
        """Return the value of one array of the shape ``encode`` gives."""

    @abstractmethod
    def _fit(self, values: Sequence[Any]) -> None:
        """Learn vocabulary, sizes or scales from values; ``self.role_`` is already set."""

    @abstractmethod
    def _state(self) -> dict[str, Any]:
        """Return the fitted state, as plain JSON; raise NotFittedError before ``fit``."""

    @abstractmethod
    def _restore(self, state: dict[str, Any]) -> None:
        """Learn from the result of ``_state``; everything else raises DataError."""

    def _check(self) -> None:
        """Raise SettingError for settings that cannot be used (called by ``fit`` and ``from_config``)."""

    def _encode_many(self, values: Sequence[Any]) -> list[Encoded] | None:  # noqa: ARG002  # for codecs that can
        """Encode all values in one piece, or return None to go row by row (which also finds the bad row)."""
        return None

    @property
    def augments(self) -> bool:
        """Whether these settings ask for augmentation in training (:class:`~elman.codecs.capabilities.Augments`)."""
        return bool(getattr(self, "augment", False))

    def config(self) -> dict[str, Any]:
        """Return everything learned and set, as plain JSON (without the id).

        Returns
        -------
        dict
            ``role``, ``settings`` (constructor arguments) and ``state`` (learned by ``fit``).
        """
        state = self._state()
        return {"role": self.role_, "settings": self._settings(), "state": state}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Rebuild a fitted codec.

        Parameters
        ----------
        config : dict
            Result of ``config``, possibly through JSON. Unknown or missing keys and wrong values raise DataError.

        Returns
        -------
        Codec
            Fitted, encoding bit for bit as the original.
        """
        outer = strict(config, ("role", "settings", "state"), cls.__name__)
        codec = cls._from_settings(outer["settings"])
        try:
            codec._check()
        except SettingError as error:
            raise DataError(f"{cls.__name__}: {error}") from error
        codec.role_ = one_of(outer["role"], ("source", "target"), f"{cls.__name__}: role")
        codec._restore(outer["state"])
        return codec

    def _settings(self) -> dict[str, Any]:
        return {name: list(v) if isinstance(v, tuple) else v for name, v in self.get_params(deep=False).items()}

    @classmethod
    def _from_settings(cls, settings: Any) -> Self:
        return cls(**strict(settings, cls._names(), f"{cls.__name__} settings"))

    def fit(self, values: Iterable[Any], *, role: Role = "source") -> Self:
        """Fit on values.

        Parameters
        ----------
        values : iterable
            One value a row; none is stored.
        role : {"source", "target"}
            A target refuses NaN and unseen categories, which a source tolerates.

        Returns
        -------
        Codec
            The codec itself, fitted.
        """
        self._check()
        listed = rows(values, type(self).__name__)
        if len(listed) == 0:
            raise DataError(f"{type(self).__name__} was given no values to fit. Give at least one row.")
        self.role_ = one_of(role, ("source", "target"), "role", SettingError)
        self._fit(listed)
        return self

    def encode_all(self, values: Iterable[Any]) -> list[Encoded]:
        """Encode many values; a bad one raises DataError naming its row.

        Parameters
        ----------
        values : iterable
            One value a row.

        Returns
        -------
        list
            One encoded value a row, the same as ``encode`` gives.
        """
        listed = rows(values, type(self).__name__)
        together = self._encode_many(listed) if len(listed) else None
        return each(self.encode, listed) if together is None else together

    def _fitted(self, attribute: str) -> Any:
        value = self.__dict__.get(attribute)
        if value is None:
            raise NotFittedError(f"This {type(self).__name__} codec is not fitted yet. Call fit(values) first.")
        return value


def rows(values: Any, owner: str) -> Sequence[Any]:
    """Return the values as a sequence; refuse objects that only look like a list of values."""
    if isinstance(values, str | bytes | Mapping):
        raise DataTypeError(f"{owner} expected a list of values, one a row; got one {type(values).__name__}. Put it in a list: [value].")
    if hasattr(values, "columns"):
        raise DataTypeError(f"{owner} expected one column of values; got a table. Pass table['name'], or its rows as dicts to Record.")
    if hasattr(values, "to_pylist"):  # an Arrow column: its own scalars equal nothing
        return values.to_pylist()
    if hasattr(values, "detach"):  # a tensor: its elements are hashed by identity
        values = values.detach().cpu().numpy()
    if (isinstance(values, np.ndarray) and values.ndim == 0) or not isinstance(values, Iterable):
        raise DataTypeError(f"{owner} expected a list of values, one a row; got {type(values).__name__}. Put it in a list: [value].")
    return values if isinstance(values, Sequence | np.ndarray) else list(values)  # type: ignore[return-value]  # an array will do


def each(function: Callable[[Any], Any], values: Iterable[Any]) -> list[Any]:
    """Apply a function to every value; a DataError is raised again with the row."""
    results, row = [], 0
    try:
        for value in values:
            results.append(function(value))
            row += 1
    except DataError as error:
        raise error.at(row) from error
    return results
