"""``elman trace``: states and predictions of a model over one value, step by step."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated, Any

import typer

from elman.cli import cells
from elman.cli.fit import read_table
from elman.cli.output import Output, table
from elman.cli.remember import columns_of, values_of
from elman.cli.shared_options import Encoding, Json, ModelFile, Quiet, Source
from elman.errors import DataError, SettingError
from elman.fitting.fitted import forecasts

Value = Annotated[
    str | None, typer.Option("--text", "--value", help='The value: a text, or numbers as "1 2 3" or JSON.', show_default=False)
]
From = Annotated[Path | None, typer.Option("--data", help="Take the value from this file instead.", show_default=False)]
Row = Annotated[int, typer.Option("--row", min=1, help="Row of --data, the first is 1.")]
Following = Annotated[
    str | None, typer.Option("--following", help='Name the units that follow a property, as "quote depth" or "position".')
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="Also write it: .html a page, .json all arrays, .png or .svg a drawing.", show_default=False),
]
_SHOWN = 40


def trace(
    model: ModelFile,
    *,
    value: Value = None,
    data: From = None,
    row: Row = 1,
    source: Source = None,
    following: Following = None,
    out: Out = None,
    encoding: Encoding = "utf-8",
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show the predictions of a model at every step of one value, and its busiest units."""
    import elman
    from elman.io.destination import check_destination

    if (value is None) == (data is None):
        raise SettingError("give one value: --text TEXT, --value NUMBERS, or --data FILE with --row.")
    if out is not None:
        check_destination(out, endings=_WRITERS)
    output, loaded = Output(json, quiet), elman.load(model)
    result = elman.trace(loaded, _value(loaded, value, data, row, source, output, encoding))
    predictions = result.predictions
    busy = result.busiest(1).tolist() if predictions.labels == result.labels else []
    states = [result.hidden[:, unit] for unit in busy]
    rows = [
        [label.replace("\n", "⏎"), str(answer), *(float(state[i]) for state in states)]
        for i, (label, answer) in enumerate(zip(predictions.labels, predictions.said, strict=True))
    ][: None if quiet else _SHOWN]
    lines = [*str(result).splitlines(), "", f"{predictions.meaning}:", *table(["step", "said", *(f"unit {unit}" for unit in busy)], rows)]
    if len(rows) < len(predictions.labels):
        lines.append(f"… and {len(predictions.labels) - len(rows)} more steps; write them all with --out trace.json")
    facts = result.to_dict()
    if following is not None:
        units = result.units_following(following)
        lines += ["", *str(units).splitlines()]
        facts["following"] = {"property": units.name, "score": units.score, "units": [list(pair) for pair in units]}
    if out is not None:
        _WRITERS[out.suffix](out, result)
        lines.append(f"wrote {out}")
    output.result(facts, lines)


def _value(model: Any, value: str | None, data: Path | None, row: int, source: list[str] | None, output: Output, encoding: str) -> Any:
    """The value as the model's codec takes it."""
    if forecasts(model):
        if value is None:
            raise SettingError("a Forecaster is traced on one series: give its numbers with --value '1 2 3 …'.")
        return cells.numbers(value)
    codec = model.source_ or model.target_
    if value is not None or data is None:
        return cells.values(codec, [value])[0]
    read = read_table(data, output, encoding=encoding)
    if row > len(read):
        raise DataError(f"{data} has {len(read)} rows; --row {row} is not among them.")
    return values_of(codec, read, columns_of(model, "source", read, source))[row - 1]


def _write_page(path: Path, found: Any) -> None:
    from elman.inspection.report.page import page
    from elman.io import atomic

    atomic.write(path, page("Trace", [], [("Inside one value", found.to_markup(steps=400))]).encode())


def _write_json(path: Path, found: Any) -> None:
    from elman.io import atomic

    atomic.write(path, json_format.dumps(found.to_dict()).encode())


def _write_drawing(path: Path, found: Any) -> None:
    found.plot().figure.savefig(path)


_WRITERS = {".html": _write_page, ".json": _write_json, ".png": _write_drawing, ".svg": _write_drawing}
