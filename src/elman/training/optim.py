"""The optimizer: AdamW with weight decay on matrices only, clipping and scaling of gradients in one pass, learning-rate schedules."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from elman.training.resolve import ResolvedTraining

_FLOOR = 0.02
"""Share of the peak learning rate at the end of the cosine."""
_PLATEAU_FACTOR = 0.5
_WARMUP_OF_BUDGET = 0.05
"""Share of a time budget after which the warm-up is over, however few its steps."""


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Split parameters into those that decay and those that do not.

    Biases, gains and all other vectors do not decay, nor do embeddings: the vector of a rare symbol would shrink in every step
    without it.
    """
    embeddings = {id(p) for m in model.modules() if isinstance(m, nn.Embedding | nn.EmbeddingBag) for p in m.parameters(recurse=False)}
    trainable = [p for p in model.parameters() if p.requires_grad]
    decayed = [p for p in trainable if p.dim() >= 2 and id(p) not in embeddings]
    ids = {id(p) for p in decayed}
    rest = [p for p in trainable if id(p) not in ids]
    groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]


def adamw(model: nn.Module, settings: ResolvedTraining) -> torch.optim.AdamW:
    """Return AdamW (Loshchilov and Hutter 2019) over the groups; torch's fused kernel where all weights are real numbers."""
    groups = parameter_groups(model, settings.weight_decay)
    return torch.optim.AdamW(groups, lr=settings.learning_rate, fused=True)


def clip_and_scale(gradients: Sequence[Tensor], units: float, max_grad_norm: float) -> Tensor:
    """Turn the gradient of a sum into that of the mean and clip its norm, in one pass over the memory.

    Parameters
    ----------
    gradients : sequence of Tensor
        Gradients of the summed loss; changed in place.
    units : float
        Number of tokens, steps or rows in the sum.
    max_grad_norm : float
        Largest total norm of the mean's gradient; 0 leaves it as it is.

    Returns
    -------
    Tensor
        The norm before clipping, (); not finite if the gradient is not (the gradient is then of no use).
    """
    norm = torch.nn.utils.get_total_norm(gradients) / units
    scale = torch.full_like(norm, 1 / units)
    if max_grad_norm:
        scale = scale * torch.clamp(max_grad_norm / (norm + 1e-6), max=1.0)
    torch._foreach_mul_(list(gradients), scale)  # pyright: ignore[reportPrivateImportUsage]  # as torch's own clipping does
    return norm


class Schedule:
    """The learning rate at each step: linear warm-up, then cosine, constant, or halved on a plateau.

    Parameters
    ----------
    settings : ResolvedTraining
        Peak, kind, and numbers of steps.
    """

    def __init__(self, settings: ResolvedTraining) -> None:
        self.kind, self.peak = settings.schedule, settings.learning_rate
        self.warmup, self.total = settings.warmup_steps, settings.total_steps
        self.wait_limit = max(1, settings.patience // 3)
        self.factor, self.waited = 1.0, 0

    def rate(self, step: int, progress: float = 0.0) -> float:
        """Return the learning rate of a step; ``progress`` is the share of a time budget already used."""
        ramp = max((step + 1) / max(self.warmup, 1), progress / _WARMUP_OF_BUDGET)  # a short budget is not all warm-up
        if step < self.warmup and ramp < 1:
            return self.peak * ramp
        if self.kind != "cosine":
            return self.peak * self.factor
        share = max(step - self.warmup, 0) / max(self.total - self.warmup, 1)
        share = min(max(share, progress), 1.0)
        return self.peak * (_FLOOR + (1 - _FLOOR) * 0.5 * (1 + math.cos(math.pi * share)))

    def after_epoch(self, improved: bool) -> None:
        """Count epochs without a better validation; on a plateau too many of them halve the rate."""
        self.waited = 0 if improved else self.waited + 1
        if self.kind == "plateau" and self.waited >= self.wait_limit:
            self.factor, self.waited = self.factor * _PLATEAU_FACTOR, 0

    def state(self) -> dict[str, float]:
        """Return the changing values as plain JSON."""
        return {"factor": self.factor, "waited": self.waited}

    def load(self, state: dict[str, float]) -> None:
        """Load a state."""
        self.factor, self.waited = state["factor"], int(state["waited"])
