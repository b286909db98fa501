"""``python -m benchmarks.speed [--quick] [--case NAME …] [--json FILE]``: sections of minutes, printed as they are done."""

from __future__ import annotations

import argparse
import json
import sys
import time
from functools import partial
from pathlib import Path

from benchmarks.speed import bodies, conditions, grid, jax_peer, onnx_peer, options, pool, ragged, scaling, streams
from benchmarks.speed.layers import CELLS, PASSES
from benchmarks.speed.report import machine

SECTIONS = {
    **{f"grid:{cell.lower()}": partial(grid.run, cell) for cell in CELLS},
    **{f"ragged:{cell.lower()}": partial(ragged.run, cell) for cell in CELLS},
    **{f"ragged-long:{cell.lower()}": partial(ragged.run, cell, long=True) for cell in CELLS},
    "streams": streams.run,
    "pool": pool.run,
    **{f"sgemm:{cell.lower()}": partial(scaling.sgemm, cell) for cell in CELLS},
    **{f"growth:{cell.lower()}": partial(scaling.growth, cell) for cell in CELLS},
    "memory": conditions.memory,
    "conv": scaling.convolution,
    "bodies": bodies.run,
    **{f"onnx:{cell.lower()}": partial(onnx_peer.run, cell) for cell in CELLS},
    **{
        f"{peer}:{cell.lower()}-{which}": partial(jax_peer.run, cell, peer=peer, which=which)
        for peer in ("jax", "keras")
        for cell in CELLS
        for which in PASSES
    },
    "options": options.run,
    "backward": options.backward,
    "overhead": options.overhead,
    "contention": conditions.contention,
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes and one round: does everything run?")
    parser.add_argument("--case", action="append", metavar="NAME", help="a section, or the part before its colon; may be repeated")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write everything as JSON; sections of earlier runs in it stay")
    parser.add_argument("--list", action="store_true", help="names of the sections")
    return parser.parse_args()


def chosen(cases: list[str] | None) -> list[str]:
    names = [name for name in SECTIONS if not cases or name in cases or name.split(":")[0] in cases]
    unknown = [case for case in cases or [] if case not in SECTIONS and case not in {n.split(":")[0] for n in SECTIONS}]
    if unknown:
        sys.exit(f"no section {unknown[0]!r}; there are {', '.join(SECTIONS)}")
    return names


def main() -> None:
    given = arguments()
    if given.list:
        print("\n".join(SECTIONS))
        return
    about = machine()
    print("## Speed\n\n" + "\n".join(f"- {key}: {value}" for key, value in about.items()) + "\n")
    kept = json.loads(given.json.read_text()) if given.json and given.json.exists() else {"sections": {}}
    for name in chosen(given.case):
        started = time.perf_counter()
        tables = SECTIONS[name](quick=given.quick)
        for table in tables:
            print(table.markdown(), flush=True)
        print(f"<!-- {name}: {time.perf_counter() - started:.0f} s -->\n", flush=True)
        rows = [{"title": table.title, "note": table.note, "rows": table.rows} for table in tables]
        kept["sections"][name] = {"machine": about, "quick": given.quick, "tables": rows}
        if given.json:
            given.json.write_text(json.dumps(kept, indent=1))


if __name__ == "__main__":
    main()
