"""OneSeries and Panel: series with their stamps and further columns, the data of every forecaster."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from elman.timeseries.frequency import Frequency
from elman.timeseries.report import DataReport


@dataclass(frozen=True, kw_only=True, eq=False)
class OneSeries:
    """One series: its name, stamps, values and further columns.

    Notes
    -----
    Shapes:

        values   (T,)  float64; NaN where unknown
        columns  {name: (T,)}  the frame's further columns: float64 (NaN where unknown) for numbers, else objects (None)
    """

    name: Any
    stamps: list[Any]
    values: np.ndarray
    columns: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """Several series of one frequency, and the form of the caller's data."""

    series: list[OneSeries]
    frequency: Frequency
    form: str
    """"array" for one array, "list" for several, "frame" for a frame or a column with stamps."""
    like: Any = None
    notes: list[str] = field(default_factory=list)

    @property
    def report(self) -> DataReport:
        """Sizes of the data, and the changes for gaps, repeated stamps and the like."""
        lengths = [len(one.values) for one in self.series]
        return DataReport(
            series=len(lengths),
            points=sum(lengths),
            shortest=min(lengths),
            longest=max(lengths),
            unknown=sum(int(np.isnan(one.values).sum()) for one in self.series),
            frequency=str(self.frequency),
            season=self.frequency.season,
            notes=tuple(self.notes),
        )
