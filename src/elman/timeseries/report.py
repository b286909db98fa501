"""DataReport: sizes and irregularities of series that were read."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

_MESSAGES = {
    "sorted": "rows were not in order of time and have been sorted",
    "repeated": "{count:,} rows repeat a stamp and its value; one of each is kept",
    "joined": "{count:,} rows share a stamp with another; one value of each stamp is used",
    "gaps": "{count:,} stamps are missing (first {first}); their values count as unknown",
    "days off": "{count:,} weekdays have no row (first {first}); they are taken as days off",
    "uneven": "stamps are not evenly spaced; the rows are taken in order, the usual step is assumed to go on",
    "unknown": "{count:,} values are unknown (first {first}); straight lines between neighbours replace them",
    "later": "{count:,} unknown values before the first known one are left out",
    "earlier": "{count:,} unknown values after the last known one are left out",
}


@dataclass(frozen=True, kw_only=True)
class DataReport:
    """Sizes of a panel, and notes on irregular data.

    Attributes
    ----------
    series, points : int
        Number of series, and of values in all of them, known or not.
    shortest, longest : int
        Points of a series.
    unknown : int
        Values that are not known.
    frequency : str
        The step between stamps.
    season : int
        Steps of its usual cycle, 1 for none.
    notes : tuple of str
        Irregularities: missing and repeated stamps, unknown values, time zones, inferred columns.

    Examples
    --------
    >>> from elman.estimators import read_panel
    >>> print(read_panel({"ds": ["2024-01-01", "2024-01-02", "2024-01-04"], "y": [1.0, 2.0, 3.0]}).report)
    1 series of 4 points, 1 unknown; step 1 day, usual cycle 7 steps
    - series 'series': 1 stamps are missing (first 2024-01-03 00:00:00); their values count as unknown
    """

    series: int
    points: int
    shortest: int
    longest: int
    unknown: int
    frequency: str
    season: int
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return a line of sizes and one line per note."""
        lengths = f"{self.longest:,}" if self.shortest == self.longest else f"{self.shortest:,} to {self.longest:,}"
        cycle = f", usual cycle {self.season} steps" if self.season > 1 else ""
        unknown = f", {self.unknown:,} unknown" if self.unknown else ""
        head = f"{self.series:,} series of {lengths} points{unknown}; step {self.frequency}{cycle}"
        return "\n".join([head, *(f"- {note}" for note in self.notes)])


@dataclass
class Findings:
    """Irregularities by series, summarised: hundreds of series with gaps are one line."""

    notes: list[str] = field(default_factory=list)
    cases: dict[str, list[tuple[Any, int, Any]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, kind: str, series: Any, count: int, first: Any = None) -> None:
        """Record ``count`` cases of a kind in a series, if there are any."""
        if count:
            self.cases[kind].append((series, count, first))

    def lines(self) -> list[str]:
        """Return the notes, and one line per kind of irregularity."""
        lines = list(self.notes)
        for kind, message in _MESSAGES.items():
            if cases := self.cases.get(kind):
                series, _, first = cases[0]
                who = f"series {series!r}" if len(cases) == 1 else f"{len(cases):,} series, the first {series!r}"
                lines.append(f"{who}: {message.format(count=sum(count for _, count, _ in cases), first=first)}")
        return lines
