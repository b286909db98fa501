"""Sums of an epoch: loss, units and gradient norms, read from the device as rarely as the caller likes."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

_LOSS, _NORM = "loss", "norm"


class EpochSums:
    """Running sums of one epoch on this process.

    Losses and norms stay on the device until :meth:`read` adds them one by one, so that reading often or rarely gives the same bits.

    Parameters
    ----------
    processes : int, default 1
        Processes that share each batch.

    Attributes
    ----------
    first_loss : float or None
        Mean loss at the first read of the whole run.
    waiting : float
        Seconds in which the network waited for batches.
    """

    def __init__(self, processes: int = 1) -> None:
        self.processes = processes
        self.first_loss: float | None = None
        self._pending: list[tuple[Tensor, str]] = []
        self._units_read = 0.0
        self.reset()

    def reset(self) -> None:
        """Start the sums of another epoch."""
        self.loss, self.units, self.norm, self.norms, self.waiting = 0.0, 0.0, 0.0, 0, 0.0
        self._units_read = 0.0

    def add_loss(self, total: Tensor) -> None:
        """Add the summed loss of a batch, or of a chunk of one."""
        self._pending.append((total.detach(), _LOSS))

    def add_step(self, norm: Tensor, units: float) -> None:
        """Add the gradient norm of one optimizer step, and the units of all processes that it learned from."""
        self._pending.append((norm, _NORM))
        self.units += units

    def read(self) -> str | None:
        """Wait for the pending numbers and add them; return the problem if a sum is not finite."""
        if not self._pending:
            return None
        numbers = torch.stack([value.to(torch.float64) for value, _ in self._pending]).tolist()
        for number, (_, kind) in zip(numbers, self._pending, strict=True):
            if kind == _NORM:
                self.norm, self.norms = self.norm + number, self.norms + 1
            else:
                self.loss += number
        self._pending.clear()
        if not math.isfinite(self.loss):
            return "the loss is not finite any more"
        if not math.isfinite(self.norm):
            return "the gradient is not finite any more"
        self._units_read = self.units
        if self.first_loss is None and self.units:
            self.first_loss = self.loss / self.units * self.processes
        return None

    @property
    def mean_loss(self) -> float | None:
        """Mean loss per unit at the last read; None before the first."""
        return self.loss / self._units_read * self.processes if self._units_read else None

    def state(self) -> dict[str, Any]:
        """Return the sums that all processes share, as plain JSON; ``loss`` is each process's own."""
        return {"units": self.units, "norm_sum": self.norm, "norms": self.norms, "first_loss": self.first_loss}

    def load(self, state: dict[str, Any], loss: float) -> None:
        """Load a state, and the summed loss of this process."""
        self.units, self.norm, self.norms, self.first_loss = (state[name] for name in ("units", "norm_sum", "norms", "first_loss"))
        self.loss, self._units_read = loss, self.units
