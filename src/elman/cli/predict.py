"""``elman predict``: answers of a model for each row of a file."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import typer

from elman.cli import cells
from elman.cli.fit import read_table
from elman.cli.output import Output, table
from elman.cli.remember import columns_of, values_of
from elman.cli.settings_options import with_settings
from elman.cli.shared_options import By, Data, Encoding, Json, ModelFile, Quiet, Rows, Source
from elman.errors import DataError, SettingError
from elman.settings import Settings

Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="CSV, TSV, JSON lines or Parquet; a preview is printed when left out.", show_default=False),
]
Proba = Annotated[bool, typer.Option("--proba", help="Also write the probability of the predicted class.")]


@dataclass(kw_only=True, eq=False, repr=False)
class Decoding(Settings):
    """How answers are searched for."""

    n_best: int | None = None
    """Write this many answers a row, best first, with their scores (categories: with their probabilities)."""
    beam_size: int | None = None
    """For free sequences: beginnings kept in the search."""
    max_length: int | None = None
    """For free sequences: symbols of an answer at most; boxes of a picture at most."""
    min_length: int | None = None
    """For free sequences: symbols of an answer at least."""
    length_penalty: float | None = None
    """For free sequences: 0 ranks by probability alone, more favours long answers."""
    no_repeat_ngram: int | None = None
    """For free sequences: no run of this many symbols comes twice."""
    min_score: float | None = None
    """For boxes: how sure the model must be of each, 0 to 1 (0.5 if left out)."""

    def given(self) -> dict[str, Any]:
        """Return the options that were given, as ``Model.predict`` takes them."""
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None}


@with_settings(decoding=Decoding)
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
    decoding: Decoding | None = None,
) -> None:
    """Write the answer of a model for each row of a file, beside the columns of that file."""
    import elman
    from elman.io import tables
    from elman.io.destination import check_destination, write_or_keep

    output = Output(json, quiet)
    if out is not None:
        check_destination(out, endings=tables.WRITERS)
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
    values = values_of(loaded.source_, read, columns_of(loaded, "source", read, source))
    result, missing = _predict(values, lambda known: _answers(loaded, known, decoding.given() if decoding else {}, scores=proba))
    if missing:
        output.note(f"{missing:,} of {len(read):,} rows have no source; their prediction is left empty")
    columns = {**read.columns, **{_free(name, read.columns): column for name, column in result.items()}}
    if out is not None:
        write_or_keep(out, lambda place: tables.write(place, columns))
        output.result({"out": str(out), "rows": len(read), "missing": missing}, [] if quiet else [f"wrote {len(read):,} rows to {out}"])
    else:
        shown = 10 if len(read) > 10 and not quiet else len(read)
        lines = table(list(columns), [[_short(column[i]) for column in columns.values()] for i in range(shown)])
        rest = [f"… and {len(read) - shown:,} more; write them all with --out out.csv"] if shown < len(read) else []
        output.result({"rows": len(read), "missing": missing, **result}, [*lines, *rest])


def _predict(values: list[Any], answers: Any) -> tuple[dict[str, list[Any]], int]:
    """Return the columns of answers, None where the source is missing, and how many are."""
    present = [i for i, value in enumerate(values) if value is not None]
    if not present:
        raise DataError("no row has a source. Check the columns with: elman doctor FILE")
    outputs: dict[str, list[Any]] = {}
    for name, column in answers([values[i] for i in present]).items():
        outputs[name] = [None] * len(values)
        for i, value in zip(present, column, strict=True):
            outputs[name][i] = value
    return outputs, len(values) - len(present)


def _answers(model: Any, values: list[Any], decoding: dict[str, Any], *, scores: bool) -> dict[str, list[Any]]:
    """Return columns: the prediction; with ``n_best`` also its score, and further answers with theirs."""
    if type(model.target_).__name__ == "Category" and (scores or decoding) and set(decoding) <= {"n_best"}:
        return _columns(_likeliest(model, values, decoding.get("n_best", 1)), "probability")
    if {"n_best", "beam_size"} & set(decoding):
        answers, marks = model.predict(values, **{"n_best": 1, **decoding}, return_scores=True)
        return _columns([list(zip(*row, strict=True)) for row in zip(answers, marks, strict=True)], "score")
    return {"prediction": [cells.text(value) for value in model.predict(values, **decoding)]}


def _likeliest(model: Any, values: list[Any], count: int) -> list[list[tuple[Any, float]]]:
    """Return the likeliest categories of each row with their probabilities."""
    if count < 1:
        raise SettingError(f"--n-best must be at least 1; got {count}.")
    rows = [[float(chance) for chance in row] for row in model.predict_proba(values)]
    orders = [sorted(range(len(row)), key=lambda i, row=row: -row[i])[:count] for row in rows]
    return [[(model.classes_[i], row[i]) for i in order] for row, order in zip(rows, orders, strict=True)]


def _columns(found: list[list[tuple[Any, float]]], mark: str) -> dict[str, list[Any]]:
    """Return "prediction" and its mark, "prediction_2" and its, and so on; None where a row has fewer answers."""
    outputs: dict[str, list[Any]] = {}
    for place in range(max(map(len, found))):
        end = f"_{place + 1}" if place else ""
        outputs["prediction" + end] = [cells.text(row[place][0]) if place < len(row) else None for row in found]
        outputs[mark + end] = [float(row[place][1]) if place < len(row) else None for row in found]
    return outputs


def _free(name: str, taken: Any) -> str:
    return name if name not in taken else _free(name + "_", taken)


def _short(value: Any) -> Any:
    text = value if isinstance(value, float) else str("-" if value is None else value).replace("\n", " ")
    return text[:39] + "…" if isinstance(text, str) and len(text) > 40 else text
