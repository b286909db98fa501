"""``elman doctor``: look at the data before training on it, or at the installation."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Annotated, Any

import typer

from elman.cli import checks
from elman.cli.columns import choose, complete
from elman.cli.fit import read_table
from elman.cli.output import Output, bold, seconds, size, table
from elman.cli.shared_options import By, Encoding, Json, Quiet, Rows, Source, Target
from elman.errors import DataError

Optional = Annotated[Path | None, typer.Argument(help="The data; without it the installation is checked.", show_default=False)]
Estimate = Annotated[bool, typer.Option("--estimate/--no-estimate", help="Train a moment on a sample, to tell time and memory.")]
SAMPLE = 300
"""Rows that the estimate trains on."""


def doctor(
    data: Optional = None,
    *,
    source: Source = None,
    target: Target = None,
    estimate: Estimate = True,
    by: By = "line",
    encoding: Encoding = "utf-8",
    rows: Rows = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Check data before training: lengths, duplicates, leaks, balance, time and memory. Without data: check the installation."""
    output = Output(json, quiet)
    if data is None:
        _installation(output)
        return
    read = read_table(data, Output(json, quiet=True), by=by, encoding=encoding, rows=rows)
    if len(read) == 0:
        raise DataError(f"{data} has no rows.")
    result, cost = checks.columns(read), {}
    if len(read.names) > 1:
        ins, outs = choose(read, source or [], target)
        names, answer = list(ins.codecs), next(iter(outs.codecs))
        output.say(*(f"inferred: {reason}" for reason in (*ins.reasons, *outs.reasons)))
        xs, ys, _ = complete(ins.values(read), outs.values(read))
        result += checks.leaks(read, names, answer) + checks.duplicates(xs, ys) + checks.groups(read, [*names, answer]) + checks.balance(ys)
        if estimate:
            cost = _cost(ins.codec, outs.codec, xs, ys)
    else:
        result += checks.duplicates(read.column(read.names[0]), None)
    facts = checks.describe(read)
    lines = [
        bold(f"{data}: {len(read):,} rows, {len(read.names)} columns"),
        *table(list(facts[0]), [list(line.values()) for line in facts]),
        "",
    ]
    lines += [f"{finding.kind}: {finding.text}.\n    {finding.advice}" for finding in result] or [
        "nothing found that speaks against training"
    ]
    if cost:
        here = f"about {seconds(cost['epoch_seconds'])} an epoch and {size(cost['peak_bytes'])} of memory"
        lines += ["", f"here: {here} (measured on {cost['sample_rows']} rows)"]
    output.result({"rows": len(read), "columns": facts, "findings": [vars(f) for f in result], "estimate": cost}, lines)


def _cost(source: Any, target: Any, xs: list[Any], ys: list[Any]) -> dict[str, Any]:
    """Train one epoch on a sample that has rows of the whole file, and scale up."""
    from elman import Model, Training
    from elman.cli import machine

    chosen = sorted(random.Random(0).sample(range(len(xs)), min(SAMPLE, len(xs))))
    model = Model(source, target, training=Training(max_epochs=1, verbose=0))
    return {**machine.estimate(model, [xs[i] for i in chosen], [ys[i] for i in chosen], len(xs)), "sample_rows": len(chosen)}


def _installation(output: Output) -> None:
    """Check the installation, or a table before training on it."""
    from elman.cli import machine

    facts = machine.installation()
    flat = {name: ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value for name, value in facts.items()}
    flat["extras"] = ", ".join(facts["extras"]) or "none"
    lines = [f"{name.replace('_', ' ') + ':':<15} {value}" for name, value in flat.items()]
    if facts["native"] != "works":
        output.note("the compiled kernels do not work here; everything runs on torch's own, slower on a CPU")
    output.result(facts, lines)
