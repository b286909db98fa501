"""``elman demo``: real models on real data, in minutes."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated

import typer

from elman.cli.output import Output
from elman.cli.shared_options import Json, Quiet


def demo(
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the models.")] = Path("demo-models"),
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train one model of every shape on real data and show what each is worth beside the simplest baseline."""
    output = Output(json, quiet)
    room = importlib.import_module("elman.demo")  # late: it needs torch and the packages of the extra `demo`
    result = room.run(out=out, verbose=output.verbose)
    if json:
        output.result(result)
