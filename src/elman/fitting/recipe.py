"""Recipe: training settings that suit a kind of task, where the user left them at "auto"."""

from __future__ import annotations

from typing import Any

from sklearn.base import clone

from elman.codecs import Discrete, Words
from elman.network import Plan
from elman.training.settings import Training

_EPOCHS = ((50, 40), (500, 15), (50_000, 6))
"""Passes by the rows there are of a category (of all, for tags and numbers)."""
_EPOCHS_BEYOND = 3
_WRITTEN = ((1_000, 4), (2_000, 8), (4_000, 16))
"""Rows of a batch by the rows there are, where a network writes in frames (CTC)."""


def recipe(plan: Plan, training: Training, rows: int) -> Training:
    """Return the settings with "auto" filled where texts and frames (CTC) learn best with other values than other sequences.

    A network with a vector for every word learns a few thousand texts by heart in a few passes: few passes, whose learning rate falls
    to its end within them, are better than many that early stopping cuts. A network that writes in frames (CTC) writes nothing for its
    first thousand steps or so: of few rows it is given small batches, so that an epoch has more steps.
    """
    smaller = next((size for most, size in _WRITTEN if rows <= most), None)
    if plan.writes_frames and training.batch_size == "auto" and smaller is not None:
        written: Any = clone(training)
        return written.set_params(batch_size=smaller)
    text = plan.source is not None and isinstance(plan.source.space, Words) and plan.answers_whole
    if not text or training.max_epochs != "auto":
        return training
    each = rows / plan.target.space.n if isinstance(plan.target.space, Discrete) else rows
    epochs = next((epochs for most, epochs in _EPOCHS if each <= most), _EPOCHS_BEYOND)
    adapted: Any = clone(training)
    return adapted.set_params(max_epochs=epochs)
