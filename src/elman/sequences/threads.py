"""Threads: how many the kernels use, and a block whose results do not depend on it."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

import torch

_THREAD = threading.local()


def num_threads() -> int:
    """Return the number of threads that kernels use: torch's, and within :func:`reproducible` torch's before it."""
    return getattr(_THREAD, "count", None) or torch.get_num_threads()


def is_reproducible() -> bool:
    """Return whether this thread is in a block of :func:`reproducible`."""
    return getattr(_THREAD, "count", None) is not None


@contextmanager
def reproducible() -> Generator[None]:
    """Run a block whose results have the same bits for any number of threads.

    Torch's own operations and NumPy's BLAS run on one thread: on several, they split sums by the number of threads. The kernels of this
    package, whose bits do not depend on it, go on with all. Also a decorator.

    Examples
    --------
    >>> before = torch.get_num_threads()
    >>> with reproducible():
    ...     torch.get_num_threads(), num_threads() == before
    (1, True)
    >>> torch.get_num_threads() == before
    True
    """
    if is_reproducible():
        yield
        return
    count = _THREAD.count = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with _BLAS:
            yield
    finally:
        torch.set_num_threads(count)
        _THREAD.count = None


class _OneBlasThread:
    """Limits NumPy's BLAS to one thread while any block is open; the number of its threads belongs to the whole process."""

    def __init__(self) -> None:
        self.lock, self.blocks, self.limits = threading.Lock(), 0, cast(Any, None)

    def __enter__(self) -> None:
        with self.lock:
            if not self.blocks:
                self.limits = _controller().limit(limits=1, user_api="blas")
            self.blocks += 1

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.blocks -= 1
            if not self.blocks:
                self.limits.restore_original_limits()


_BLAS = _OneBlasThread()


@cache
def _controller() -> Any:
    from threadpoolctl import ThreadpoolController  # pyright: ignore[reportMissingTypeStubs]  # it has none

    return ThreadpoolController()  # looks through all loaded libraries: once
