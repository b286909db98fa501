"""``elman evaluate``: the score of a model on a file, beside the simplest baseline."""

from __future__ import annotations

from collections import Counter
from typing import Any

from elman.cli.columns import complete
from elman.cli.fit import read_table
from elman.cli.output import Output, table
from elman.cli.remember import columns_of, values_of
from elman.cli.shared_options import By, Data, Encoding, Json, ModelFile, Quiet, Rows, Source, Target
from elman.errors import DataError, SettingError


def evaluate(
    model: ModelFile,
    data: Data,
    *,
    source: Source = None,
    target: Target = None,
    by: By = "line",
    encoding: Encoding = "utf-8",
    rows: Rows = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Print the score of a model on a file, beside that of the simplest guess."""
    import elman

    output = Output(json, quiet)
    loaded = elman.load(model)
    kind = type(loaded).__name__
    if kind == "Forecaster":
        raise SettingError(f"{model} is a Forecaster; its forecast is judged by what came after. Use: elman forecast DATA --holdout")
    read = read_table(data, output, by=by, encoding=encoding, rows=rows)
    if len(read) == 0:
        raise DataError(f"{data} has no rows to evaluate.")
    xs = values_of(loaded.source_, read, columns_of(loaded, "source", read, source))
    if kind == "LanguageModel":
        texts = [x for x in xs if x is not None]
        perplexity = float(loaded.perplexity(texts))
        scores = {"perplexity": perplexity, "bits per symbol": float(loaded.score(texts))}
        lines = table(["metric", "model"], list(scores.items()))
        output.result({"rows": len(texts), **scores}, lines)
        return
    ys = values_of(loaded.target_, read, columns_of(loaded, "target", read, [target] if target else None))
    xs, ys, notes = complete(xs, ys)
    output.note(*notes)
    metric = _metric(loaded)
    score, (guess, guessed) = float(loaded.score(xs, ys)), _baseline(loaded, ys)
    lines = table(["", metric], [["this model", score], *([[guess, guessed]] if guessed is not None else [])])
    if guessed is not None and score <= guessed:
        lines.append("the model is no better than the simplest guess: more data, more epochs, or the source does not tell the target")
    output.result({"rows": len(xs), "metric": metric, "score": score, "baseline": guessed, "baseline_name": guess}, lines)


def _metric(model: Any) -> str:
    """Return the name of the result of ``score`` for this target."""
    return getattr(getattr(model, "history_", None), "metric", "") or "score"


def _baseline(model: Any, ys: list[Any]) -> tuple[str, float | None]:
    """Return the name and score of the simplest guess: the best constant answer here, else that of the rows held out in training."""
    kind = type(model.target_).__name__
    if kind == "Category":
        return "always the most frequent", Counter(ys).most_common(1)[0][1] / len(ys)
    if kind == "Number":
        return "always the mean", 0.0
    guessed = getattr(model, "baseline_", None)
    return "simplest guess, in training", float(guessed) if isinstance(guessed, float | int) else None
