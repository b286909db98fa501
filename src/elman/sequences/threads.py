"""Threads: how many the kernels use, and a block whose results do not depend on it."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch

_THREAD = threading.local()
_LOCK = threading.Lock()
_BLAS: list[Any] = [0, None]  # blocks that are open in the process, and what restores NumPy's BLAS after the last


def num_threads() -> int:
    """Return the number of threads that kernels use, ``torch.get_num_threads()`` where the caller asked for no other."""
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
    count, outer = torch.get_num_threads(), getattr(_THREAD, "count", None)
    if outer is not None:
        yield
        return
    _THREAD.count = count
    torch.set_num_threads(1)
    _enter_blas()
    try:
        yield
    finally:
        _leave_blas()
        torch.set_num_threads(count)
        _THREAD.count = None


@cache
def _controller() -> Any:
    from threadpoolctl import ThreadpoolController  # pyright: ignore[reportMissingTypeStubs]  # it has none

    return ThreadpoolController()  # looks through all loaded libraries: once


def _enter_blas() -> None:
    """Limit NumPy's BLAS, whose number of threads is one for the whole process."""
    with _LOCK:
        if not _BLAS[0]:
            _BLAS[1] = _controller().limit(limits=1, user_api="blas")
        _BLAS[0] += 1


def _leave_blas() -> None:
    with _LOCK:
        _BLAS[0] -= 1
        if not _BLAS[0]:
            _BLAS[1].restore_original_limits()
