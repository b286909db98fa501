"""Ahead: batches are made by a few threads while the network still learns from those before."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

_EACH = 2
"""Batches that a thread may be ahead: the memory that reading takes is bounded by them."""


def ahead(make: Callable[[np.ndarray], Any], plan: Sequence[np.ndarray], readers: int) -> Generator[Any]:
    """Yield what ``make`` returns for the rows of each batch, in the order of the plan whatever the number of threads.

    Parameters
    ----------
    make : callable
        Reads and collates some rows; called from several threads.
    plan : sequence of arrays of int
        Row numbers of each batch.
    readers : int
        Threads, at least one.

    Yields
    ------
    Any
        Batches; an error in one is raised where its turn comes.

    Examples
    --------
    >>> list(ahead(np.sum, [np.array([1, 2]), np.array([3])], 2))
    [np.int64(3), np.int64(3)]
    """
    pool = ThreadPoolExecutor(readers, thread_name_prefix="elman-reader")
    coming: deque[Future[Any]] = deque()
    try:
        for rows in plan:
            coming.append(pool.submit(make, rows))
            if len(coming) > _EACH * readers:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
    finally:  # nobody may be left reading when training has ended, whatever ended it
        pool.shutdown(wait=True, cancel_futures=True)
