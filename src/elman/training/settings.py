"""Settings of training. No torch is imported here: ``elman --help`` reads this file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

from elman.errors import SettingError
from elman.settings import Settings
from elman.training.callback import Callback

_UNITS = {"s": 1.0, "sec": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)")


def seconds(duration: str | float, name: str = "budget") -> float:
    """Return a time span in seconds.

    Parameters
    ----------
    duration : str or float
        "90s", "5min", "2h", or a number of seconds.
    name : str, default "budget"
        Name of the setting, for the error.

    Returns
    -------
    float
        Seconds, 0 or more.

    Examples
    --------
    >>> seconds("5min"), seconds(2.5), seconds("2h")
    (300.0, 2.5, 7200.0)
    """
    match = _DURATION.fullmatch(str(duration).strip().lower())
    unit = (match[2] or "s") if match else ""
    if match is None or unit not in _UNITS:
        raise SettingError(f"{name} must be a time like '90s', '5min', '2h' or a number of seconds; got {duration!r}.")
    return float(match[1]) * _UNITS[unit]


@dataclass(kw_only=True, eq=False, repr=False)
class Training(Settings):
    """Settings of training. "auto" is decided from the data and shown by ``plan()``."""

    max_epochs: int | Literal["auto"] = "auto"
    """Passes over the training part at most."""
    budget: str | float | None = None
    """Time limit, "5min", "90s", "2h" or seconds; the best model so far is kept."""
    learning_rate: float | Literal["auto"] = "auto"
    """Peak learning rate of AdamW."""
    batch_size: int | Literal["auto"] = "auto"
    """Sequences in a batch at most."""
    batch_tokens: int | Literal["auto"] = "auto"
    """Steps in a batch at most, summed over its sequences."""
    schedule: Literal["auto", "cosine", "constant", "plateau"] = "auto"
    """Course of the learning rate after a short warm-up."""
    weight_decay: float | Literal["auto"] = "auto"
    """Decoupled weight decay of AdamW (not on biases)."""
    max_grad_norm: float = 1.0
    """Gradients are clipped to this total norm; 0 turns it off."""
    patience: int | Literal["auto"] = "auto"
    """Epochs without a better validation loss before stopping."""
    validation_fraction: float | Literal["auto"] = "auto"
    """Share of sequences held out, whole ones, for early stopping; 0 turns it off."""
    average_weights: float | Literal["auto"] = "auto"
    """Decay of the running average of weights used for validation and prediction; 0 turns it off."""
    tbptt_length: int | None = None
    """Steps after which the gradient is cut and the state carried on (truncated backpropagation through time)."""
    gradient_accumulation: int = 1
    """Batches summed before one step of the optimizer."""
    random_state: int = 0
    """Seed: the same seed gives the same bits on the CPU."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Arithmetic of the network (torch.amp for bfloat16)."""
    device: str = "auto"
    """"cpu", "cuda", "cuda:1"; "auto" takes a GPU when there is one."""
    num_workers: int | Literal["auto"] = "auto"
    """Threads that read, encode and augment rows ahead of training; "auto" takes 2 for files, 1 for rows that are augmented."""
    checkpoint_dir: str | None = None
    """Folder for checkpoints; a run started again with the same folder goes on where it stopped."""
    checkpoint_every: str | float = "10min"
    """Time between checkpoints inside an epoch; one is always written after each epoch."""
    verbose: int = 1
    """0 is silent; 1 prints one line per epoch."""
    callbacks: Sequence[Callback] = ()
    """Objects whose methods are called while training goes on (``elman.training.Callback``); a model file holds only their names."""

    def __sklearn_clone__(self) -> Self:
        """Copy the settings for ``sklearn.base.clone``; the copy shares the callbacks, so that the caller's own objects are called."""
        return replace(self)
