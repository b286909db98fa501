"""``elman demo``: real models on real data, in minutes."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from elman.cli.output import Output, bold, seconds, table
from elman.cli.shared_options import Json, Quiet
from elman.errors import SettingError, did_you_mean

Only = Annotated[list[str] | None, typer.Option("--only", metavar="TASK", help="Run this task; may be given several times.")]


def demo(
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the models.")] = Path("demo-models"),
    only: Only = None,
    factor: Annotated[float, typer.Option("--factor", min=0.01, help="Times the usual time for each task.")] = 1.0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train a model of every shape on real data. Each is shown beside the simplest baseline, and saved with the command to use it."""
    from elman.cli.demo_tasks import TASKS  # late: they need torch and the packages of the extra `demo`

    output = Output(json, quiet)
    names = [task.name for task in TASKS]
    for name in only or ():
        if name not in names:
            raise SettingError(f"the demo has no task {name!r}; it has {', '.join(names)}.{did_you_mean(name, names)}")
    chosen = [task for task in TASKS if not only or task.name in only]
    out.mkdir(parents=True, exist_ok=True)
    started, done = time.perf_counter(), []
    for i, task in enumerate(chosen, 1):
        output.say("", bold(f"{i}/{len(chosen)}  {task.name}, {task.shape}"))
        done.append(task.run(factor, out, output.verbose))
    took = time.perf_counter() - started
    output.result({"seconds": round(took, 1), "tasks": [asdict(outcome) for outcome in done]}, ["", *_lines(done, took, quiet)])


def _lines(done: list[Any], took: float, quiet: bool) -> list[str]:
    """Return the final table and the commands to use the models."""
    header = ["task", "shape", "metric", "elman", "baseline", "", "time"]
    rows = [[o.task, o.shape, o.metric, float(o.score), float(o.baseline), o.baseline_name, seconds(o.seconds)] for o in done]
    lines = table(header, rows)
    return lines if quiet else [*lines, "", f"{len(done)} models in {seconds(took)}. Use them:", *(f"  {o.command}" for o in done)]
