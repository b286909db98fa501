"""Example section: the best and the worst answers of a model, as people can read them."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman.inspection.report.predictions import Judged
from elman.markup import element, table

_COUNT = 8
_LONGEST = 400


def examples_of(seen: Judged) -> list[Any]:
    """Show the best and the worst rows."""
    if seen.shape == "series":
        return []
    finite = _different(seen, seen.order[np.isfinite(seen.faults[seen.order])])
    if not len(finite):
        return []
    if seen.faults[finite[0]] == seen.faults[finite[-1]]:
        return [element("h3", "Some of the rows, all answered alike well"), _table(seen, finite[:_COUNT])]
    count = min(_COUNT, -(-len(finite) // 2))
    good, bad = finite[:count], finite[::-1][: min(count, len(finite) - count)]
    parts = [element("h3", "Best"), _table(seen, good)]
    return [*parts, element("h3", "Worst"), _table(seen, bad)] if len(bad) else parts


def _different(seen: Judged, rows: np.ndarray) -> np.ndarray:
    """Rows from both ends of an order that do not show the same value as one before."""
    shown: set[str] = set()
    remaining = []
    for place in [i for pair in zip(range(len(rows)), reversed(range(len(rows))), strict=True) for i in pair]:
        text = str(readable(seen.xs[rows[place]]))
        if text not in shown:
            shown.add(text)
            remaining.append(place)
        if len(remaining) >= 2 * _COUNT:
            break
    return rows[sorted(remaining)]


def _table(seen: Judged, rows: np.ndarray) -> Any:
    if seen.shape == "texts":
        return table(["text", seen.fault_name], [(readable(seen.xs[i]), float(seen.faults[i])) for i in rows.tolist()])
    lines = [(readable(seen.xs[i]), readable(seen.ys[i]), readable(seen.said[i]), float(seen.faults[i])) for i in rows.tolist()]
    return table(["value", "true", "answered", seen.fault_name], lines)


def readable(value: Any) -> Any:
    """Return a value as one short text, a description where it is long or no text.

    Parameters
    ----------
    value : object
        A value of a source or target.

    Returns
    -------
    object
        Text, or the number that it was.

    Examples
    --------
    >>> readable(np.zeros((12, 3))), readable(["a", "b"]), readable(0.5)
    ('array (12, 3): 0 0 0 0 0 0 0 0 …', 'a b', 0.5)
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, int | float | bool) or value is None:
        return value
    if isinstance(value, dict):
        return "; ".join(f"{name}: {readable(part)}" for name, part in value.items())[:_LONGEST]
    if isinstance(value, np.ndarray) or (
        isinstance(value, list | tuple) and value and isinstance(value[0], list | tuple | np.ndarray | float)
    ):
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            return str(value)[:_LONGEST]
        few = " ".join(f"{number:.3g}" for number in array.ravel()[:8])
        return f"array {array.shape}: {few}" + (" …" if array.size > 8 else "")
    if isinstance(value, list | tuple):
        return " ".join(str(part) for part in value[:_LONGEST])[:_LONGEST]
    text = str(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
