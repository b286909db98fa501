"""Record: several columns as one value."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from elman.codecs.capabilities import with_subwords
from elman.codecs.catalog import describe, rebuild
from elman.codecs.checks import strict
from elman.codecs.codec import Codec, Rank, each
from elman.codecs.space import Product
from elman.errors import DataError, DataTypeError, SettingError, did_you_mean


class Record(Codec):
    """Several columns as one value: a mapping with (at least) the names given here.

    Parameters
    ----------
    **codecs : Codec
        The codec of each column. ``fit`` fits copies.

    Attributes
    ----------
    codecs_ : dict
        The fitted copies.

    Examples
    --------
    >>> from elman.codecs import Number, Text
    >>> codec = Record(review=Text(), price=Number()).fit([{"review": "good", "price": 3}, {"review": "bad", "price": 5}])
    >>> codec.decode(codec.encode({"review": "bad", "price": 3}))
    {'review': 'bad', 'price': 3.0}
    """

    id = "record.v1"

    def __init__(self, **codecs: Codec) -> None:
        self.codecs = codecs

    def with_subwords(self) -> Self:
        """Return the record itself, its columns with subwords."""
        self.codecs = {name: with_subwords(codec) for name, codec in self.codecs.items()}
        return self

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the codecs by column, and with ``deep`` their own parameters as ``column__parameter``.

        Parameters
        ----------
        deep : bool, default True
            Also list the parameters of the codecs.

        Returns
        -------
        dict
            Names and values.
        """
        entries: dict[str, Any] = dict(self.codecs)
        if deep:
            for name, codec in self.codecs.items():
                entries.update({f"{name}__{inner}": value for inner, value in codec.get_params().items()})
        return entries

    def set_params(self, **params: Any) -> Self:
        """Set codecs by column, or their parameters by ``column__parameter``.

        Parameters
        ----------
        **params : Any
            New values.

        Returns
        -------
        Record
            The object itself.
        """
        for name, value in params.items():
            outer, _, inner = name.partition("__")
            if outer not in self.codecs:
                raise SettingError(f"Record has no column {outer!r}; it has {list(self.codecs)}.{did_you_mean(outer, self.codecs)}")
            if inner:
                self.codecs[outer].set_params(**{inner: value})
            else:
                self.codecs = {**self.codecs, outer: value}
        return self

    @property
    def rank(self) -> Rank:  # type: ignore[override]  # follows from the columns
        """Many if any column is a sequence."""
        return "many" if any(codec.rank == "many" for codec in self.codecs.values()) else "one"

    @property
    def space(self) -> Product:
        """The spaces of the columns, each with its own rank."""
        codecs = self._fitted("codecs_")
        return Product({name: c.space for name, c in codecs.items()}, {name: c.rank for name, c in codecs.items()})

    def encode(self, value: Any) -> dict[str, Any]:
        """Return one array a column.

        Parameters
        ----------
        value : mapping
            Column names and values; names without a codec are ignored.

        Returns
        -------
        dict
            Arrays by column.
        """
        return {name: _in_column(name, codec.encode, self._cell(value, name)) for name, codec in self._fitted("codecs_").items()}

    def decode(self, array: Any) -> dict[str, Any]:
        """Return the values of the columns.

        Parameters
        ----------
        array : dict
            Arrays by column.

        Returns
        -------
        dict
            Values by column.
        """
        codecs = self._fitted("codecs_")
        fields = strict(array, codecs, "Record")
        return {name: _in_column(name, codec.decode, fields[name]) for name, codec in codecs.items()}

    def _cell(self, value: Any, name: str) -> Any:
        if not isinstance(value, Mapping):
            raise DataTypeError(f"expected a mapping with the columns {list(self.codecs)}; got {type(value).__name__}. Give dicts.")
        if name not in value:
            raise DataError(f"column {name!r} is missing; got {list(value)}.{did_you_mean(name, map(str, value))}")
        return value[name]

    def _check(self) -> None:
        for name, codec in self.codecs.items():
            if not isinstance(codec, Codec):
                raise SettingError(f"Record: column {name!r} needs a codec such as Text(); got {codec!r}.")
            codec._check()

    def _fit(self, values: Sequence[Any]) -> None:
        if not self.codecs:
            raise SettingError("Record needs at least one column: Record(review=Text(), price=Number()).")
        fitted = {}
        for name, codec in self.codecs.items():
            column = each(lambda value, name=name: self._cell(value, name), values)
            fitted[name] = _in_column(name, copy.deepcopy(codec).fit, column, role=self.role_)
        self.codecs_ = fitted

    def _encode_many(self, values: Sequence[Any]) -> list[Any] | None:
        return self.by_column(values, lambda codec, column: codec.encode_all(column))

    def by_column(self, values: Sequence[Any], encode: Callable[[Codec, list[Any]], list[Any]]) -> list[dict[str, Any]]:
        """Encode values column by column, by a function of the caller's.

        Parameters
        ----------
        values : sequence of mapping
            One a row.
        encode : callable
            Takes the fitted codec of a column and its values; gives one encoded value a row.

        Returns
        -------
        list of dict
            As ``encode_all`` gives them.
        """
        codecs = self._fitted("codecs_")
        columns = []
        for name, codec in codecs.items():
            column = each(lambda value, name=name: self._cell(value, name), values)
            columns.append(_in_column(name, encode, codec, column))
        return [dict(zip(codecs, row, strict=True)) for row in zip(*columns, strict=True)]

    def _settings(self) -> dict[str, Any]:
        return {}  # the fitted copies carry the settings

    @classmethod
    def _from_settings(cls, settings: Any) -> Self:
        strict(settings, (), "Record settings")
        return cls()

    def _state(self) -> dict[str, Any]:
        # a list, not a mapping: columns keep their order, and JSON text sorts its keys
        return {"columns": [[name, describe(codec)] for name, codec in self._fitted("codecs_").items()]}

    def _restore(self, state: dict[str, Any]) -> None:
        columns = strict(state, ("columns",), "Record state")["columns"]
        pairs = isinstance(columns, list) and all(
            isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) for pair in columns
        )
        if not pairs or not columns or len({name for name, _ in columns}) < len(columns):
            raise DataError("Record state: columns must be pairs of a name and a codec, with at least one, every name once.")
        self.codecs_ = {name: rebuild(described) for name, described in columns}
        self.codecs = dict(self.codecs_)


def _in_column(name: str, function: Any, *arguments: Any, **options: Any) -> Any:
    try:
        return function(*arguments, **options)
    except DataError as error:
        raise type(error)(f"column {name!r}: {error.detail}", row=error.row) from error
