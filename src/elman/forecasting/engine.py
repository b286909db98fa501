"""Engine: the interface between Forecaster and a way to forecast, direct or autoregressive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from elman.errors import SettingError
from elman.forecasting.grouped import GroupedSeries
from elman.forecasting.naive_reference import WindowPlan
from elman.forecasting.settings import Preparation
from elman.io.schema import whole
from elman.network.planning.plan import Plan
from elman.network.settings import Network
from elman.timeseries.prediction import Prediction
from elman.timeseries.read import Panel
from elman.training.settings import Training

STEPS = whole(1, 1_000_000)
"""Schema of a number of steps in a file."""
LEVEL = whole(1, 99)
"""Schema of the level of an interval in per cent."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ForecastRequest:
    """Series and cutoffs to forecast from.

    Attributes
    ----------
    series : GroupedSeries
        Histories, with their covariates.
    index, cutoffs : array of int
        Number of a series and its first step to forecast, (m,) both.
    future : array, optional
        Future covariates of the steps to forecast, (m, horizon, F); by default those of ``series`` after the cutoffs.
    n_samples : int, optional
        Sample paths.
    horizon : int, optional
        Steps to return; all by default.
    state : ForecastState, optional
        State at the cutoffs, where the history is encoded already.
    """

    series: GroupedSeries
    index: np.ndarray
    cutoffs: np.ndarray
    future: np.ndarray | None = None
    n_samples: int | None = None
    horizon: int | None = None
    state: Any = None


class Engine(Protocol):
    """One way to forecast, fitted."""

    kind: ClassVar[str]

    @property
    def reach(self) -> int:
        """Steps of history that a forecast depends on."""
        ...

    @property
    def windows(self) -> WindowPlan:
        """Context, horizon and season of the naive reference."""
        ...

    def group(self, panel: Panel) -> GroupedSeries:
        """Concatenate the series of a panel, with their covariates encoded."""
        ...

    def future_covariates(self, panel: Panel, stamps: list[list[Any]], future: Any) -> np.ndarray | None:
        """Return the future covariates of the steps after the ends, (n, horizon, F)."""
        ...

    def future_covariates_at(self, panel: Panel, series: GroupedSeries, index: np.ndarray, cutoffs: np.ndarray) -> np.ndarray | None:
        """Return the future covariates of the steps after past cutoffs, (m, horizon, F)."""
        ...

    def forecast(self, model: Any, request: ForecastRequest) -> Prediction:
        """Forecast the steps after each cutoff."""
        ...

    def start(self, model: Any, panel: Panel) -> Any:
        """Return the state at the ends of all series; None for an engine without state."""
        ...

    def advance(self, model: Any, state: Any, panel: Panel, counts: dict[int, int]) -> Any:
        """Return the state after the last ``counts`` points of some series."""
        ...

    def config(self) -> dict[str, Any]:
        """Return plain JSON for the model file."""
        ...

    def check_plan(self, plan: Plan) -> None:
        """Raise DataError where a network of this plan, read from a file, cannot be asked by this engine."""
        ...


@dataclass(frozen=True, kw_only=True)
class FitRequest:
    """Settings of a fit.

    Attributes
    ----------
    horizon : int
        Steps to forecast.
    context, season : int or "auto"
        As in Forecaster.
    preparation, network, training : settings
        As in Forecaster.
    levels : tuple of int
        Intervals in per cent.
    refit : bool
        Train again on all windows, for the best number of epochs on the held-out ones.
    """

    horizon: int
    context: Any
    season: Any
    preparation: Preparation
    network: Network
    training: Training
    levels: tuple[int, ...]
    refit: bool = True


def refuse_samples(request: ForecastRequest) -> None:
    """Raise SettingError for sample paths of an engine that draws none."""
    if request.n_samples is not None:
        raise SettingError(
            "n_samples draws paths, step by step; this model answers the whole horizon in one go. Use model='autoregressive'."
        )
