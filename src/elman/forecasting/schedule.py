"""Schedule: how long a forecaster learns, and how much it holds out, where the user did not say."""

from __future__ import annotations

from typing import Any

from sklearn.base import clone

from elman.training.settings import Training

_SEEN = 200_000
"""Windows seen over all epochs."""
_FEWEST, _MOST = 5, 60
"""Epochs."""
_HELD = 0.1


def checked(training: Training) -> float:
    """Return the part of each series that is held out at its end."""
    return _HELD if training.validation_fraction == "auto" else float(training.validation_fraction)


def scheduled(training: Training, rows: int, *, epochs: int | None = None) -> Training:
    """Return training settings with the epochs filled in.

    Parameters
    ----------
    training : Training
        The user's settings.
    rows : int
        Windows to learn from.
    epochs : int, optional
        Epochs that were found to be best: the second learning, from everything.

    Returns
    -------
    Training
        A copy.
    """
    own: Any = clone(training)
    if epochs is not None:
        folder = None if training.checkpoint_dir is None else f"{training.checkpoint_dir}/again"
        return own.set_params(max_epochs=max(1, epochs), checkpoint_dir=folder)
    if training.max_epochs == "auto":
        own.set_params(max_epochs=max(_FEWEST, min(_MOST, round(_SEEN / max(rows, 1)))))
    return own
