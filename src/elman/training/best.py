"""The best weights so far, and the patience that waits for better ones."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn


class Best:
    """Keep the weights of the epoch with the best metric; equal metrics are told apart by validation loss.

    Parameters
    ----------
    higher_is_better : bool
        Sense of the metric.
    """

    def __init__(self, higher_is_better: bool) -> None:
        self.sign = 1.0 if higher_is_better else -1.0
        self.epoch: int | None = None
        self.score: list[float] | None = None
        self.lowest_loss: float | None = None
        self.waited = 0
        self.weights: dict[str, Tensor] = {}

    def offer(self, model: nn.Module, epoch: int, loss: float | None, metric: float | None) -> bool:
        """Look at an epoch's validation and keep its weights if they are the best; without validation the latest are.

        Parameters
        ----------
        model : Module
            Whose weights are copied.
        epoch : int
            Epoch from 1.
        loss : float or None
            Validation loss.
        metric : float or None
            The task's metric.

        Returns
        -------
        bool
            Whether they were kept.
        """
        score = [_rank(metric, self.sign), _rank(loss, -1.0)]
        better = self.score is None or score > self.score or (loss is None and metric is None)
        lower = loss is not None and math.isfinite(loss) and (self.lowest_loss is None or loss < self.lowest_loss)
        self.waited = 0 if better or lower else self.waited + 1
        if lower:
            self.lowest_loss = loss
        if better:
            self.epoch, self.score = epoch, score
            self.weights = {name: value.detach().clone() for name, value in model.state_dict().items()}
        return better

    def put_into(self, model: nn.Module) -> None:
        """Load the best weights, if there are any."""
        if self.weights:
            with torch.no_grad():
                model.load_state_dict(self.weights)

    def state(self) -> dict[str, Any]:
        """Return everything but the weights as plain JSON."""
        return {"epoch": self.epoch, "score": self.score, "lowest_loss": self.lowest_loss, "waited": self.waited}

    def load(self, state: dict[str, Any], weights: dict[str, Tensor]) -> None:
        """Take up a state."""
        self.epoch, self.score, self.lowest_loss, self.waited = (state[k] for k in ("epoch", "score", "lowest_loss", "waited"))
        self.weights = weights


def _rank(value: float | None, sign: float) -> float:
    """A number that is larger when better; what is not finite ranks below all (JSON has no infinity)."""
    return sign * value if value is not None and math.isfinite(value) else -1e300
