"""Sizes of the data, as a few plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from elman.codecs.space import Discrete, Product
from elman.errors import DataError
from elman.network.planning.side import HasSpace, Side


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Numbers about training data from which sizes are chosen.

    Attributes
    ----------
    rows : int
        Rows of training data.
    source_mean : float
        Mean length of a source in steps (1 for rank "one").
    source_max : int
        Longest source.
    target_mean : float
        Mean length of a target.
    target_max : int
        Longest target.
    equal_lengths : bool
        In every row source and target are equally long.
    monotone_share : float
        Share of rows whose target, a blank between equal neighbours counted, fits in the steps of the source.
    longest_ratio : float
        Largest length of a target over its source.
    joined : bool
        The source's parts are sequences of different lengths.
    class_counts : tuple of int
        Rows or steps of each class of a Discrete target; empty otherwise.
    shared : tuple of int
        For each symbol of the source the target's index of the same symbol, -1 for none; empty where they cannot be compared.
    copied_share : float
        Share of the symbols of targets that are in their own source.
    chance_share : float
        Share of the symbols of targets that are in the source of another row.
    """

    rows: int
    source_mean: float = 1.0
    source_max: int = 1
    target_mean: float = 1.0
    target_max: int = 1
    equal_lengths: bool = False
    monotone_share: float = 1.0
    longest_ratio: float = 1.0
    joined: bool = False
    class_counts: tuple[int, ...] = ()
    shared: tuple[int, ...] = ()
    copied_share: float = 0.0
    chance_share: float = 0.0

    @classmethod
    def measure(cls, source: HasSpace | None, target: HasSpace, source_rows: Sequence[Any] | None, target_rows: Sequence[Any]) -> Sizes:
        """Measure encoded rows.

        Parameters
        ----------
        source : codec or Side or None
            Rank and space of the source; None for a language model.
        target : codec or Side
            Rank and space of the target.
        source_rows : sequence or None
            Result of ``encode``.
        target_rows : sequence
            Result of ``encode``.

        Returns
        -------
        Sizes
            The numbers.
        """
        if source_rows is not None and len(source_rows) != len(target_rows):
            raise DataError(f"source has {len(source_rows)} rows and target {len(target_rows)}; they must be as many. Pair the rows first.")
        if not len(target_rows):
            raise DataError("There are no rows to plan for. Give at least one row.")
        side = Side.of(target)
        t = _lengths(side, target_rows)
        s, joined = np.ones_like(t), False
        if source is not None and source_rows is not None:
            s, joined = _lengths(Side.of(source), source_rows), _differ(Side.of(source), source_rows)
        needed = t + _repeats(side, target_rows)
        return cls(
            rows=len(t),
            source_mean=float(s.mean()),
            source_max=int(s.max()),
            target_mean=float(t.mean()),
            target_max=int(t.max()),
            equal_lengths=bool((s == t).all()),
            monotone_share=float((needed <= s).mean()),
            longest_ratio=float((t / np.maximum(s, 1)).max()),
            joined=joined,
            class_counts=_counts(side, target_rows),
        )

    def config(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {**asdict(self), "class_counts": list(self.class_counts), "shared": list(self.shared)}


def _many_parts(side: Side) -> list[str]:
    space = side.space
    return [n for n in space.parts if space.ranks.get(n, side.rank) == "many"] if isinstance(space, Product) else []


def _lengths(side: Side, rows: Sequence[Any]) -> np.ndarray:
    names = _many_parts(side)
    if isinstance(side.space, Product):
        per_part = [[len(row[name]) for row in rows] for name in names]
        lengths = np.array(per_part, dtype=np.int64).reshape(len(names), len(rows))
        return (lengths.sum(0) if _differ(side, rows) else lengths.max(0)) if names else np.ones(len(rows), dtype=np.int64)
    return np.array([len(row) for row in rows] if side.rank == "many" else [1] * len(rows), dtype=np.int64)


def _differ(side: Side, rows: Sequence[Any]) -> bool:
    names = _many_parts(side)
    return any(len({len(row[name]) for name in names}) > 1 for row in rows)


def _repeats(side: Side, rows: Sequence[Any]) -> np.ndarray:
    if side.rank != "many" or not isinstance(side.space, Discrete):
        return np.zeros(len(rows), dtype=np.int64)
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    flat, owner = np.concatenate([np.asarray(row, dtype=np.int64) for row in rows]), np.repeat(np.arange(len(rows)), lengths)
    same = (flat[1:] == flat[:-1]) & (owner[1:] == owner[:-1])
    return np.bincount(owner[1:][same], minlength=len(rows))


def _counts(side: Side, rows: Sequence[Any]) -> tuple[int, ...]:
    if not isinstance(side.space, Discrete):
        return ()
    flat = np.concatenate([np.atleast_1d(np.asarray(row, dtype=np.int64)) for row in rows])
    return tuple(np.bincount(flat, minlength=side.space.n).tolist())
