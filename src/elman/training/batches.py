"""Plans of batches: (seed, epoch) alone decides the rows of each and their order, so that a resumed run finds its place again."""

from __future__ import annotations

import numpy as np

_BLUR = 0.5
"""Octaves of noise on the lengths before sorting, so that batches have rows of like length, but not the same ones each epoch."""


def plan_epoch(lengths: np.ndarray, *, batch_size: int, batch_tokens: int, seed: int, epoch: int) -> list[np.ndarray]:
    """Shuffle rows into batches of like length under a limit of rows and of steps.

    Parameters
    ----------
    lengths : (N,) array of int
        Steps of each row, source and target together.
    batch_size : int
        Rows in a batch at most.
    batch_tokens : int
        Steps in a batch at most; a longer row is a batch of its own.
    seed : int
        Seed of the run.
    epoch : int
        Epoch from 0; the same pair of both gives the same plan.

    Returns
    -------
    list of arrays of int
        Row numbers of each batch; every row is in exactly one.

    Examples
    --------
    >>> plan = plan_epoch(np.array([1, 9, 1, 9]), batch_size=2, batch_tokens=100, seed=0, epoch=0)
    >>> sorted(sorted(rows.tolist()) for rows in plan)
    [[0, 2], [1, 3]]
    """
    random = np.random.Generator(np.random.Philox(key=[seed % 2**64, epoch]))
    if len(lengths) == 0:
        return []
    blurred = np.log2(np.maximum(lengths, 1)) + random.uniform(0, _BLUR, len(lengths))
    order = np.argsort(blurred, kind="stable")
    plan = cut(order, lengths, batch_size=batch_size, batch_tokens=batch_tokens)
    random.shuffle(places := np.arange(len(plan)))
    return [plan[i] for i in places]


def plan_in_order(lengths: np.ndarray, *, batch_size: int, batch_tokens: int) -> list[np.ndarray]:
    """Return batches from short rows to long ones, for evaluation."""
    return cut(np.argsort(lengths, kind="stable"), lengths, batch_size=batch_size, batch_tokens=batch_tokens)


def cut(order: np.ndarray, lengths: np.ndarray, *, batch_size: int, batch_tokens: int) -> list[np.ndarray]:
    """Cut rows in an order into batches as even as the limits allow, so that no tiny batch gets a whole step's weight."""
    if len(order) == 0:
        return []
    cost = np.maximum(lengths[order], 1)
    total = np.concatenate([[0], np.cumsum(cost)])
    ends = _greedy(total, batch_size, batch_tokens)
    even = _even(total, len(ends), batch_size)
    fits = all(b - a <= batch_size and (total[b] - total[a] <= batch_tokens or b - a == 1) for a, b in zip([0, *even], even, strict=False))
    ends = even if fits and even[-1] == len(order) else ends
    return [order[a:b] for a, b in zip([0, *ends[:-1]], ends, strict=True) if b > a]


def _greedy(total: np.ndarray, batch_size: int, batch_tokens: int) -> list[int]:
    ends, start, count = [], 0, len(total) - 1
    while start < count:
        fit = int(np.searchsorted(total, total[start] + batch_tokens, side="right")) - 1
        start = min(max(fit, start + 1), start + batch_size, count)
        ends.append(start)
    return ends


def _even(total: np.ndarray, number: int, batch_size: int) -> list[int]:
    """Return the ends of equal batches, as many as the greedy cut makes: equal in rows or in steps, whichever limit binds."""
    count = len(total) - 1
    if number * batch_size - count < batch_size:
        return [round(count * (i + 1) / number) for i in range(number)]
    targets = total[-1] * np.arange(1, number + 1) / number
    return np.searchsorted(total, targets - 0.5).tolist()
