"""``elman forecast``: what comes next in one series or many."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from elman.cli.fit import read_table
from elman.cli.output import Output, table
from elman.cli.series import long_form
from elman.cli.settings_options import with_settings
from elman.cli.shared_options import Data, Encoding, Json, Quiet, Rows
from elman.errors import DataError, SettingError
from elman.network.settings import Network
from elman.training.settings import Training

Column = dict[str, list[Any]]


@with_settings(network=Network, training=Training)
def forecast(
    data: Data,
    *,
    horizon: Annotated[int | None, typer.Option("--horizon", min=1, help="Steps to forecast (30, or the model's own).")] = None,
    model: Annotated[Path | None, typer.Option("--model", help="Go on with a saved model instead of training one.")] = None,
    time: Annotated[str | None, typer.Option("--time", help="Column of the times. Inferred when left out.")] = None,
    value: Annotated[str | None, typer.Option("--value", help="Column of the numbers. Inferred when left out.")] = None,
    group: Annotated[str | None, typer.Option("--group", help="Column that tells several series apart. Inferred when left out.")] = None,
    holdout: Annotated[bool, typer.Option("--holdout", help="Forecast the last steps known and compare with what came.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="CSV, TSV, JSON lines or Parquet.", show_default=False)] = None,
    save: Annotated[Path | None, typer.Option("--save", help="Also save the model.", show_default=False)] = None,
    encoding: Encoding = "utf-8",
    rows: Rows = None,
    json: Json = False,
    quiet: Quiet = False,
    network: Network | None = None,
    training: Training | None = None,
) -> None:
    """Forecast one series or many from a file with a column of numbers, and usually of times."""
    from elman.io import tables

    output = Output(json, quiet)
    read = read_table(data, output, encoding=encoding, rows=rows)
    columns, names, notes = long_form(read, time, value, group)
    output.note(*notes)
    training = training or Training()
    training.verbose = min(training.verbose, output.verbose)
    saved = None if model is None else _saved(model, horizon)
    steps: int = saved.horizon if saved is not None else horizon or 30
    known, future = _split(columns, steps) if holdout else (columns, None)
    frame = tables.to_frame(known)
    forecaster = saved if saved is not None else _trained(steps, frame, network, training)
    made = tables.from_frame(forecaster.predict(frame).to_frame()).columns
    if save is not None:
        forecaster.save(save)
    data_out: dict[str, Any] = {"horizon": steps, "series": len(set(columns["unique_id"]))}
    lines: list[str] = []
    if future is not None:
        errors = _errors(known, future, made)
        data_out |= errors
        lines = table(["mean absolute error", ""], list(errors.items()))
    made["ds"] = _days(made["ds"])
    shown = {names.get(name, name): values for name, values in made.items()}
    if out is not None:
        tables.write(out, shown)
        lines += [] if quiet else [f"wrote {len(next(iter(shown.values()))):,} rows to {out}"]
    elif future is None:
        lines = table(list(shown), [[v if isinstance(v, float) else str(v) for v in row] for row in zip(*shown.values(), strict=True)][:30])
        data_out["forecast"] = shown
    output.result(data_out | ({"out": str(out)} if out else {}), lines)


def _trained(horizon: int, frame: Any, network: Network | None, training: Training) -> Any:
    from elman import Forecaster

    return Forecaster(horizon, network=network, training=training).fit(frame)


def _saved(path: Path, horizon: int | None) -> Any:
    """Return the saved Forecaster, whose horizon was fixed when it was trained."""
    import elman

    loaded = elman.load(path)
    if not isinstance(loaded, elman.Forecaster):
        raise SettingError(f"{path} is a {type(loaded).__name__}, which does not forecast. Give a model saved by elman forecast --save.")
    if horizon is not None and horizon != loaded.horizon:
        raise SettingError(f"{path} forecasts {loaded.horizon} steps; --horizon {horizon} needs a model of its own. Leave --horizon out.")
    return loaded


def _days(stamps: list[Any]) -> list[Any]:
    """Return dates where every time is midnight."""
    if all(isinstance(stamp, datetime.datetime) and stamp.time() == datetime.time() for stamp in stamps):
        return [stamp.date() for stamp in stamps]
    return stamps


def _split(columns: Column, horizon: int) -> tuple[Column, Column]:
    """Return all but the last ``horizon`` steps of each series, and those."""
    ids = columns["unique_id"]
    left = {key: ids.count(key) for key in set(ids)}
    short = min(left, key=lambda key: left[key])
    if left[short] <= horizon:
        raise DataError(
            f"series {short!r} has {left[short]} values; --holdout with --horizon {horizon} needs more than that. Use a shorter horizon."
        )
    early, late = [], []
    for i, key in enumerate(ids):
        (early if left[key] > horizon else late).append(i)
        left[key] -= 1
    return tuple({name: [values[i] for i in part] for name, values in columns.items()} for part in (early, late))  # type: ignore[return-value]


def _errors(known: Column, future: Column, made: Column) -> dict[str, float]:
    """Return the mean absolute error of the forecast and of repeating each series' last value."""
    last = dict(zip(known["unique_id"], known["y"], strict=True))
    truth: dict[str, list[float]] = {}
    for key, y in zip(future["unique_id"], future["y"], strict=True):
        truth.setdefault(key, []).append(y)
    guesses: dict[str, list[float]] = {}
    for key, y in zip(made["unique_id"], made["elman"], strict=True):
        guesses.setdefault(str(key), []).append(float(y))
    pairs = [(key, y, guess) for key, ys in truth.items() for y, guess in zip(ys, guesses[key], strict=True)]
    return {
        "this model": sum(abs(y - guess) for _, y, guess in pairs) / len(pairs),
        "the last value repeated": sum(abs(y - last[key]) for key, y, _ in pairs) / len(pairs),
    }
