"""Interleaved rounds: every candidate runs in every round, in changing order, so that a drifting machine harms all alike."""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch

TOO_LONG = 8.0  # seconds; a call that takes longer is measured by its first run


@dataclass(kw_only=True)
class Candidate:
    """Something to be timed: ``call()`` does it once, or ``call(n)`` n times and returns the seconds where it times itself."""

    name: str
    call: Callable
    threads: int = 1
    times_itself: bool = False
    seconds: list[float] = field(default_factory=list)

    def once(self, repeats: int) -> float:
        """Seconds of one call, from ``repeats`` calls in a row."""
        torch.set_num_threads(self.threads)
        if self.times_itself:
            return self.call(repeats)
        start = time.perf_counter()
        for _ in range(repeats):
            self.call()
        return (time.perf_counter() - start) / repeats

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def race(candidates: list[Candidate], *, quick: bool, budget: float = 5.0, slice_seconds: float = 0.03) -> dict[str, Candidate]:
    """Run all in rounds until ``budget`` seconds are over (at least 3 rounds; quick: one), and return them by name."""
    repeats = {}
    for one in candidates:
        first = one.once(1)
        if first > TOO_LONG or (quick and first > 1):
            one.seconds.append(first)
            continue
        second = one.once(1)
        repeats[one.name] = max(1, min(2000, round((0.002 if quick else slice_seconds) / max(second, 1e-7))))
    running = [one for one in candidates if one.name in repeats]
    collecting = gc.isenabled()
    gc.disable()
    started, rounds, order = time.perf_counter(), 0, random.Random(0)
    while running and (rounds < (1 if quick else 3) or (not quick and rounds < 60 and time.perf_counter() - started < budget)):
        order.shuffle(running)
        for one in running:
            torch.set_num_threads(one.threads)
            if repeats[one.name] > 1:
                one.once(1)  # wakes threads and caches after the others
            one.seconds.append(one.once(repeats[one.name]))
        rounds += 1
    if collecting:
        gc.enable()
        gc.collect()
    return {one.name: one for one in candidates}


def best(found: dict[str, Candidate], prefix: str) -> float:
    """The smallest median among candidates whose names begin so: best of one and two threads."""
    return min(one.median for name, one in found.items() if name.startswith(prefix))


def ratio(found: dict[str, Candidate], a: str, b: str) -> float:
    """Median of a over median of b, best of their thread counts."""
    return best(found, a) / best(found, b)
