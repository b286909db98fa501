"""Training settings of a model that writes symbols from a source."""

from __future__ import annotations

from typing import Any

from sklearn.base import clone

from elman.network import Plan
from elman.training.settings import Training

_MANY = 20_000
"""Pairs from which batches would grow and, with the network, the rate fall: writing learns more from many small, bold steps."""
_BOLD: dict[str, Any] = {"batch_size": 64, "learning_rate": 2e-3}


def settings_of(plan: Plan, training: Training, rows: int) -> Training:
    """Return the settings of a plan that writes symbols from a source, where the user left them open.

    Parameters
    ----------
    plan : Plan
        Plan of the network.
    training : Training
        The user's settings.
    rows : int
        Pairs to learn from.

    Returns
    -------
    Training
        The same, or for many pairs a copy with smaller batches and a higher rate than others get.
    """
    if not plan.writes_symbols or plan.beam_size == 1 or rows <= _MANY:
        return training
    fresh: Any = clone(training)
    return fresh.set_params(**{name: value for name, value in _BOLD.items() if getattr(training, name) == "auto"})
