"""``elman fit``: train a model on a file and save it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from elman.cli import columns
from elman.cli.output import Output, seconds, size, table
from elman.cli.settings_options import with_settings
from elman.cli.shared_options import By, Data, Encoding, Json, Quiet, Rows, Source, Target
from elman.errors import DataError, SettingError
from elman.network.settings import Network
from elman.training.settings import Training

Continue = Annotated[
    str | None,
    typer.Option("--continue", metavar="CODEC[:COLUMN]", help="Learn to continue texts instead (a language model), as text:char."),
]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="Where to save the model; beside the data when left out.", show_default=False)
]
Align = Annotated[
    str, typer.Option("--align", metavar="auto|step|attention|ctc", help="How the steps of source and target belong together.")
]


@with_settings(network=Network, training=Training)
def fit(
    data: Data,
    *,
    source: Source = None,
    target: Target = None,
    continue_: Continue = None,
    out: Out = None,
    align: Align = "auto",
    by: By = "line",
    encoding: Encoding = "utf-8",
    rows: Rows = None,
    json: Json = False,
    quiet: Quiet = False,
    network: Network | None = None,
    training: Training | None = None,
) -> None:
    """Train a model on a file and save it. Columns left out are inferred, and reported."""
    from elman.io.destination import check_destination, write_or_keep

    output = Output(json, quiet)
    path = check_destination(out or data.with_suffix(".elman"))
    if continue_ and (source or target):
        raise SettingError("--continue learns from one column alone; leave out --source and --target, or leave out --continue.")
    read = read_table(data, output, by=by, encoding=encoding, rows=rows)
    training = training or Training()
    training.verbose = min(training.verbose, output.verbose)
    started = time.perf_counter()
    if continue_ or (not source and not target and read.names == ["text"]):
        model, used = _continue(read, continue_, network, training, output)
    else:
        model, used = _map(read, source or [], target, align, network, training, output)
    took = time.perf_counter() - started
    write_or_keep(path, model.save)
    scores = score_of(model)
    output.result(
        {"model": str(path), "rows": used, "seconds": round(took, 3), "bytes": path.stat().st_size, **scores},
        []
        if quiet
        else [
            *_held_out(scores),
            f"trained on {used:,} rows in {seconds(took)}; saved {path} ({size(path.stat().st_size)})",
            *_next(model, path, data),
        ],
    )


def read_table(data: Path, output: Output, *, by: str = "line", encoding: str = "utf-8", rows: int | None = None) -> Any:
    """Read a table and report everything left out."""
    from elman.io import tables

    if by not in ("line", "file"):
        raise SettingError(f"--by is {by!r}; it should be 'line' or 'file'.")
    read = tables.read(data, encoding=encoding, by="file" if by == "file" else "line", max_rows=rows or tables.MAX_ROWS)
    output.note(*(f"{data}: {note}" for note in read.notes))
    return read


def _map(read: Any, source: list[str], target: str | None, align: str, network: Any, training: Any, output: Output) -> tuple[Any, int]:
    """Train a Model from source to target."""
    from elman import Model

    ins, outs = columns.choose(read, source, target)
    reasons = (*ins.reasons, *outs.reasons)
    if reasons:
        output.say(*(f"inferred: {reason}" for reason in reasons), f"to change it: --source {ins.spec()} --target {outs.spec()}")
    xs, ys, notes = columns.complete(ins.values(read), outs.values(read))
    output.note(*notes)
    model = Model(ins.codec, outs.codec, align=align, network=network, training=training)
    model.fit(xs, ys)
    model.columns_ = {"source": list(ins.codecs), "target": list(outs.codecs)}
    return model, len(xs)


def _continue(read: Any, spec: str | None, network: Any, training: Any, output: Output) -> tuple[Any, int]:
    """Train a LanguageModel on one column."""
    from elman import LanguageModel

    if spec is None:
        output.say(
            "inferred: there is only text, so the model learns to continue it",
            "to change it: --continue text:word (or text:char, text:bpe)",
        )
    chosen = columns.side(read, [spec or "text:char"])
    values = [value for value in chosen.values(read) if value is not None and value != ""]
    if not values:
        raise DataError(f"{read.path} holds no text to learn from.")
    if len(values) < len(read):
        output.note(f"{len(read) - len(values):,} of {len(read):,} rows dropped: they are empty")
    model = LanguageModel(chosen.codec, network=network, training=training)
    model.fit(values)
    model.columns_ = {"source": list(chosen.codecs)}
    return model, len(values)


def score_of(model: Any) -> dict[str, Any]:
    """Return the metrics of the best epoch, and the baseline beside them."""
    entries: dict[str, Any] = {}
    history = getattr(model, "history_", None)
    if history is not None and len(history):
        best = history.best_epoch or len(history)
        entries |= {"metric": history.metric, "score": history[best - 1].get("metric"), "epochs": len(history), "stopped": history.stopped}
    baseline = getattr(model, "baseline_", None)
    if baseline is not None:
        entries["baseline"] = float(baseline)
    plan = getattr(model, "plan_", None)
    if plan is not None:
        entries["plan"] = str(plan)
    return entries


def _held_out(scores: dict[str, Any]) -> list[str]:
    """Return the score on the rows held out, beside the simplest guess."""
    if scores.get("score") is None:
        return []
    return table(["held-out rows", scores["metric"]], [["this model", scores["score"]], ["simplest guess", scores.get("baseline")]])


def _next(model: Any, path: Path, data: Path) -> list[str]:
    """Return the commands to use the model with."""
    if type(model).__name__ == "LanguageModel":
        return [f"next: elman generate {path} --prompt '...'"]
    return table(
        ["next", ""],
        [["score on other data", f"elman evaluate {path} {data.name}"], ["use it", f"elman predict {path} {data.name} --out out.csv"]],
    )
