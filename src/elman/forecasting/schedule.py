"""Schedule: the defaults of epochs and validation share for forecasters."""

from __future__ import annotations

from typing import Any

from sklearn.base import clone

from elman.training.settings import Training

_WINDOWS = 200_000
"""Windows of all epochs together."""
_FEWEST, _MOST = 5, 60
"""Epochs."""
_SHARE = 0.1


def validation_share(training: Training) -> float:
    """Return the part of each series that is held out at its end."""
    return _SHARE if training.validation_fraction == "auto" else float(training.validation_fraction)


def with_epochs(training: Training, windows: int, *, epochs: int | None = None) -> Training:
    """Return a copy of training settings with the number of epochs filled in."""
    settings: Any = clone(training)
    if epochs is not None:
        return settings.set_params(max_epochs=max(1, epochs))
    if training.max_epochs == "auto":
        settings.set_params(max_epochs=max(_FEWEST, min(_MOST, round(_WINDOWS / max(windows, 1)))))
    return settings
