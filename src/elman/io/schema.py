"""Schemas of plain JSON: the values a part of a file may hold, written as data and checked before anything uses them.

A schema is a :class:`Kind`; a dict of schemas for exactly these keys; a list of one schema for a list; a tuple of schemas for a list of
exactly these; :class:`Mapping` for free keys; :class:`Maybe` for a value that may be null.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from elman.errors import DataError, did_you_mean

MOST = 10_000_000
"""Largest number that a file may give for something that is counted."""


@dataclass(frozen=True)
class Kind:
    """Values of one kind."""

    name: str
    accepts: Callable[[Any], bool]


@dataclass(frozen=True)
class Mapping:
    """Values of one schema by any name, and names that must be there with schemas of their own."""

    schema: Any
    needs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Maybe:
    """Values of a schema, or null."""

    schema: Any


text = Kind("text", lambda value: isinstance(value, str))
flag = Kind("true or false", lambda value: isinstance(value, bool))
anything = Kind("a value", lambda value: True)  # noqa: ARG005
number = Kind("a number, true or false", lambda value: isinstance(value, int | float))
scalar = Kind("text, a number, true, false or null", lambda value: value is None or isinstance(value, str | int | float))


def whole(low: int = 0, high: int = MOST) -> Kind:
    """Return the kind of whole numbers in low..high."""
    return Kind(f"a whole number in {low}..{high}", lambda value: type(value) is int and low <= value <= high)


def real(low: float = -math.inf, high: float = math.inf) -> Kind:
    """Return the kind of finite numbers in low..high."""
    return Kind(
        f"a finite number in {low}..{high}",
        lambda value: type(value) in (int, float) and low <= value <= high and abs(value) <= 1e308,
    )


def one_of(*choices: Any) -> Kind:
    """Return the kind of values that are one of some choices."""
    return Kind(f"one of {list(choices)}", lambda value: any(type(value) is type(choice) and value == choice for choice in choices))


def check(value: Any, schema: Any, where: str) -> Any:
    """Return a value that matches its schema.

    Parameters
    ----------
    value : Any
        From JSON.
    schema : Kind, dict, list, tuple, Mapping or Maybe
        Its schema.
    where : str
        Place of the value in the file, for the error.

    Returns
    -------
    Any
        The value.

    Examples
    --------
    >>> check({"lags": [1, 7]}, {"lags": [whole(1)]}, "spec")
    {'lags': [1, 7]}
    >>> check({"lags": [1, "x"]}, {"lags": [whole(1, 99)]}, "spec")
    Traceback (most recent call last):
    elman.errors.DataError: spec.lags[1] must be a whole number in 1..99; got 'x'.
    """
    if isinstance(schema, Kind):
        _must(schema.accepts(value), value, schema.name, where)
    elif isinstance(schema, Maybe):
        if value is not None:
            check(value, schema.schema, where)
    elif isinstance(schema, list):
        _must(isinstance(value, list), value, "a list", where)
        accepts = _test(schema[0])
        for i, item in enumerate(value):
            if not accepts(item):  # lists may be long: places are spelled out for wrong items only
                check(item, schema[0], f"{where}[{i}]")
    elif isinstance(schema, tuple):
        _must(isinstance(value, list) and len(value) == len(schema), value, f"a list of {len(schema)}", where)
        for i, (item, part) in enumerate(zip(value, schema, strict=True)):
            check(item, part, f"{where}[{i}]")
    else:
        _check_names(value, schema, where)
    return value


def _test(schema: Any) -> Callable[[Any], bool]:
    """Return a quick test of one value; False where it has to be looked at part by part."""
    if isinstance(schema, Kind):
        return schema.accepts
    if isinstance(schema, Maybe):
        inner = _test(schema.schema)
        return lambda value: value is None or inner(value)
    return lambda value: False  # noqa: ARG005


def _check_names(value: Any, schema: Any, where: str) -> None:
    _must(isinstance(value, dict), value, "names and values", where)
    if isinstance(schema, Mapping):
        schema = dict.fromkeys(value, schema.schema) | schema.needs
    odd = sorted(set(value) ^ set(schema))
    if odd:
        which = f"unknown key {odd[0]!r}" if odd[0] in value else f"no key {odd[0]!r}"
        raise DataError(f"{where} has {which}; expected {sorted(schema)}.{did_you_mean(odd[0], schema) if odd[0] in value else ''}")
    for name, part in schema.items():
        check(value[name], part, f"{where}.{name}")


def _must(right: bool, value: Any, expected: str, where: str) -> None:
    if not right:
        raise DataError(f"{where} must be {expected}; got {value!r:.80}.")
