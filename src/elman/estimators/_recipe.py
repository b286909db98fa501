"""Recipe: training settings that suit a kind of task, where the user left them at "auto"."""

from __future__ import annotations

from typing import Any

from sklearn.base import clone

from elman.codecs import Words
from elman.network import Plan
from elman.training.settings import Training

_TEXT_EPOCHS = ((500, 40), (2_000, 20), (50_000, 8))
_TEXT_EPOCHS_BEYOND = 4


def recipe(plan: Plan, training: Training, rows: int) -> Training:
    """Return the settings with "auto" filled where texts want something else than other sequences.

    A network with a vector for every word learns a few thousand texts by heart in a few passes: few passes, whose learning rate falls
    to its end within them, are better than many that early stopping cuts.

    Parameters
    ----------
    plan : Plan
        The network.
    training : Training
        What the user set.
    rows : int
        Rows there are.

    Returns
    -------
    Training
        The same object where nothing is to change.
    """
    text = plan.source is not None and isinstance(plan.source.space, Words) and plan.decoder == "summary"
    if not text or training.max_epochs != "auto":
        return training
    epochs = next((epochs for most, epochs in _TEXT_EPOCHS if rows <= most), _TEXT_EPOCHS_BEYOND)
    own: Any = clone(training)
    return own.set_params(max_epochs=epochs)
