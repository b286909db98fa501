"""Print the tables of the speed benchmark: ``python -m benchmarks.speed [grid] [ragged] [streams] [--seconds 1] [--threads 1,2]``."""

from __future__ import annotations

import argparse

import torch

from benchmarks.speed import grid, ragged, streams
from benchmarks.speed.race import sgemm_rate, threads_set
from elman import _native

KINDS = ("RNN", "GRU", "LSTM")


def table(rows: list[dict]) -> str:
    """Rows as a Markdown table."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    for row in rows:
        cells = (f"{value:.3g}" if isinstance(value := row.get(name, ""), float) else str(value) for name in names)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Race and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=["grid", "ragged", "streams", []], default=[])
    parser.add_argument("--seconds", type=float, default=1.0, help="per race")
    parser.add_argument("--threads", default="1,2", help="numbers of threads; each contestant's best counts")
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--shapes", default="", help="places in the grid, as 0,3")
    given = parser.parse_args()
    parts = given.parts or ["grid", "ragged", "streams"]
    threads, kinds = tuple(int(n) for n in given.threads.split(",")), tuple(given.kinds.split(","))
    print(f"torch {torch.__version__}, level {_native.isa()}, threads {threads}")
    for count in threads:
        with threads_set(count):
            print(f"torch.mm 1024: {sgemm_rate():.0f} GFLOP/s with {count} threads")
    if "grid" in parts:
        shapes = tuple(grid.SHAPES[int(i)] for i in given.shapes.split(",")) if given.shapes else grid.SHAPES
        rows = grid.run(threads, given.seconds, kinds, shapes)
        print(table(rows), table(grid.summary(rows)), sep="\n\n")
    if "ragged" in parts:
        print(table(ragged.run(threads, given.seconds, kinds)))
    if "streams" in parts:
        print(table(streams.run(given.seconds, kinds)))


if __name__ == "__main__":
    main()
