"""Heat: matrices as coloured cells, confusions with their counts, and text with coloured ground."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from elman.markup.charts import svg
from elman.markup.element import Markup, element

_LEVELS = 8
_NAMED = 60
"""Names along an axis at most; of more, some are left out."""


def levels(values: np.ndarray, highest: float | None = None) -> np.ndarray:
    """Return each number as one of 17 shades, -8 … 8; 8 is the largest there is.

    Parameters
    ----------
    values : ndarray
        Any shape; other than finite values are 0.
    highest : float, optional
        Value of level 8.

    Returns
    -------
    ndarray
        Whole numbers of the same shape.

    Examples
    --------
    >>> levels(np.array([-1.0, 0.0, 0.26, 2.0]), 1.0).tolist()
    [-8, 0, 2, 8]
    """
    numbers = np.nan_to_num(np.asarray(values, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    highest = float(np.abs(numbers).max(initial=0.0)) if highest is None else highest
    if highest <= 0:
        return np.zeros(numbers.shape, dtype=np.int64)
    return np.clip(np.rint(numbers / highest * _LEVELS), -_LEVELS, _LEVELS).astype(np.int64)


def heat_map(
    values: np.ndarray, *, title: str, rows: Sequence[Any], columns: Sequence[Any], highest: float | None = None, cell: float = 13
) -> Markup:
    """Draw a matrix: orange above zero, blue below, the stronger the larger."""
    shades = levels(values, highest)
    left = 14 + 6.4 * max((len(_name(row)) for row in rows), default=0)
    top = 14 + 6.4 * max((len(_name(column)) for column in columns), default=0)
    parts = [
        element(
            "path", d=_cells(shades == shade, left, top, cell), class_="plus" if shade > 0 else "minus", fill_opacity=abs(shade) / _LEVELS
        )
        for shade in np.unique(shades).tolist()
        if shade
    ]
    width, height = left + cell * len(columns), top + cell * len(rows)
    parts.append(element("rect", x=left, y=top, width=cell * len(columns), height=cell * len(rows), fill="none", class_="grid"))
    names = [(top + cell * (i + 0.5) + 4, _name(rows[i])) for i in _some(len(rows))]
    parts += [element("text", name, x=left - 5, y=y, text_anchor="end") for y, name in names]
    upright = all(len(_name(column)) <= 1 for column in columns)
    for i in _some(len(columns)):
        x, y = left + cell * (i + 0.5), top - 5
        turned = {"text_anchor": "middle"} if upright else {"transform": f"rotate(-90 {x + 4:.5g} {y:.5g})"}
        parts.append(element("text", _name(columns[i]), x=x + 4 * (not upright), y=y, **turned))
    return svg(title, parts, width + 12, height + 8)


def confusion(counts: np.ndarray, *, names: Sequence[Any], title: str) -> Markup:
    """Draw how often each true class (a row) was answered as which (a column)."""
    counts = np.asarray(counts)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    cell, left = 38.0, 24 + 6.4 * max((len(_name(name)) for name in names), default=0)
    top, parts = left, []
    for row, column in np.ndindex(counts.shape):
        x, y = left + cell * column, top + cell * row
        kind = "plus" if row != column else "minus"  # mistakes differ in colour from right answers
        parts.append(
            element("rect", x=x, y=y, width=cell, height=cell, class_=kind, fill_opacity=round(0.75 * float(shares[row, column]), 3))
        )
        parts.append(element("text", f"{counts[row, column]:,}", x=x + cell / 2, y=y + cell / 2 + 4, text_anchor="middle"))
    for i, name in enumerate(names):
        parts.append(element("text", _name(name), x=left - 6, y=top + cell * (i + 0.5) + 4, text_anchor="end"))
        x, y = left + cell * (i + 0.5) + 4, top - 6
        parts.append(element("text", _name(name), x=x, y=y, transform=f"rotate(-90 {x:.5g} {y:.5g})"))
    size = cell * len(names)
    parts.append(element("text", "answered", x=left, y=12, class_="soft"))
    parts.append(element("text", "true", x=4, y=top - 6, class_="soft"))
    return svg(title, parts, left + size + 8, top + size + 8)


def heat_text(pieces: Iterable[tuple[Any, float]], highest: float | None = None, between: str = "") -> Markup:
    """Return pieces of text on coloured ground: orange above zero, blue below."""
    listed = list(pieces)
    shades = levels(np.array([number for _, number in listed], dtype=np.float64), highest)
    spans: list[Any] = []
    for (text, number), shade in zip(listed, shades.tolist(), strict=True):
        style = None if not shade else f"{'plus' if shade > 0 else 'minus'}{abs(shade)}"
        spans += [element("span", text, class_=style, title=f"{number:.4g}"), between]
    return element("p", *spans[:-1], class_="said")


def _cells(chosen: np.ndarray, left: float, top: float, cell: float) -> str:
    """One path over all chosen cells; neighbours in a row are one stroke."""
    strokes = []
    for row in np.flatnonzero(chosen.any(1)).tolist():
        edges = np.flatnonzero(np.diff(np.concatenate([[0], chosen[row].astype(np.int8), [0]])))
        for start, end in edges.reshape(-1, 2).tolist():
            strokes.append(
                f"M{left + cell * start:.5g} {top + cell * row:.5g}h{cell * (end - start):.5g}v{cell:.5g}h{-cell * (end - start):.5g}z"
            )
    return "".join(strokes)


def _some(count: int) -> range:
    return range(0, count, max(1, -(-count // _NAMED)))


def _name(value: Any, limit: int = 18) -> str:
    text = str(value).replace("\n", "⏎").replace("\t", "⇥")
    text = "␣" if text == " " else text
    return text if len(text) <= limit else text[: limit - 1] + "…"
