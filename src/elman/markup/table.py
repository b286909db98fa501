"""Tables: rows of values and lists of facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from elman.markup.element import Markup, element

_LONG = 40


def shown(value: Any, limit: int = 300) -> Any:
    """Return a value as people read it: few digits, few characters.

    Parameters
    ----------
    value : object
        Any.
    limit : int, default 300
        Characters at most.

    Returns
    -------
    object
        Text, or the markup that came.

    Examples
    --------
    >>> shown(0.123456), shown(12345), shown(None), shown("ab" * 9, 5)
    ('0.1235', '12,345', '–', 'ababa…')
    """
    if isinstance(value, Markup):
        return value
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) or type(value).__name__ in ("float32", "float64"):
        return f"{float(value):,.4g}" if abs(float(value)) < 1e7 else f"{float(value):.3g}"
    if isinstance(value, int):
        return f"{value:,}"
    text = str(value)
    return text if len(text) <= limit else text[:limit] + "…"


def table(header: Sequence[Any], rows: Iterable[Sequence[Any]], caption: str | None = None) -> Markup:
    """Return a table; columns of numbers are aligned to the right."""
    body = [list(row) for row in rows]
    right = [bool(body) and all(_is_number(row[i]) for row in body) for i in range(len(header))]
    head = element("tr", *(element("th", name, class_="number" if r else None, scope="col") for name, r in zip(header, right, strict=True)))
    lines = [element("tr", *(_cell(value, r) for value, r in zip(row, right, strict=True))) for row in body]
    heading = None if caption is None else element("caption", caption)
    return element("table", heading, element("thead", head), element("tbody", *lines))


def facts(pairs: Iterable[tuple[Any, Any]], caption: str | None = None) -> Markup:
    """Return names with their values, one pair a line."""
    heading = None if caption is None else element("caption", caption)
    lines = [element("tr", element("th", name, scope="row"), _cell(value, False)) for name, value in pairs]
    return element("table", heading, element("tbody", *lines))


def _cell(value: Any, right: bool) -> Markup:
    text = shown(value)
    return element("td", text, class_="number" if right else "long" if len(str(text)) > _LONG else "short")


def _is_number(value: Any) -> bool:
    return (
        value is None or (isinstance(value, int | float) and not isinstance(value, bool)) or type(value).__name__ in ("float32", "float64")
    )
