"""Cost of an estimator: learned parameters, bytes on a disk and time of one answer."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_TRIES = 9


def parameters_of(estimator: Any) -> int:
    """Return how many numbers were learned."""
    if hasattr(estimator, "plan_"):
        return int(estimator.plan_.parameters)
    if hasattr(estimator, "parameters_"):
        return int(estimator.parameters_)
    return len(getattr(estimator, "classes_", ()))


def bytes_of(estimator: Any, path: Path | None) -> int:
    """Return the size of the estimator's file; where it has none, of its numbers in 32 bits."""
    if not hasattr(estimator, "save"):
        return 4 * parameters_of(estimator)
    if path is not None:
        estimator.save(path)
        return path.stat().st_size
    with tempfile.TemporaryDirectory(prefix="elman-size-") as folder:
        return bytes_of(estimator, Path(folder) / "model.elman")


def milliseconds(call: Callable[[int], Any], rows: int) -> float:
    """Return the median time of one answer, after a first one that is not counted."""
    call(0)
    times = []
    for i in range(_TRIES):
        started = time.perf_counter()
        call(i % rows)
        times.append(time.perf_counter() - started)
    return 1000 * statistics.median(times)
