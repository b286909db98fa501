"""Drawing masks of dropout: from a counter (elman.kernels.masks) and with torch's dropout of ones, interleaved, one thread."""

from __future__ import annotations

import statistics
import sys
import time

import torch
import torch.nn.functional as F

from elman.kernels.masks import RandomStream, chance_mask, keep_mask

_TRIES = 31
_SHAPES = ((32, 128), (256, 256), (2048, 512), (8192, 1024))


def _seconds(call: object, *arguments: object) -> float:
    started = time.perf_counter()
    call(*arguments)  # type: ignore[operator]
    return time.perf_counter() - started


def main() -> None:
    """Print milliseconds of both and their ratio, for some shapes."""
    torch.set_num_threads(1)
    like, stream = torch.ones(1), RandomStream(0)
    ways = {
        "dropout": (lambda shape: keep_mask(like, shape, 0.2), lambda shape: F.dropout(torch.ones(shape), 0.2, True)),
        "zoneout": (lambda shape: chance_mask(like, shape, 0.2), lambda shape: torch.empty(shape).uniform_().lt_(0.2)),
    }
    with stream.active():
        for name, (ours, theirs) in ways.items():
            for shape in _SHAPES:
                times = [(_seconds(ours, shape), _seconds(theirs, shape)) for _ in range(_TRIES)]
                mine, other = (1000 * statistics.median(column) for column in zip(*times, strict=True))
                ratio = statistics.median(b / a for a, b in times)
                sys.stdout.write(f"{name} {shape[0]} x {shape[1]}: counter {mine:.4f} ms, torch {other:.4f} ms, ratio {ratio:.1f}\n")


if __name__ == "__main__":
    main()
