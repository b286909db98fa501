"""The best weights so far, and the count of epochs without better ones."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn


class Best:
    """Weights of the epoch with the best metric; between equal metrics the validation loss decides.

    Parameters
    ----------
    higher_is_better : bool
        Whether a larger metric is a better one.
    """

    def __init__(self, higher_is_better: bool) -> None:
        self.sign = 1.0 if higher_is_better else -1.0
        self.epoch: int | None = None
        self.score: list[float] | None = None
        self.lowest_loss: float | None = None
        self.waited = 0
        self.weights: dict[str, Tensor] = {}

    def offer(self, model: nn.Module, epoch: int, loss: float | None, metric: float | None) -> bool:
        """Copy the weights of an epoch if its validation is the best so far; without validation the latest are the best."""
        score = [_rank(metric, self.sign), _rank(loss, -1.0)]
        is_best = self.score is None or score > self.score or (loss is None and metric is None)
        is_lower = loss is not None and math.isfinite(loss) and (self.lowest_loss is None or loss < self.lowest_loss)
        self.waited = 0 if is_best or is_lower else self.waited + 1
        if is_lower:
            self.lowest_loss = loss
        if is_best:
            self.epoch, self.score = epoch, score
            self.weights = {name: value.detach().clone() for name, value in model.state_dict().items()}
        return is_best

    def put_into(self, model: nn.Module) -> None:
        """Load the best weights into a model, if there are any."""
        if self.weights:
            with torch.no_grad():
                model.load_state_dict(self.weights)

    def state(self) -> dict[str, Any]:
        """Return everything but the weights as plain JSON."""
        return {"epoch": self.epoch, "score": self.score, "lowest_loss": self.lowest_loss, "waited": self.waited}

    def load(self, state: dict[str, Any], weights: dict[str, Tensor]) -> None:
        """Load a state and its weights."""
        self.epoch, self.score, self.lowest_loss, self.waited = (state[k] for k in ("epoch", "score", "lowest_loss", "waited"))
        self.weights = weights


def _rank(value: float | None, sign: float) -> float:
    """Return a number that is larger when better; NaN and infinity rank below all, as -1e300 because JSON has no infinity."""
    return sign * value if value is not None and math.isfinite(value) else -1e300
