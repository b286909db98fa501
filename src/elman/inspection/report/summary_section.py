"""Summary sections: the data a report is about, and the leaderboard it was given."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np

from elman.errors import DataTypeError
from elman.inspection.report.predictions import Judged
from elman.markup import bar_chart, element, facts, shown, table

_CLASSES = 20
_BINS = 12


def data_of(seen: Judged) -> list[Any]:
    """Describe the values: how many, how long, which answers."""
    lengths = seen.lengths
    lines = [("rows", seen.total), ("judged", len(seen))]
    if len(lengths):
        lines += [
            ("steps in all", int(lengths.sum())),
            ("steps of a row", f"{lengths.min():,} to {lengths.max():,}, in the middle {np.median(lengths):,.0f}"),
        ]
    parts: list[Any] = [facts(lines)]
    if len(set(lengths.tolist())) > 1:
        parts.append(histogram(lengths, "Rows by length", "rows"))
    if seen.shape == "classes":
        counts = Counter(str(y) for y in seen.ys).most_common(_CLASSES)
        parts.append(
            bar_chart([name for name, _ in counts], [float(count) for _, count in counts], title="Rows by true class", value_label="rows")
        )
    if seen.shape == "numbers" and np.ndim(seen.ys[0]) == 0:
        parts.append(histogram(np.asarray(seen.ys, dtype=np.float64), "Rows by true number", "rows"))
    return parts


def histogram(values: np.ndarray, title: str, label: str) -> Any:
    """Draw how many numbers lie where."""
    finite = values[np.isfinite(values)]
    if len(np.unique(finite)) < 2:
        return element("p", f"{title}: all of {len(finite):,} {label} have {shown(finite[0].item())}.")
    counts, names = _bins(finite)
    return bar_chart(names, counts.astype(np.float64).tolist(), title=title, value_label=label)


def _bins(known: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Counts and names of about twelve bins; whole numbers get whole edges."""
    if known.dtype.kind in "iu":
        width = max(1, -(-(int(known.max()) - int(known.min()) + 1) // _BINS))
        edges = np.arange(int(known.min()), int(known.max()) + width + 1, width)
        names = [f"{a:,} – {b - 1:,}" if width > 1 else f"{a:,}" for a, b in pairwise(edges.tolist())]
        return np.histogram(known, bins=edges)[0], names
    counts, edges = np.histogram(known, bins=min(_BINS, max(1, len(np.unique(known)))))
    return counts, [f"{a:,.4g} – {b:,.4g}" for a, b in pairwise(edges)]


def leaderboard_of(board: Any) -> list[Any]:
    """Show a leaderboard: its rows and its verdict.

    Parameters
    ----------
    board : Leaderboard
        Anything with ``to_markup()``, or with ``to_frame()`` and, perhaps, ``verdict``.

    Returns
    -------
    list of Markup
        The verdict and a table.
    """
    if hasattr(board, "to_markup"):
        return list(board.to_markup())
    if not hasattr(board, "to_frame"):
        raise DataTypeError(f"leaderboard must have to_frame(), as elman.compare gives it; got {type(board).__name__}.")
    frame: Any = board.to_frame()
    if hasattr(frame, "to_pydict"):
        columns = frame.to_pydict()
    else:
        columns = {str(name): list(frame[name]) for name in frame.columns}
    rows = [[_plain(value) for value in row] for row in zip(*columns.values(), strict=True)]
    verdict = getattr(board, "verdict", None)
    text = verdict() if callable(verdict) else verdict
    return [element("p", text) if text else element("p"), table(list(columns), rows)]


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
