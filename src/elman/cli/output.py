"""Output of a verb: lines for people or one JSON object on standard output; notes and errors on standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Output:
    """Where a verb speaks to.

    Parameters
    ----------
    json : bool
        Standard output is one JSON object, and nothing else.
    quiet : bool
        Only results and errors.
    """

    json: bool = False
    quiet: bool = False

    @property
    def verbose(self) -> int:
        """Level for ``Training(verbose=…)``."""
        return 0 if self.json or self.quiet else 1

    def say(self, *lines: str) -> None:
        """Print lines for people."""
        if not (self.json or self.quiet):
            for line in lines:
                print(line, flush=True)

    def note(self, *lines: str) -> None:
        """Print a note to standard error."""
        if not self.quiet:
            for line in lines:
                print(f"note: {line}", file=sys.stderr, flush=True)

    def result(self, data: dict[str, Any], lines: Iterable[str] = ()) -> None:
        """Print the result: the data as JSON, or the lines for people."""
        if self.json:
            from elman.io.table_writers import plain

            print(json.dumps(plain(data), ensure_ascii=False))
        else:
            for line in lines:
                print(line)


def is_plain() -> bool:
    """Whether to print no colours and boxes: not a terminal, NO_COLOR is set, or the terminal is dumb."""
    return not sys.stdout.isatty() or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"


def bold(text: str) -> str:
    """Return text in bold where that is wanted."""
    return text if is_plain() else f"\x1b[1m{text}\x1b[0m"


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """Return lines of a table: numbers to the right, text to the left.

    Parameters
    ----------
    header : sequence of str
        Names of the columns.
    rows : iterable of sequences
        Cells, as many a row as there are names.

    Returns
    -------
    list of str
        The header and one line a row.

    Examples
    --------
    >>> table(["name", "score"], [["model", 0.9314], ["most frequent", 0.5]])
    ['name            score', 'model          0.9314', 'most frequent     0.5']
    """
    body = [[shown(value) for value in row] for row in rows]
    right = [bool(body) and all(_is_number(row[i]) for row in body) for i in range(len(header))]
    widths = [max(len(line[i]) for line in [list(header), *body]) for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        return "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(cells, widths, right, strict=True)).rstrip()

    return [bold(line(list(header))), *(line(row) for row in body)]


def shown(value: Any) -> str:
    """Return a value in few characters."""
    if value is None:
        return "-"
    return f"{value:,.4g}" if isinstance(value, float) and abs(value) < 1e6 else str(value)


def seconds(value: float) -> str:
    """Return a duration in readable units.

    Parameters
    ----------
    value : float
        Seconds.

    Returns
    -------
    str
        In seconds, minutes or hours.

    Examples
    --------
    >>> seconds(0.52), seconds(75), seconds(4000)
    ('0.5 s', '1 min 15 s', '1 h 6 min')
    """
    if value < 10:
        return f"{value:.1f} s"
    if value < 60:
        return f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def size(count: float) -> str:
    """Return bytes in readable units."""
    for unit in ("bytes", "KB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return ""


def _is_number(text: str) -> bool:
    return text == "-" or text.replace(",", "").replace(".", "").replace("e", "").lstrip("+-").replace("-", "").replace("+", "").isdigit()
