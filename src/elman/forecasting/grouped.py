"""GroupedSeries: the series of a panel in one array, so that windows of many of them are sliced at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from elman.errors import DataError
from elman.timeseries.read import Panel


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupedSeries:
    """Series of different lengths, concatenated.

    Notes
    -----
    Shapes:

        values    (ΣT,)  float64, gaps filled forward     observed  (ΣT,)  False where a value was missing
        starts, lengths  (n,)                             past, future  (ΣT, F)  float32 covariates
        static    {name: (n, …)}  static covariates of each series
    """

    values: np.ndarray
    observed: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    past: np.ndarray
    future: np.ndarray
    static: dict[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def from_panel(
        cls,
        panel: Panel,
        *,
        past: Sequence[np.ndarray] | None = None,
        future: Sequence[np.ndarray] | None = None,
        static: dict[str, np.ndarray] | None = None,
    ) -> Self:
        """Concatenate the series of a panel, and their covariates (T, F) each."""
        lengths = np.array([len(one.values) for one in panel.series])
        none = np.zeros((int(lengths.sum()), 0), np.float32)
        return cls(
            values=np.concatenate(filled_values(panel, fill_forward)),
            observed=np.concatenate([~np.isnan(one.values) for one in panel.series]),
            starts=np.cumsum(lengths) - lengths,
            lengths=lengths,
            past=none if past is None else np.concatenate(past),
            future=none if future is None else np.concatenate(future),
            static=static or {},
        )

    def __len__(self) -> int:
        """Number of series."""
        return len(self.lengths)

    def __getitem__(self, index: int) -> np.ndarray:
        """Return the values of one series, (T,)."""
        return self.values[self.starts[index] : self.starts[index] + self.lengths[index]]

    def positions_before(self, index: np.ndarray, cutoffs: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the positions of the ``width`` values before each cutoff, and a mask of those inside their series, (m, width) both.

        Positions before the beginning of a series point to its first value.
        """
        steps = cutoffs[:, None] + np.arange(-width, 0)
        return self.starts[index][:, None] + np.maximum(steps, 0), steps >= 0

    def positions_after(self, index: np.ndarray, cutoffs: np.ndarray, width: int) -> np.ndarray:
        """Return the positions of the ``width`` values from each cutoff on, (m, width)."""
        return (self.starts[index] + cutoffs)[:, None] + np.arange(width)


def fill_forward(values: np.ndarray) -> np.ndarray:
    """Replace NaN by the last observed value, so that no gap depends on a later value; leading NaN by the first."""
    observed = ~np.isnan(values)
    if not observed.any():
        raise DataError("A series has no known value, only NaN. Drop it or give at least one number.")
    last = np.maximum.accumulate(np.where(observed, np.arange(len(values)), -1))
    return values[np.where(last >= 0, last, int(observed.argmax()))]


def filled_values(panel: Panel, fill: Callable[[np.ndarray], np.ndarray]) -> list[np.ndarray]:
    """Return the values of each series with its gaps filled.

    Parameters
    ----------
    panel : Panel
        Series with NaN for missing values.
    fill : callable
        ``fill_forward`` or ``interpolate``; raises DataError for a series of NaN.

    Returns
    -------
    list of array
        Float64, one per series.

    Raises
    ------
    DataError
        If a series has no value at all, naming it.
    """
    values = []
    for one in panel.series:
        try:
            values.append(fill(one.values))
        except DataError as error:
            raise DataError(f"series {one.name!r}: {error.detail}") from error
    return values
