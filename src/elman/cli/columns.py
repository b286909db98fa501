"""Columns of source and target and their codecs: from ``--source`` and ``--target``, or inferred and reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from elman.cli import cells
from elman.errors import DataError
from elman.io.tables import Table

TARGETS = ("target", "label", "class", "y", "category", "stars", "rating", "sentiment", "tags", "translation", "summary", "answer")
SOURCES = ("source", "text", "file", "review", "x", "series", "sentence", "question", "value")


@dataclass(frozen=True)
class Side:
    """One side of a model: its columns and the codec of each.

    Parameters
    ----------
    codecs : dict of str to Codec
        By column name; more than one are joined into a Record.
    reasons : tuple of str
        The inferred parts, in words; empty where everything was given.
    """

    codecs: dict[str, Any]
    reasons: tuple[str, ...] = ()

    @property
    def codec(self) -> Any:
        """The codec of the whole side."""
        if len(self.codecs) == 1:
            return next(iter(self.codecs.values()))
        from elman.codecs import Record  # pyright: ignore[reportAttributeAccessIssue]

        return Record(**self.codecs)

    def values(self, table: Table) -> list[Any]:
        """Return one value a row; None where any part is missing."""
        return rows_of({name: cells.values(codec, table.column(name)) for name, codec in self.codecs.items()})

    def spec(self) -> str:
        """Return the columns and codecs as the options that name them."""
        return " ".join(f"{type(codec).__name__.lower()}:{name}" for name, codec in self.codecs.items())


def rows_of(columns: dict[str, list[Any]]) -> list[Any]:
    """Return the values of one column, or a dict for each row of several; None where a part is missing."""
    if len(columns) == 1:
        return next(iter(columns.values()))
    names = list(columns)
    rows = zip(*columns.values(), strict=True)
    return [None if any(part is None for part in row) else dict(zip(names, row, strict=True)) for row in rows]


def side(table: Table, specs: Sequence[str]) -> Side:
    """Read ``text:review``, ``text:char:review``, ``review`` or, for a table of one column, ``text:char``."""
    from elman import codecs

    entries, reasons = {}, []
    for spec in specs:
        column, kind = _parts(table, spec)
        if kind:
            entries[column] = codecs.from_name(kind)  # pyright: ignore[reportAttributeAccessIssue]
        else:
            entries[column], reason = _infer(table, column)
            reasons.append(reason)
    return Side(entries, tuple(reasons))


def _parts(table: Table, spec: str) -> tuple[str, str]:
    """Split a spec into column and codec; the longest column name that fits its end wins."""
    pieces = spec.split(":")
    for start in range(len(pieces)):
        column = ":".join(pieces[start:])
        if column in table.columns:
            return column, ":".join(pieces[:start])
    if len(table.names) == 1 and _is_codec(spec):
        return table.names[0], spec
    table.column(pieces[-1])  # raises, with the nearest name
    raise DataError(f"{table.path} has no column {spec!r}.")


def _is_codec(spec: str) -> bool:
    from elman import codecs
    from elman.errors import ElmanError

    try:
        codecs.from_name(spec)  # pyright: ignore[reportAttributeAccessIssue]
    except ElmanError:
        return False
    return True


def _infer(table: Table, column: str) -> tuple[Any, str]:
    from elman import codecs

    present = [value for value in table.column(column) if value is not None and value != ""]
    if not present:
        raise DataError(f"{table.path}: column {column!r} holds no values.")
    codec, reason = codecs.infer(present)  # pyright: ignore[reportAttributeAccessIssue]
    return codec, f"{column!r} is {type(codec).__name__}: {reason}"


def choose(table: Table, source: Sequence[str], target: str | None) -> tuple[Side, Side]:
    """Return both sides of a model; missing parts are inferred from names and contents.

    Parameters
    ----------
    table : Table
        The data.
    source : sequence of str
        Specs of the columns that go in; empty: inferred.
    target : str or None
        Spec of the column that comes out; None: inferred.

    Returns
    -------
    tuple of Side
        Source and target.
    """
    if len(table) == 0:
        raise DataError(f"{table.path} has no rows. Give at least two rows with values.")
    if len(table.names) < 2:
        only = f"only the column {table.names[0]!r}" if table.names else "no column"
        raise DataError(f"{table.path} has {only}; a model needs a source and a target. To continue texts, use: --continue text:char")
    ins = side(table, source) if source else None
    taken = set(ins.codecs) if ins else set()
    if target is None:
        name = _likely_target(table, taken)
        outs = side(table, [name])
        outs = Side(outs.codecs, (f"the target is column {name!r}", *outs.reasons))
    else:
        outs = side(table, [target])
    if ins is None:
        names = _likely_source(table, set(outs.codecs))
        ins = side(table, names)
        ins = Side(ins.codecs, (f"the source is column {', '.join(map(repr, names))}", *ins.reasons))
    both = set(ins.codecs) & set(outs.codecs)
    if both:
        raise DataError(f"column {min(both)!r} is both source and target; a model would only copy it. Choose another --target.")
    return ins, outs


def _likely_target(table: Table, taken: set[str]) -> str:
    free = [name for name in table.names if name not in taken]
    if not free:
        raise DataError(f"{table.path}: every column is a source. Name the column that comes out: --target COLUMN")
    named = [name for entry in TARGETS for name in free if name.lower() == entry]
    return named[0] if named else free[-1]


def _likely_source(table: Table, taken: set[str]) -> list[str]:
    """Return the column with a telling name, else the one with the longest values, else all numbers together."""
    free = [name for name in table.names if name not in taken and any(v is not None and v != "" for v in table.columns[name])]
    named = [name for entry in SOURCES for name in free if name.lower() == entry]
    if "text" in named:
        return ["text"]
    if named:
        return named[:1]
    lengths = {name: _mean_length(table.columns[name]) for name in free}
    long = {name: length for name, length in lengths.items() if length > 0}
    if long:
        return [max(long, key=lambda name: long[name])]
    if not free:
        raise DataError(f"{table.path}: no column is left for the source. Name it: --source COLUMN")
    return free


def _mean_length(values: list[Any]) -> float:
    """Mean length of text and lists in the first rows; 0 for numbers."""
    sized = [len(value) for value in values[:1000] if hasattr(value, "__len__")]
    return sum(sized) / len(sized) if sized else 0.0


def complete(ins: list[Any], outs: list[Any]) -> tuple[list[Any], list[Any], list[str]]:
    """Return the rows that have both a source and a target, and a note about the others."""
    rows = [
        i
        for i, (x, y) in enumerate(zip(ins, outs, strict=True))
        if x is not None and y is not None and not (isinstance(y, str) and y == "")
    ]
    if not rows:
        raise DataError("no row has both a source and a target. Check the columns with: elman doctor FILE")
    dropped = len(ins) - len(rows)
    notes = [f"{dropped:,} of {len(ins):,} rows dropped: source or target is missing"] if dropped else []
    return [ins[i] for i in rows], [outs[i] for i in rows], notes
