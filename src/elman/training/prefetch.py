"""Prefetching: a few threads make the next batches while the network learns from the last."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

_EACH = 2
"""Batches that a thread may be ahead; they bound the memory of reading."""


def ahead(make: Callable[[np.ndarray], Any], plan: Sequence[np.ndarray], readers: int) -> Generator[Any]:
    """Make the batches of a plan in threads and yield them in the order of the plan, whatever the number of threads.

    Parameters
    ----------
    make : callable
        Read and collate some rows; called from several threads.
    plan : sequence of arrays of int
        Row numbers of each batch.
    readers : int
        Number of threads, at least one.

    Yields
    ------
    Any
        Batches; an error in one is raised in its turn.

    Examples
    --------
    >>> list(ahead(np.sum, [np.array([1, 2]), np.array([3])], 2))
    [np.int64(3), np.int64(3)]
    """
    pool = ThreadPoolExecutor(readers, thread_name_prefix="elman-reader")
    pending: deque[Future[Any]] = deque()
    try:
        for rows in plan:
            pending.append(pool.submit(make, rows))
            if len(pending) > _EACH * readers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:  # no thread may go on reading after training, whatever ended it
        pool.shutdown(wait=True, cancel_futures=True)
