"""Masks of dropout and zoneout, drawn from a counter: a random number depends on seed, step, draw and element alone.

Within a training run (:class:`RandomStream`) masks are the same for any number of threads, and whatever other threads of the process
draw; a resumed run needs only the number of its step. The compiled module draws them (csrc/dense/mask.hpp), their chance rounded to a
multiple of 2^-16. Outside a run, on a GPU and in a graph torch draws them, so that ``torch.manual_seed`` decides.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn import Parameter

from elman.kernels.dispatch import wanted
from elman.kernels.recording import is_recording
from elman.sequences.threads import num_threads

try:
    from elman import _native
except ImportError:  # torch draws everything
    _native: Any = None

_UNITS = 1 << 16
_THREAD = threading.local()


class RandomStream:
    """Counters of one training run: its seed, the step at hand, and the masks drawn in it.

    Parameters
    ----------
    seed : int
        Seed of the run.
    """

    def __init__(self, seed: int) -> None:
        self.seed, self.step, self.draws = seed % 2**64, 0, 0

    def start_step(self, step: int) -> None:
        """Begin a step: its masks depend on its number, not on those before it."""
        self.step, self.draws = step % 2**64, 0

    def next_counter(self) -> tuple[int, int, int]:
        """Return seed, step and number of the next draw."""
        self.draws += 1
        return self.seed, self.step, self.draws

    @contextmanager
    def active(self) -> Generator[None]:
        """Draw the masks of this thread from the stream."""
        before = _active()
        _THREAD.stream = self
        try:
            yield
        finally:
            _THREAD.stream = before


def dropout(x: Tensor, p: float) -> Tensor:
    """Set elements to zero with chance ``p`` and scale the others by ``1 / (1 - p)``.

    Parameters
    ----------
    x : Tensor
        Any shape.
    p : float
        Chance, 0..1.

    Returns
    -------
    Tensor
        As ``x``.
    """
    if not p:
        return x
    return x * keep_mask(x, x.shape, p) if _is_native(x) else F.dropout(x, p, True)


def keep_mask(like: Tensor, shape: tuple[int, ...] | torch.Size, p: float) -> Tensor:
    """Return a mask of zeros, with chance ``p``, and of ``1 / (1 - p)``.

    Parameters
    ----------
    like : Tensor
        Its dtype and device.
    shape : tuple of int
        Of the mask.
    p : float
        Chance of a zero, 0..1.

    Returns
    -------
    Tensor
        Its mean is one.

    Examples
    --------
    >>> with RandomStream(3).active():
    ...     first = keep_mask(torch.ones(1), (2, 50), 0.5)
    >>> with RandomStream(3).active():
    ...     again = keep_mask(torch.ones(1), (2, 50), 0.5)
    >>> torch.equal(first, again), first.unique().tolist()
    (True, [0.0, 2.0])
    """
    if not _is_native(like):
        return F.dropout(like.new_ones(shape), p, True)
    return _drawn(like, shape, p, dropped=0.0, kept=1 / (1 - p) if p < 1 else 0.0)


def chance_mask(like: Tensor, shape: tuple[int, ...] | torch.Size, p: float) -> Tensor:
    """Return a mask of ones, with chance ``p``, and of zeros; parameters as of :func:`keep_mask`."""
    if not _is_native(like):
        return like.new_empty(shape).uniform_().lt_(p)  # torch's bernoulli_ takes three times as long
    return _drawn(like, shape, p, dropped=1.0, kept=0.0)


def generator(device: torch.device) -> torch.Generator | None:
    """Return a generator for a rare draw of another kind, seeded by the stream; None outside a run: torch's default."""
    stream = _active()
    if stream is None or device.type != "cpu":
        return None
    # hashes of numbers, unlike those of text, are the same in every process
    return torch.Generator().manual_seed(hash(stream.next_counter()) % 2**63)


def _active() -> RandomStream | None:
    return getattr(_THREAD, "stream", None)


def _is_native(like: Tensor) -> bool:
    plain = type(like) in (Tensor, Parameter) and like.device.type == "cpu" and like.is_floating_point()
    return _native is not None and _active() is not None and plain and wanted() in (None, "native") and not is_recording(like)


def _drawn(like: Tensor, shape: tuple[int, ...] | torch.Size, p: float, *, dropped: float, kept: float) -> Tensor:
    is_double = like.dtype == torch.float64
    mask = torch.empty(shape, dtype=torch.float64 if is_double else torch.float32, device="cpu")
    threshold = min(max(round(p * _UNITS), 0), _UNITS)
    _native.mask(is_double, mask.data_ptr(), mask.numel(), threshold, dropped, kept, *_THREAD.stream.next_counter(), num_threads())
    return mask if mask.dtype == like.dtype else mask.to(like.dtype)
