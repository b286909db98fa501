"""Interleaved races: every contestant runs in every round, so that a drifting machine slows all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import contextmanager

import torch

Runner = Callable[[], object]


def race(runners: dict[str, Runner], seconds: float = 1.0, least: int = 3) -> dict[str, float]:
    """Return each contestant's median time in milliseconds."""
    for run in runners.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in runners}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(next(iter(times.values()))) < least:
        for name, run in runners.items():
            begin = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - begin)
    return {name: 1e3 * statistics.median(spent) for name, spent in times.items()}


def best_of_threads(runners: dict[str, Runner], threads: tuple[int, ...], seconds: float) -> dict[str, float]:
    """Race at each number of threads and keep each contestant's best."""
    best: dict[str, float] = {}
    for count in threads:
        with threads_set(count):
            for name, spent in race(runners, seconds / len(threads)).items():
                best[name] = min(best.get(name, spent), spent)
    return best


@contextmanager
def threads_set(count: int):
    """Use ``count`` threads inside the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def sgemm_rate(size: int = 1024, rounds: int = 8) -> float:
    """The machine's own float32 product now, in GFLOP/s with the threads set."""
    left, right = torch.randn(size, size), torch.randn(size, size)
    spent = []
    for _ in range(rounds):
        begin = time.perf_counter()
        torch.mm(left, right)
        spent.append(time.perf_counter() - begin)
    return 2 * size**3 / min(spent) / 1e9
