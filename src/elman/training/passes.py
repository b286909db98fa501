"""One pass over batches: devices, precision, chunks for truncated backpropagation, and the loss without gradients."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from elman.errors import SettingError
from elman.training.batches import plan_in_order
from elman.training.distributed import Group
from elman.training.examples import Examples
from elman.training.resolve import ResolvedTraining


def to_device(batch: Any, device: str) -> Any:
    """Move a collated batch; on the CPU it is already there."""
    if device == "cpu" or batch is None:
        return batch
    if isinstance(batch, dict):
        return {name: to_device(part, device) for name, part in batch.items()}
    return batch.to(device)


def autocast(device: str, precision: str) -> Any:
    """Return the context in which the network computes."""
    if precision == "float32":
        return nullcontext()
    return torch.autocast(torch.device(device).type, dtype=torch.bfloat16)


def count_chunks(steps: np.ndarray, length: int | None) -> int:
    """Return the number of chunks of a batch, the same in every process because ``steps`` are those of the whole batch."""
    return 1 if length is None or len(steps) == 0 else max(1, -(-int(steps.max()) // length))


def losses(model: nn.Module, source: Any, target: Any, length: int | None) -> Iterator[Any]:
    """Return the losses of a batch: one, or with truncated backpropagation one for each chunk of ``length`` steps.

    The network cuts the batch itself, because it carries its state on and detaches it between chunks.
    """
    if length is None:
        return iter((model.loss(source, target),))  # type: ignore[operator]
    return model.losses(source, target, length)  # type: ignore[operator]


def objective(loss: Any) -> Tensor:
    """Return the objective: the summed loss, plus the penalty of a network that has one."""
    penalty = getattr(loss, "penalty", None)
    return loss.total if penalty is None else loss.total + penalty


def check_truncation(model: nn.Module, length: int | None) -> None:
    """Raise SettingError for truncated backpropagation through a network that carries no state from chunk to chunk."""
    if length is not None and not getattr(model, "carries_state", False):
        raise SettingError(
            "tbptt_length works where there is a target for every step and the network reads one way"
            " (language models, aligned models); leave it at None here."
        )


def mean_loss(model: nn.Module, examples: Examples, settings: ResolvedTraining, device: str, group: Group | None = None) -> float:
    """Return the loss per unit (token, step or row) over all examples, without gradients."""
    group = group or Group()
    plan = plan_in_order(examples.lengths, batch_size=4 * settings.batch_size, batch_tokens=2 * settings.batch_tokens)
    total, units = 0.0, 0
    with torch.no_grad(), autocast(device, settings.precision):
        for source, target in examples.batches(plan[group.rank :: group.world], settings.num_workers):
            for loss in losses(model, to_device(source, device), to_device(target, device), settings.tbptt_length):
                total, units = total + float(loss.total), units + loss.units
    total, units = group.sum([total, float(units)])
    return total / units if units else float("nan")
