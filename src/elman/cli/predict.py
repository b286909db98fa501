"""``elman predict``: what a model says about each row of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from elman.cli import cells
from elman.cli.fit import read_table
from elman.cli.output import Output, table
from elman.cli.remember import columns_of, values_of
from elman.cli.shared_options import By, Data, Encoding, Json, ModelFile, Quiet, Rows, Source
from elman.errors import DataError, SettingError

Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="CSV, TSV, JSON lines or Parquet; a preview is printed when left out.", show_default=False),
]
Proba = Annotated[bool, typer.Option("--proba", help="Also write the probability of the predicted class.")]


def predict(
    model: ModelFile,
    data: Data,
    *,
    out: Out = None,
    source: Source = None,
    proba: Proba = False,
    by: By = "line",
    encoding: Encoding = "utf-8",
    rows: Rows = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write what a model says about each row of a file, beside the columns of that file."""
    import elman
    from elman.io import tables

    output = Output(json, quiet)
    loaded = elman.load(model)
    if type(loaded).__name__ != "Model":
        verb = "generate" if type(loaded).__name__ == "LanguageModel" else "forecast"
        raise SettingError(f"{model} is a {type(loaded).__name__}, which does not predict rows. Use: elman {verb}")
    if proba and type(loaded.target_).__name__ != "Category":
        raise SettingError(
            f"--proba needs a model whose target is a Category; this one gives {type(loaded.target_).__name__}. Leave it out."
        )
    read = read_table(data, output, by=by, encoding=encoding, rows=rows)
    if len(read) == 0:
        raise DataError(f"{data} has no rows to predict.")
    made, missing = _predict(loaded, values_of(loaded.source_, read, columns_of(loaded, "source", read, source)), proba)
    if missing:
        output.note(f"{missing:,} of {len(read):,} rows have no source; their prediction is left empty")
    columns = {**read.columns, **{_free(name, read.columns): values for name, values in made.items()}}
    if out is not None:
        tables.write(out, columns)
        output.result({"out": str(out), "rows": len(read), "missing": missing}, [] if quiet else [f"wrote {len(read):,} rows to {out}"])
    else:
        shown = 10 if len(read) > 10 and not quiet else len(read)
        lines = table(list(columns), [[_short(values[i]) for values in columns.values()] for i in range(shown)])
        rest = [f"… and {len(read) - shown:,} more; write them all with --out out.csv"] if shown < len(read) else []
        output.result({"rows": len(read), "missing": missing, **made}, [*lines, *rest])


def _predict(model: Any, values: list[Any], proba: bool) -> tuple[dict[str, list[Any]], int]:
    """Return predictions (and the probability of each), None where the source is missing, and how many are."""
    present = [i for i, value in enumerate(values) if value is not None]
    given = [values[i] for i in present]
    if not given:
        raise DataError("no row has a source. Check the columns with: elman doctor FILE")
    made: dict[str, list[Any]] = {"prediction": [None] * len(values)}
    for i, value in zip(present, model.predict(given), strict=True):
        made["prediction"][i] = cells.text(value)
    if proba:
        made["probability"] = [None] * len(values)
        for i, row in zip(present, model.predict_proba(given), strict=True):
            made["probability"][i] = float(max(row))
    return made, len(values) - len(present)


def _free(name: str, taken: Any) -> str:
    return name if name not in taken else _free(name + "_", taken)


def _short(value: Any) -> Any:
    text = value if isinstance(value, float) else str("-" if value is None else value).replace("\n", " ")
    return text[:39] + "…" if isinstance(text, str) and len(text) > 40 else text
