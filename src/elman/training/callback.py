"""Callback: the hooks of the training loop, and the state of the run that each of them is given. No torch is imported here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from torch import nn

    from elman.training.history import History
    from elman.training.resolve import ResolvedTraining

HOOKS = ("on_train_start", "on_epoch_start", "on_batch_end", "on_epoch_end", "on_train_end")


@dataclass(frozen=True, kw_only=True)
class TrainingState:
    """The state of a training run at one hook, to read and not to change.

    Examples
    --------
    >>> from elman import Category, Model, Series, Training
    >>> class Watch:
    ...     def on_epoch_end(self, state):
    ...         print(f"epoch {state.epoch}, {state.share:.0%} of training, {state.batch} batch, best: {state.row['best']}")
    >>> training = Training(max_epochs=2, verbose=0, callbacks=[Watch()])
    >>> model = Model(Series(), Category(), training=training).fit([[0.0, 1.0], [1.0, 0.0]] * 8, ["up", "down"] * 8)
    epoch 1, 50% of training, 1 batch, best: True
    epoch 2, 100% of training, 1 batch, best: True
    """

    model: nn.Module
    """The network with its current weights: in training mode inside an epoch, in evaluation mode in ``on_epoch_end``; in
    ``on_train_end`` with its best weights."""
    settings: ResolvedTraining
    """Training settings, every "auto" resolved."""
    history: History
    """Rows of the finished epochs; ``history.stopped`` is the reason why training ends."""
    epoch: int
    """Epoch from 1."""
    batch: int
    """Batches of this epoch that are done."""
    batches: int
    """Batches of this epoch."""
    step: int
    """Steps of the optimizer since training began."""
    loss: float | None
    """Mean loss of this epoch so far; on a GPU up to 32 steps old, because reading it waits for the device."""
    learning_rate: float
    """Learning rate of the last step."""
    seconds: float
    """Seconds of training, those before a resumption included."""
    row: Mapping[str, Any] | None
    """Row of the history of this epoch, in ``on_epoch_end``; None elsewhere."""
    checkpoint: str | None
    """Name of the checkpoint that this run resumed from."""
    leads: bool
    """Whether this process is the one that prints and writes; False in all but the first of several processes."""

    @property
    def share(self) -> float:
        """Share of ``max_epochs`` that is done, from 0 to 1; patience or a budget may end training earlier."""
        return (self.epoch - 1 + self.batch / max(self.batches, 1)) / self.settings.max_epochs


class Callback(Protocol):
    """Hooks of the training loop; all of them are optional.

    Any object with at least one of these methods is a callback: ``Training(callbacks=[…])``. Inheriting from this class supplies the
    missing ones, for type checkers.

    A callback with ``state_dict`` and ``load_state_dict`` has its state in every checkpoint: a dict by name of tensors or plain JSON
    values. A resumed run calls ``on_train_start`` first, then ``load_state_dict`` (tensors are on the CPU). If it resumes inside an epoch,
    ``on_epoch_start`` is called again for that epoch, with ``state.batch`` above 0; the callback's state and the random generators are then
    reset to the checkpoint's, so that the run goes on to the same bits. A callback without these two methods counts as stateless.

    An exception in a hook ends training: the best weights so far stay in the model, the exception passes on unchanged, with the history as
    its attribute ``history`` and a note that names the callback.

    Callbacks are shared, not copied: each training run of a ``fit`` (a member of an ensemble, a forecaster's second run on all rows) and
    each scikit-learn clone calls the same objects. ``on_train_start`` is the place to reset them. With several processes every process
    calls its own callbacks, the checkpoint holds the state of the first, and training stops in all when a callback of one asks for it.
    Random numbers that a hook draws are part of the run: another callback may mean other bits.

    Examples
    --------
    >>> from elman import Category, Model, Series, Training
    >>> class StopBelow(Callback):
    ...     def __init__(self, loss):
    ...         self.loss, self.epochs = loss, 0
    ...     def on_train_start(self, state):
    ...         self.epochs = 0
    ...     def on_epoch_end(self, state):
    ...         self.epochs += 1
    ...         return state.row["loss"] < self.loss
    ...     def state_dict(self):
    ...         return {"epochs": self.epochs}
    ...     def load_state_dict(self, state):
    ...         self.epochs = state["epochs"]
    >>> stop = StopBelow(loss=100.0)
    >>> training = Training(max_epochs=50, verbose=0, callbacks=[stop])
    >>> model = Model(Series(), Category(), training=training).fit([[0.0, 1.0], [1.0, 0.0]] * 8, ["up", "down"] * 8)
    >>> model.history_.stopped, stop.epochs
    ('callback', 1)
    """

    def on_train_start(self, state: TrainingState) -> None:
        """Run before the first epoch, of a resumed run too."""

    def on_epoch_start(self, state: TrainingState) -> None:
        """Run before the first batch of an epoch."""

    def on_batch_end(self, state: TrainingState) -> None:
        """Run after each batch."""

    def on_epoch_end(self, state: TrainingState) -> bool | None:
        """Run after validation, for an epoch that was cut short too; return True to stop training."""

    def on_train_end(self, state: TrainingState) -> None:
        """Run once at the end, whatever ended training; after an error ``state.history.stopped`` is empty."""


def qualified_name(callback: object) -> str:
    """Return module and class of a callback; text, which is such a name out of a model file, is returned as it is.

    Parameters
    ----------
    callback : object
        A callback, its class, or its name.

    Returns
    -------
    str
        As ``package.module.Class``.

    Examples
    --------
    >>> qualified_name(Callback), qualified_name("mine.Recorder")
    ('elman.training.callback.Callback', 'mine.Recorder')
    """
    if isinstance(callback, str):
        return callback
    kind = callback if isinstance(callback, type) else type(callback)
    return f"{kind.__module__}.{kind.__qualname__}"
