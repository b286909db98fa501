"""Leaderboard: every candidate's score with its interval, its cost, and a verdict in one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from elman.errors import MissingExtraError, SettingError, did_you_mean
from elman.io.tables import to_kind
from elman.leakage.alarm import Alarm
from elman.metrics.measure import Judgement, Measure, interval

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One row of a leaderboard.

    Attributes
    ----------
    name, label, kind, rank, beside
        Of the candidate.
    value : float
        Score on the test part.
    low, high : float
        95 % interval of the score, from drawing test units again.
    behind : float
        How far behind the best; 0 for the best itself.
    behind_low, behind_high : float
        95 % interval of that, both judged on the same draws.
    tied : bool
        Whether the interval includes the best.
    seconds : float
        Time to learn.
    latency : float
        Milliseconds to answer one row alone.
    parameters : int
        Numbers that were learned.
    bytes : int
        Size of a file, or of the numbers where there is none.
    stopped : str
        Why training ended, for networks: "budget" means that more time might have helped.
    """

    name: str
    label: str
    kind: str
    rank: int
    beside: str
    value: float
    low: float
    high: float
    behind: float
    behind_low: float
    behind_high: float
    tied: bool
    seconds: float
    latency: float
    parameters: int
    bytes: int
    stopped: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Leaderboard:
    """Result of :func:`elman.compare`; printable, best first.

    Attributes
    ----------
    measure : Measure
        The measure.
    entries : list of Entry
        Best first.
    verdict : str
        Recommendation in one sentence.
    findings : list of str
        Results of the ablations, and further remarks.
    alarms : list of Alarm
        Suspicions of leaks.
    train_rows, test_rows : int
        Rows, documents or series on either side.
    unit : str
        Unit that is resampled for the intervals.
    judged : dict of str to Judgement
        Judgement of each candidate on every unit.
    estimators : dict of str to estimator
        The fitted candidates, by name; loaded ones where results were read back.
    lengths : ndarray or None
        Steps of each unit's source, for :meth:`by_length`.
    """

    measure: Measure
    entries: list[Entry]
    verdict: str
    findings: list[str] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    train_rows: int = 0
    test_rows: int = 0
    unit: str = "row"
    judged: dict[str, Judgement] = field(default_factory=dict, repr=False)
    estimators: dict[str, Any] = field(default_factory=dict, repr=False)
    lengths: np.ndarray | None = field(default=None, repr=False)

    def __len__(self) -> int:
        """Number of candidates."""
        return len(self.entries)

    def __iter__(self) -> Iterator[Entry]:
        """Go through the entries, best first."""
        return iter(self.entries)

    def __getitem__(self, name: str) -> Entry:
        """Return a candidate's entry by its name."""
        for entry in self.entries:
            if entry.name == name:
                return entry
        names = [entry.name for entry in self.entries]
        raise SettingError(f"There is no {name!r} on this leaderboard; there are {names}.{did_you_mean(name, names)}")

    @property
    def best(self) -> Any:
        """The fitted estimator of the first entry that is no ablation."""
        name = next(entry.name for entry in self.entries if entry.kind != "ablation")
        return self.estimators.get(name)

    def against(self, name: str) -> dict[str, tuple[float, float, float]]:
        """Return by how much each candidate is better than one of them.

        Parameters
        ----------
        name : str
            The one to compare with, for example "default".

        Returns
        -------
        dict of str to (float, float, float)
            The difference (positive is better), and its 95 % interval on the same draws.
        """
        self[name]
        drawn = self.measure.resampled(self.judged)
        value = {other: self.measure.value(judged) for other, judged in self.judged.items()}
        return {
            other: (float(self.measure.gain(value[other], value[name])), *interval(self.measure.gain(drawn[other], drawn[name])))
            for other in value
        }

    def by_length(self, edges: tuple[int, ...] = ()) -> dict[str, dict[str, float]]:
        """Return the scores on test units of different lengths: some networks are built for one.

        Parameters
        ----------
        edges : tuple of int, optional
            Lengths that end a group; by default thirds of the test units.

        Returns
        -------
        dict of str to dict of str to float
            By group of lengths, then by candidate.
        """
        if self.lengths is None:
            raise SettingError("This task's units have no lengths to compare by. by_length is for models that read sequences.")
        cuts = sorted(set(edges or np.quantile(self.lengths, (1 / 3, 2 / 3)).astype(int).tolist()))
        entries, low = {}, int(self.lengths.min())
        for high in [*cuts, int(self.lengths.max())]:
            inside = (self.lengths >= low) & (self.lengths <= high)
            if inside.any():
                part = {n: Judgement(over=j.over[inside], under=j.under[inside]) for n, j in self.judged.items()}
                entries[f"{low} to {high}"] = {name: self.measure.value(judged) for name, judged in part.items()}
            low = high + 1
        return entries

    def to_dict(self) -> dict[str, Any]:
        """Return all but the estimators and single judgements as plain JSON values."""
        return {
            "measure": asdict(self.measure),
            "entries": [asdict(entry) for entry in self.entries],
            "verdict": self.verdict,
            "findings": list(self.findings),
            "alarms": [{**asdict(alarm), "evidence": list(alarm.evidence)} for alarm in self.alarms],
            "train_rows": self.train_rows,
            "test_rows": self.test_rows,
            "unit": self.unit,
        }

    @overload
    def to_frame(self, kind: Literal["pandas"] = "pandas") -> pandas.DataFrame: ...
    @overload
    def to_frame(self, kind: Literal["polars"]) -> polars.DataFrame: ...
    @overload
    def to_frame(self, kind: Literal["pyarrow"]) -> pyarrow.Table: ...
    def to_frame(self, kind: Literal["pandas", "polars", "pyarrow"] = "pandas") -> Any:
        """Return the entries as a data frame, best first.

        Parameters
        ----------
        kind : {"pandas", "polars", "pyarrow"}
            Whose.

        Returns
        -------
        DataFrame or Table
            One row a candidate.
        """
        return to_kind([asdict(entry) for entry in self.entries], kind)

    def plot(self, ax: Any = None) -> Any:
        """Draw every score with its interval, best on top.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to; a new figure by default.

        Returns
        -------
        Axes
            The axes; ``ax.figure.savefig(path)`` writes it.
        """
        try:
            from matplotlib.figure import Figure
        except ImportError as cause:
            raise MissingExtraError("plot", "matplotlib", "plot a leaderboard") from cause
        if ax is None:
            ax = Figure(figsize=(8, 1 + 0.4 * len(self)), layout="constrained").subplots()
        colours = {"simple": "#7f7f7f", "network": "#1f77b4", "ablation": "#d08c28"}
        for kind, colour in colours.items():
            rows = [(-place, entry) for place, entry in enumerate(self.entries) if entry.kind == kind]
            if rows:
                values = [entry.value for _, entry in rows]
                ends = [[max(0.0, e.value - e.low) for _, e in rows], [max(0.0, e.high - e.value) for _, e in rows]]
                ax.errorbar(values, [place for place, _ in rows], xerr=ends, fmt="o", color=colour, capsize=3, label=_KINDS[kind])
        ax.set_yticks([-place for place in range(len(self))], [entry.label for entry in self.entries])
        ax.set_xlabel(f"{self.measure.name}, {self.test_rows:,} test {self.unit}s, 95 % intervals")
        ax.grid(axis="x", color="0.9")
        ax.legend()
        return ax

    def _repr_html_(self) -> str:
        from elman.markup import fragment

        return fragment(*self.to_markup())

    def to_markup(self) -> list[Any]:
        """Return the leaderboard as markup, for notebooks and reports.

        Returns
        -------
        list of Markup
            The verdict, the table and further remarks.
        """
        from elman.markup import element, table

        head, *rows = cells_of(self)
        notes = [*self.findings, *(f"Leak? {alarm}" for alarm in self.alarms)]
        caption = f"{self.test_rows:,} test {self.unit}s"
        return [element("p", self.verdict), table(head, rows, caption=caption), *(element("p", note, class_="note") for note in notes)]

    def __str__(self) -> str:
        """Show the table, the verdict and further remarks."""
        return "\n".join([*table_of(self), "", self.verdict, *self.findings, *(f"Leak? {alarm}" for alarm in self.alarms)])


_KINDS = {"simple": "simple", "network": "network", "ablation": "ablation, to explain"}


def table_of(board: Leaderboard) -> list[str]:
    """Return the lines of the table: aligned text, the best first, ties marked by "="."""
    rows = cells_of(board)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(_aligned(row, widths)).rstrip() for row in rows]


def cells_of(board: Leaderboard) -> list[list[str]]:
    """Return the cells of the table, its head first."""
    head = ["", board.measure.name, "95 %", "behind the best", "learned in", "one row", "parameters", "size"]
    rows = [head]
    for place, entry in enumerate(board.entries, 1):
        mark = "a" if entry.kind == "ablation" else "=" if entry.tied and place > 1 else str(place)
        behind = "" if not entry.behind_low and not entry.behind_high else _span(entry.behind, entry.behind_low, entry.behind_high)
        rows.append(
            [
                f"{mark:>2}  {entry.label}",
                f"{entry.value:.4f}",
                f"{entry.low:.4f} to {entry.high:.4f}",
                behind,
                f"{entry.seconds:.1f} s" + (" (budget)" if entry.stopped == "budget" else ""),
                f"{entry.latency:.2f} ms",
                f"{entry.parameters:,}",
                _bytes(entry.bytes),
            ]
        )
    return rows


def _aligned(row: list[str], widths: list[int]) -> list[str]:
    cells = enumerate(zip(row, widths, strict=True))
    return [cell.ljust(width) if column in (0, 2, 3) else cell.rjust(width) for column, (cell, width) in cells]


def _span(value: float, low: float, high: float) -> str:
    return f"{value:.4f} ({low:.4f} to {high:.4f})"


def _bytes(count: float) -> str:
    for unit in ("B", "KB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def ranked(measure: Measure, judged: Mapping[str, Judgement], facts: Mapping[str, Mapping[str, Any]]) -> list[Entry]:
    """Return the entries, best first, with intervals from draws that are the same for all."""
    drawn = measure.resampled(judged)
    value = {name: measure.value(one) for name, one in judged.items()}
    order = sorted(value, key=lambda name: (np.isnan(value[name]), float(-measure.gain(value[name], 0.0)), facts[name]["rank"]))
    best = next((name for name in order if facts[name]["kind"] != "ablation"), order[0])
    entries = []
    for name in order:
        low, high = interval(drawn[name])
        behind_low, behind_high = interval(measure.gain(drawn[best], drawn[name]))
        entries.append(
            Entry(
                value=value[name],
                low=low,
                high=high,
                behind=float(measure.gain(value[best], value[name])),
                behind_low=behind_low,
                behind_high=behind_high,
                tied=name == best or behind_low <= 0,
                **facts[name],
            )
        )
    return entries
