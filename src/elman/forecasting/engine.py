"""Engine: what turns a fitted network into forecasts, whichever way it forecasts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np

from elman.errors import SettingError
from elman.forecasting.grouped import GroupedSeries
from elman.forecasting.naive_reference import WindowPlan
from elman.timeseries.prediction import Prediction
from elman.timeseries.read import Panel


@dataclass(frozen=True, kw_only=True, eq=False)
class ForecastRequest:
    """From where to forecast.

    Attributes
    ----------
    tape : Tape
        The series.
    rows, ends : array of int
        Series and the step from which on nothing is known, (m,) both.
    ahead : array, optional
        What is known of the steps to come, (m, horizon, F); from the tape where it goes on long enough.
    n_samples : int, optional
        Sample paths.
    steps : int, optional
        How far; the whole horizon by default.
    memory : Live, optional
        Where the series stand at their ends, if somebody has read them already.
    """

    tape: GroupedSeries
    rows: np.ndarray
    ends: np.ndarray
    ahead: np.ndarray | None = None
    n_samples: int | None = None
    steps: int | None = None
    memory: Any = None


class Engine(Protocol):
    """One way to forecast."""

    kind: ClassVar[str]

    @property
    def reach(self) -> int:
        """Steps of history that a forecast looks at."""
        ...

    @property
    def windows(self) -> WindowPlan:
        """Context, horizon and season of the simplest forecast."""
        ...

    def tape(self, panel: Panel) -> GroupedSeries:
        """Lay the series and covariates of a panel end to end."""
        ...

    def future_covariates(self, panel: Panel, stamps: list[list[Any]], future: Any) -> np.ndarray | None:
        """Return what is known of the steps to come, (n, horizon, F)."""
        ...

    def future_covariates_at(self, panel: Panel, tape: GroupedSeries, rows: np.ndarray, ends: np.ndarray) -> np.ndarray | None:
        """Return what is known of the steps after places in the past, (m, horizon, F)."""
        ...

    def forecast(self, model: Any, asked: ForecastRequest) -> Prediction:
        """Return what comes after some ends."""
        ...

    def start(self, model: Any, panel: Panel) -> Any:
        """Return what is remembered of the ends of all series, or None where nothing is."""
        ...

    def advance(self, model: Any, memory: Any, panel: Panel, counts: dict[int, int]) -> Any:
        """Return what is remembered once the last ``counts`` points of some rows were taken in."""
        ...

    def state(self) -> dict[str, Any]:
        """Return what a file says of it, as plain JSON."""
        ...


@dataclass(frozen=True, kw_only=True)
class FitRequest:
    """What a forecaster was asked to learn.

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
        Learn again from everything once it is known how long to learn.
    """

    horizon: int
    context: Any
    season: Any
    preparation: Any
    network: Any
    training: Any
    levels: tuple[int, ...]
    refit: bool = True
    notes: dict[str, Any] = field(default_factory=dict)


def refuse_samples(asked: ForecastRequest) -> None:
    """Raise SettingError where paths are asked of a way to forecast that draws none.

    Parameters
    ----------
    asked : Asked
        The request.

    Raises
    ------
    SettingError
        If sample paths are among it.
    """
    if asked.n_samples is not None:
        raise SettingError(
            "n_samples draws paths, step by step; this model answers the whole horizon in one go. Use model='autoregressive'."
        )
