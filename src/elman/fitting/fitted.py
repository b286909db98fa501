"""Fitted estimators as inspection, evaluation, comparison and the command line see them: by the methods that they have.

Any of the three estimators, a baseline, or an estimator of somebody else has a capability by having its methods; nobody asks for a class.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np

    from elman.network import SequenceModel
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


@runtime_checkable
class Generates(Protocol):
    """Estimator that continues sequences, such as :class:`elman.LanguageModel` and Markov chains of text."""

    def generate(self, prompt: Any = None) -> Any:
        """Return a continuation of a prompt."""
        ...

    def perplexity(self, texts: Any) -> float:
        """Return the perplexity of texts."""
        ...


@runtime_checkable
class HasNetworks(Protocol):
    """Estimator whose answers come from trained networks, which can be traced, measured and diagnosed."""

    @property
    def networks_(self) -> list[SequenceModel]:
        """Trained networks: one, or the members of an ensemble."""
        ...


def forecasts(estimator: Any) -> bool:
    """Whether an estimator forecasts series, fitted or not."""
    return hasattr(type(estimator), "forecast_from")


def generates(estimator: Any) -> bool:
    """Whether an estimator continues sequences."""
    return isinstance(estimator, Generates)


def takes_answers(estimator: Any) -> bool:
    """Whether an estimator learns answers to values, ``fit(X, y)``, rather than the course of the values themselves."""
    return not forecasts(estimator) and not generates(estimator)
