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
NBest = Annotated[
    int | None, typer.Option("--n-best", min=1, help="Write this many answers a row, best first, with their scores (or probabilities).")
]
BeamSize = Annotated[int | None, typer.Option("--beam-size", min=1, help="For free sequences: beginnings kept in the search.")]
MaxLength = Annotated[int | None, typer.Option("--max-length", min=0, help="For free sequences: symbols of an answer at most.")]
MinLength = Annotated[int | None, typer.Option("--min-length", min=0, help="For free sequences: symbols of an answer at least.")]
LengthPenalty = Annotated[
    float | None, typer.Option("--length-penalty", help="For free sequences: 0 ranks by probability alone, more favours long answers.")
]
NoRepeat = Annotated[
    int | None, typer.Option("--no-repeat-ngram", min=1, help="For free sequences: no run of this many symbols comes twice.")
]


def predict(
    model: ModelFile,
    data: Data,
    *,
    out: Out = None,
    source: Source = None,
    proba: Proba = False,
    n_best: NBest = None,
    beam_size: BeamSize = None,
    max_length: MaxLength = None,
    min_length: MinLength = None,
    length_penalty: LengthPenalty = None,
    no_repeat_ngram: NoRepeat = None,
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
    given = {"beam_size": beam_size, "max_length": max_length, "min_length": min_length, "length_penalty": length_penalty}
    decoding = {name: value for name, value in {**given, "no_repeat_ngram": no_repeat_ngram}.items() if value is not None}
    category = type(loaded.target_).__name__ == "Category"
    if proba and not category:
        raise SettingError(
            f"--proba needs a model whose target is a Category; this one gives {type(loaded.target_).__name__}. Leave it out."
        )
    read = read_table(data, output, by=by, encoding=encoding, rows=rows)
    if len(read) == 0:
        raise DataError(f"{data} has no rows to predict.")
    values = values_of(loaded.source_, read, columns_of(loaded, "source", read, source))
    made, missing = _predict(values, lambda known: _answers(loaded, known, n_best, decoding, scores=proba))
    if missing:
        output.note(f"{missing:,} of {len(read):,} rows have no source; their prediction is left empty")
    columns = {**read.columns, **{_free(name, read.columns): column for name, column in made.items()}}
    if out is not None:
        tables.write(out, columns)
        output.result({"out": str(out), "rows": len(read), "missing": missing}, [] if quiet else [f"wrote {len(read):,} rows to {out}"])
    else:
        shown = 10 if len(read) > 10 and not quiet else len(read)
        lines = table(list(columns), [[_short(column[i]) for column in columns.values()] for i in range(shown)])
        rest = [f"… and {len(read) - shown:,} more; write them all with --out out.csv"] if shown < len(read) else []
        output.result({"rows": len(read), "missing": missing, **made}, [*lines, *rest])


def _predict(values: list[Any], answers: Any) -> tuple[dict[str, list[Any]], int]:
    """Return the columns of answers, None where the source is missing, and how many are."""
    present = [i for i, value in enumerate(values) if value is not None]
    if not present:
        raise DataError("no row has a source. Check the columns with: elman doctor FILE")
    made: dict[str, list[Any]] = {}
    for name, column in answers([values[i] for i in present]).items():
        made[name] = [None] * len(values)
        for i, value in zip(present, column, strict=True):
            made[name][i] = value
    return made, len(values) - len(present)


def _answers(model: Any, values: list[Any], n_best: int | None, decoding: dict[str, Any], *, scores: bool) -> dict[str, list[Any]]:
    """Return columns: the prediction; with ``n_best`` also its score, and further answers with theirs."""
    if type(model.target_).__name__ == "Category" and not decoding and (n_best or scores):
        import numpy as np

        chances = [np.asarray(row) for row in model.predict_proba(values)]
        order = [np.argsort(-row, kind="stable")[: n_best or 1].tolist() for row in chances]
        found = [[(model.classes_[i], float(row[i])) for i in best] for row, best in zip(chances, order, strict=True)]
        return _columns(found, "probability")
    if n_best or "beam_size" in decoding:
        answers, marks = model.predict(values, n_best=n_best or 1, return_scores=True, **decoding)
        return _columns([list(zip(*row, strict=True)) for row in zip(answers, marks, strict=True)], "score")
    return {"prediction": [cells.text(value) for value in model.predict(values, **decoding)]}


def _columns(found: list[list[tuple[Any, float]]], mark: str) -> dict[str, list[Any]]:
    """Return "prediction" and its mark, "prediction_2" and its, and so on; None where a row has fewer answers."""
    made: dict[str, list[Any]] = {}
    for place in range(max(map(len, found))):
        end = f"_{place + 1}" if place else ""
        made["prediction" + end] = [cells.text(row[place][0]) if place < len(row) else None for row in found]
        made[mark + end] = [float(row[place][1]) if place < len(row) else None for row in found]
    return made


def _free(name: str, taken: Any) -> str:
    return name if name not in taken else _free(name + "_", taken)


def _short(value: Any) -> Any:
    text = value if isinstance(value, float) else str("-" if value is None else value).replace("\n", " ")
    return text[:39] + "…" if isinstance(text, str) and len(text) > 40 else text
