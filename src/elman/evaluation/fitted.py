"""FittedForecaster: the protocol by which backtests and anomaly scores know a forecaster or a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from elman.timeseries.panel import Panel
from elman.timeseries.prediction import Prediction


@runtime_checkable
class FittedForecaster(Protocol):
    """A fitted forecaster that can forecast from past cutoffs without being fitted again.

    :class:`elman.Forecaster` and every series baseline of :mod:`elman.baselines` implement it.
    """

    panel_: Panel
    """Series of ``fit``."""

    @property
    def lookback_(self) -> int:
        """Steps of history that a forecast needs to be as good as usual."""
        ...

    def forecast_from(
        self,
        panel: Panel,
        series: Sequence[int] | np.ndarray,
        cutoffs: Sequence[int] | np.ndarray,
        *,
        horizon: int | None = None,
        level: Sequence[int] | None = None,
    ) -> Prediction:
        """Forecast from the values before each cutoff alone; ``series`` and ``cutoffs`` are (m,)."""
        ...
