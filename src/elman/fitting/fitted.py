"""Fitted estimators as inspection, evaluation, comparison and the command line see them: by the methods that they have.

Any of the three estimators, a baseline, or an estimator of somebody else has a capability by having its methods; nobody asks for a class.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from elman.network import SequenceModel
    from elman.timeseries.prediction import Prediction
    from elman.timeseries.read import Panel


@runtime_checkable
class Forecasts(Protocol):
    """Estimator of series, such as :class:`elman.Forecaster` and the naive forecasts."""

    def forecast_from(self, panel: Panel, series: Sequence[int], cutoffs: Sequence[int]) -> Prediction:
        """Return the forecasts of some series from some cutoffs, each of the values before it alone."""
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
    """Whether an estimator forecasts series."""
    return isinstance(estimator, Forecasts)


def generates(estimator: Any) -> bool:
    """Whether an estimator continues sequences."""
    return isinstance(estimator, Generates)


def takes_answers(estimator: Any) -> bool:
    """Whether an estimator learns answers to values, ``fit(X, y)``, rather than the course of the values themselves."""
    return not isinstance(estimator, Forecasts | Generates)
