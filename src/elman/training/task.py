"""Task: what training needs to know of the purpose: a metric, and the simplest baseline's score beside it."""

from __future__ import annotations

from typing import Any, Protocol

from torch import nn

from elman.training.examples import Examples


class Task(Protocol):
    """Metric of the validation rows, with the simplest baseline's score.

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
        """The metric of the simplest baseline on the same held-out rows, if known."""
        ...

    def evaluate(self, model: nn.Module, examples: Examples) -> float:
        """Return the metric of the model, which is in evaluation mode, on held-out rows."""
        ...


class LossOnly:
    """A task without a metric of its own: validation loss decides."""

    metric: str = ""
    higher_is_better: bool = True
    baseline: float | None = None

    def evaluate(self, model: Any, examples: Any) -> float:  # noqa: ARG002
        """Return 0: every model is as good as another by this metric, so the loss decides."""
        return 0.0
