"""Training in several processes, started by torchrun: each takes its share of every batch, and all end with the same weights.

Every step has one small sum (units, loss, votes) and one DistributedDataParallel reduction, whatever rows a process has had:
gradients are first summed locally, then a backward pass through a zero that hangs on every parameter starts the reduction. So
uneven shares, no rows at all, and truncated sequences of different lengths cannot make one process wait for another for ever.
Only tensors travel; nothing is pickled.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn


class Group:
    """The processes that train together; in a single process every method returns at once.

    Parameters
    ----------
    rank : int, default 0
        Number of this process; only 0 prints and writes.
    world : int, default 1
        Number of processes.
    """

    def __init__(self, rank: int = 0, world: int = 1) -> None:
        self.rank, self.world = rank, world
        self._parallel: nn.Module | None = None

    @property
    def leads(self) -> bool:
        """Whether this process prints and writes."""
        return self.rank == 0

    def share(self, rows: np.ndarray) -> np.ndarray:
        """Return this process's rows of a batch, perhaps none."""
        return rows[self.rank :: self.world] if self.world > 1 else rows

    def attach(self, model: nn.Module) -> None:
        """Copy rank 0's weights to all processes and prepare the sum of gradients."""
        if self.world > 1:
            self._parallel = nn.parallel.DistributedDataParallel(_Zero(model))

    def release(self) -> None:
        """Free the wrapper, which refers to the process group, before the group itself ends."""
        if self._parallel is not None:
            self._parallel = None
            gc.collect()  # the wrapper and its hooks hold each other

    def alone(self) -> Any:
        """Return a context in which backward passes add up gradients here only."""
        return self._parallel.no_sync() if self._parallel is not None else nullcontext()  # type: ignore[operator]

    def sum_gradients(self) -> None:
        """Replace every gradient by its mean over the processes."""
        if self._parallel is not None:
            self._parallel().backward()

    def sum(self, values: list[float]) -> list[float]:
        """Return the sum of each number over the processes."""
        if self.world == 1:
            return values
        tensor = torch.tensor(values, dtype=torch.float64, device=_device())
        dist.all_reduce(tensor)
        return tensor.tolist()

    def from_first(self, value: float) -> float:
        """Return rank 0's number."""
        if self.world == 1:
            return value
        tensor = torch.tensor([value], dtype=torch.float64, device=_device())
        dist.broadcast(tensor, 0)
        return float(tensor)

    def gather_text(self, text: str) -> list[str]:
        """Return the text of each process."""
        if self.world == 1:
            return [text]
        data = torch.frombuffer(bytearray(text.encode()), dtype=torch.uint8).to(_device())
        sizes = [torch.zeros(1, dtype=torch.int64, device=_device()) for _ in range(self.world)]
        dist.all_gather(sizes, torch.tensor([len(data)], device=_device()))
        longest = max(int(size) for size in sizes)
        padded = [torch.zeros(longest, dtype=torch.uint8, device=_device()) for _ in range(self.world)]
        dist.all_gather(padded, nn.functional.pad(data, (0, longest - len(data))))
        return [bytes(row[: int(size)].cpu().numpy()).decode() for row, size in zip(padded, sizes, strict=True)]


class _Zero(nn.Module):
    """A module whose output is a zero that depends on every parameter of a model."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self) -> Tensor:
        zeros = [(p * 0.0).sum() for p in self.model.parameters() if p.requires_grad]
        return torch.stack(zeros).sum()


def _device() -> str:
    return "cuda" if dist.get_backend() == "nccl" else "cpu"


@contextmanager
def joined(device: str) -> Iterator[tuple[Group, str]]:
    """Join the processes that torchrun started; without torchrun the group is this process alone."""
    world = int(os.environ.get("WORLD_SIZE", "1")) if "RANK" in os.environ else 1
    if not dist.is_available() or (world == 1 and not dist.is_initialized()):
        yield Group(), device
        return
    if device == "cuda":
        device = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
        torch.cuda.set_device(device)
    started_here = not dist.is_initialized()
    if started_here:
        dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    group = Group(dist.get_rank(), dist.get_world_size())
    try:
        yield group, device
        if started_here:
            dist.barrier()  # nobody takes the group down while another still finishes its last sum
    finally:
        group.release()
        if started_here:
            dist.destroy_process_group()
