"""``elman report``: one page about a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from elman.cli.columns import complete
from elman.cli.fit import read_table
from elman.cli.output import Output, size
from elman.cli.remember import columns_of, values_of
from elman.cli.series import Columns, series_of
from elman.cli.shared_options import By, Encoding, Json, ModelFile, Quiet, Rows, Source, Target
from elman.errors import DataError
from elman.fitting.fitted import forecasts, generates

Judged = Annotated[
    Path | None, typer.Argument(help="A file of values to judge the model on, best ones it has not seen.", show_default=False)
]
Out = Annotated[Path, typer.Option("--out", "-o", help="The page.")]
Title = Annotated[str | None, typer.Option("--title", help="Its heading.", show_default=False)]


def report(
    model: ModelFile,
    data: Judged = None,
    *,
    out: Out = Path("report.html"),
    source: Source = None,
    target: Target = None,
    title: Title = None,
    by: By = "line",
    encoding: Encoding = "utf-8",
    rows: Rows = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write one page about a model: data, training, errors, examples, memory, diagnosis and its card."""
    import elman

    output, loaded = Output(json, quiet), elman.load(model)
    xs, ys, count = None, None, 0
    if data is not None:
        read = read_table(data, output, by=by, encoding=encoding, rows=rows)
        if len(read) == 0:
            raise DataError(f"{data} has no rows to judge the model on.")
        count, (xs, ys) = len(read), _values(loaded, read, source, target, output)
    written = loaded.report(out, xs, ys, title=title)
    output.result({"out": str(written), "rows": count}, [f"wrote {written}, {size(written.stat().st_size)}"])


def _values(model: Any, read: Any, source: list[str] | None, target: str | None, output: Output) -> tuple[Any, Any]:
    """Values and answers of a table, as the model takes them."""
    if forecasts(model):
        panel, _ = series_of(read, Columns(value=target))
        output.note(*panel.notes)
        return panel, None
    if generates(model):
        texts = values_of(model.target_, read, columns_of(model, "source", read, source))
        return [text for text in texts if text is not None], None
    xs = values_of(model.source_, read, columns_of(model, "source", read, source))
    ys = values_of(model.target_, read, columns_of(model, "target", read, [target] if target else None))
    xs, ys, notes = complete(xs, ys)
    output.note(*notes)
    return xs, ys
