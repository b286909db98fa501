"""Task: the metric of a training run, with the score of the simplest baseline."""

from __future__ import annotations

from typing import Any, Protocol

from torch import nn

from elman.training.examples import Examples


class Task(Protocol):
    """Metric of the validation rows, with the score of the simplest baseline.

    A method ``from_loss(loss) -> float`` is called instead of ``evaluate``, where the metric is a function of the validation loss.
    """

    @property
    def metric(self) -> str:
        """Name of the metric, as "accuracy"."""
        ...

    @property
    def higher_is_better(self) -> bool:
        """Whether a larger metric is a better one."""
        ...

    @property
    def baseline(self) -> float | None:
        """Metric of the simplest baseline on the same held-out rows, if there is one."""
        ...

    def evaluate(self, model: nn.Module, examples: Examples) -> float:
        """Return the metric of the model, which is in evaluation mode, on held-out rows."""
        ...


class LossOnly:
    """A task without a metric: the validation loss decides."""

    metric: str = ""
    higher_is_better: bool = True
    baseline: float | None = None

    def evaluate(self, model: Any, examples: Any) -> float:  # noqa: ARG002
        """Return 0: all models are equal by this metric, so that the loss decides."""
        return 0.0
