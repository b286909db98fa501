"""Strict JSON: one spelling for each value, no duplicate keys, no NaN, bounded depth."""

from __future__ import annotations

import json
import re
from typing import Any

MAX_DEPTH = 64
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")


def canonical(value: Any) -> str:
    r"""Return the one spelling of a JSON value: keys sorted, no spaces, ASCII only.

    Parameters
    ----------
    value : Any
        Dicts with text keys, lists, text, integers, finite floats, booleans and None.

    Returns
    -------
    str
        The text; ``parse`` accepts this spelling and no other.

    Examples
    --------
    >>> canonical({"b": 1.5, "a": [None, "é"]})
    '{"a":[null,"\\u00e9"],"b":1.5}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def parse(text: str) -> Any:
    """Read canonical JSON back; anything else raises ValueError with the reason.

    Parameters
    ----------
    text : str
        Result of ``canonical``.

    Returns
    -------
    Any
        The value.
    """
    check_depth(text)
    value = json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    if canonical(value) != text:
        raise ValueError("the JSON is not in canonical form")
    return value


def check_depth(text: str) -> None:
    """Raise ValueError for JSON nested deeper than ``MAX_DEPTH``, before a recursive parser sees it."""
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            raise ValueError(f"the JSON is nested deeper than {MAX_DEPTH}")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        raise ValueError("the JSON has a key twice")
    return entries


def _no_constant(name: str) -> Any:
    raise ValueError(f"the JSON has the number {name}")
