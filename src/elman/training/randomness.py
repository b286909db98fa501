"""Random states: seeded for a run, stored in a checkpoint, and restored to the user's own afterwards."""

from __future__ import annotations

import base64
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


def capture() -> dict[str, Any]:
    """Return the states of Python's, NumPy's and torch's generators as plain JSON."""
    version, numbers, gauss = random.getstate()
    name, keys, position, has_gauss, cached = np.random.get_state(legacy=True)  # the legacy one: others may draw from it
    states = {
        "python": [version, list(numbers), gauss],
        "numpy": [name, np.asarray(keys).tolist(), int(position), int(has_gauss), float(cached)],
        "torch": _text(torch.get_rng_state()),
    }
    if torch.cuda.is_initialized():
        states["cuda"] = [_text(state) for state in torch.cuda.get_rng_state_all()]
    return states


def restore(states: dict[str, Any]) -> None:
    """Set the generators to the states that :func:`capture` returned."""
    version, numbers, gauss = states["python"]
    random.setstate((version, tuple(numbers), gauss))
    name, keys, position, has_gauss, cached = states["numpy"]
    np.random.set_state((name, np.array(keys, dtype=np.uint32), position, has_gauss, cached))
    torch.set_rng_state(_tensor(states["torch"]))
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state_all([_tensor(text) for text in states["cuda"]])


_OWNED, _BUILDS = threading.RLock(), threading.RLock()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Run a block with all generators seeded, then restore their states, so that random numbers outside do not change.

    The generators belong to the whole process: while one thread has them seeded, a block of another thread leaves them alone. The masks
    of a run are not drawn from them (:mod:`elman.kernels.masks`), only what the user's own code draws.

    Parameters
    ----------
    seed : int
        Seed of Python's, NumPy's and torch's generators.

    Examples
    --------
    >>> with seeded(3):
    ...     a = torch.rand(1)
    >>> with seeded(3):
    ...     b = torch.rand(1)
    >>> bool(a == b)
    True
    """
    if not _OWNED.acquire(blocking=False):
        yield
        return
    try:
        with preserved():
            with _BUILDS:
                random.seed(seed)
                np.random.seed(seed % 2**32)
                torch.manual_seed(seed)
            yield
    finally:
        _OWNED.release()


@contextmanager
def seeded_build(seed: int) -> Iterator[None]:
    """Run a block that draws first weights, with torch's generator seeded; those of other threads wait for it."""
    with _BUILDS, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


@contextmanager
def preserved() -> Iterator[None]:
    """Restore the states of all generators after a block."""
    with _BUILDS:
        before = capture()
    try:
        yield
    finally:
        with _BUILDS:  # never amid the first weights of a network that another thread builds
            restore(before)


def _text(state: torch.Tensor) -> str:
    return base64.b64encode(state.numpy().tobytes()).decode()


def _tensor(text: str) -> torch.Tensor:
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.uint8)
