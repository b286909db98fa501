"""Tape: all series end to end, so that windows of many of them are cut at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from elman.errors import DataError
from elman.timeseries.read import Panel


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupedSeries:
    """Series end to end.

    Notes
    -----
    Shapes:

        values  (ΣT,)  float64, gaps filled by the last known value     known  (ΣT,)  False where a value was missing
        starts, lengths  (n,)                   past, future  (ΣT, F)  float32 covariates
        whole  {name: (n, …)} what is said about each series as a whole
    """

    values: np.ndarray
    known: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    past: np.ndarray
    future: np.ndarray
    whole: dict[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        panel: Panel,
        *,
        past: Sequence[np.ndarray] | None = None,
        future: Sequence[np.ndarray] | None = None,
        whole: dict[str, np.ndarray] | None = None,
        fill: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> Self:
        """Lay the series of a panel, and their covariates (T, F) each, end to end."""
        lengths = np.array([len(one.values) for one in panel.series])
        none = np.zeros((int(lengths.sum()), 0), np.float32)
        return cls(
            values=np.concatenate(known_values(panel, fill or carried)),
            known=np.concatenate([~np.isnan(one.values) for one in panel.series]),
            starts=np.cumsum(lengths) - lengths,
            lengths=lengths,
            past=none if past is None else np.concatenate(past),
            future=none if future is None else np.concatenate(future),
            whole=whole or {},
        )

    def __len__(self) -> int:
        """Number of series."""
        return len(self.lengths)

    def series(self, row: int) -> np.ndarray:
        """Return the values of one series."""
        return self.values[self.starts[row] : self.starts[row] + self.lengths[row]]

    def places(self, rows: np.ndarray, ends: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
        """Return where the ``width`` values before each end are, and which of them are in the series, (m, width) both.

        Where a series has not begun yet its first value is in.
        """
        steps = ends[:, None] + np.arange(-width, 0)
        return self.starts[rows][:, None] + np.maximum(steps, 0), steps >= 0

    def ahead(self, rows: np.ndarray, ends: np.ndarray, width: int) -> np.ndarray:
        """Return where the ``width`` values from each end on are, (m, width)."""
        return (self.starts[rows] + ends)[:, None] + np.arange(width)


def carried(values: np.ndarray) -> np.ndarray:
    """Return the values with gaps filled by the last known one, so that nothing comes from later; before the first by the first.

    Parameters
    ----------
    values : array
        NaN where nothing is known.

    Returns
    -------
    array
        Without NaN.
    """
    known = ~np.isnan(values)
    if not known.any():
        raise DataError("A series has no known value, only NaN. Drop it or give at least one number.")
    last = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    return values[np.where(last >= 0, last, int(known.argmax()))]


def known_values(panel: Panel, fill: Callable[[np.ndarray], np.ndarray]) -> list[np.ndarray]:
    """Return the values of each series with gaps filled.

    Parameters
    ----------
    panel : Panel
        Series with NaN where nothing is known.
    fill : callable
        How; raises DataError where there is nothing to fill with.

    Returns
    -------
    list of array
        Float64, one a series.

    Raises
    ------
    DataError
        If a series has no known value, naming it.
    """
    values = []
    for one in panel.series:
        try:
            values.append(fill(one.values))
        except DataError as error:
            raise DataError(f"series {one.name!r}: {error.detail}") from error
    return values
