"""``elman forecast``: forecasts of one series or many, backtests and anomalies."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from elman.cli.fit import read_table
from elman.cli.output import Output, table
from elman.cli.series import Columns, series_of
from elman.cli.settings_options import with_settings
from elman.cli.shared_options import Data, Encoding, Json, Quiet, Rows
from elman.errors import SettingError
from elman.network.settings import Network
from elman.settings import Settings
from elman.training.settings import Training

_SHOWN = 30


@dataclass(kw_only=True, eq=False, repr=False)
class Looking(Settings):
    """Looking back."""

    backtest: int | None = None
    """Forecast from so many places in the past too, beside the simple forecasts, and recommend one."""
    holdout: bool = False
    """The same from one place, a horizon before the end."""
    anomalies: bool = False
    """List the points far from their forecast one step before."""
    rate: float = 0.001
    """Share of normal points that may be listed as anomalies by mistake."""


@with_settings(columns=Columns, looking=Looking, network=Network, training=Training)
def forecast(
    data: Data,
    *,
    horizon: Annotated[int | None, typer.Option("--horizon", min=1, help="Steps to forecast (30, or the model's own).")] = None,
    model: Annotated[Path | None, typer.Option("--model", help="Go on with a saved model instead of training one.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="CSV, TSV, JSON lines or Parquet.", show_default=False)] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="A picture: PNG, SVG or PDF.", show_default=False)] = None,
    save: Annotated[Path | None, typer.Option("--save", help="Also save the model.", show_default=False)] = None,
    encoding: Encoding = "utf-8",
    rows: Rows = None,
    json: Json = False,
    quiet: Quiet = False,
    columns: Columns | None = None,
    looking: Looking | None = None,
    network: Network | None = None,
    training: Training | None = None,
) -> None:
    """Forecast one series or many from a file with a column of numbers, and usually of times."""
    from elman.io.destination import write_or_keep

    output, looking = Output(json, quiet), looking or Looking()
    _check_destinations(out, plot, save)
    panel, names = series_of(read_table(data, output, encoding=encoding, rows=rows), columns or Columns())
    output.note(*panel.notes)
    training = training or Training()
    training.verbose = min(training.verbose, output.verbose)
    forecaster = _saved(model, horizon) if model is not None else _new(horizon or 30, network, training)
    summary: dict[str, Any] = {"horizon": forecaster.horizon, "series": len(panel.series), "data": str(panel.report)}
    lines: list[str] = []
    if looking.backtest is not None or looking.holdout:
        lines += _look_back(forecaster, panel, looking.backtest or 1, summary, plot)
    forecaster = forecaster if model is not None else forecaster.fit(panel)
    if save is not None:
        write_or_keep(save, forecaster.save)
    result = forecaster.predict(panel)
    shown = _in_callers_words(result.to_frame(), names)
    if out is not None:
        lines += _written(out, shown, summary, "out", quiet=quiet)
    elif not lines:
        lines += table(
            list(shown), [[v if isinstance(v, float) else str(v) for v in row] for row in zip(*shown.values(), strict=True)][:_SHOWN]
        )
        summary["forecast"] = shown
    if looking.anomalies:
        lines += _anomalies(forecaster, panel, looking.rate, names, summary, out, plot)
    if plot is not None:
        summary["plot"] = str(plot)
        _draw(plot, result, len(panel.series))
    output.result(summary, lines)


def _check_destinations(out: Path | None, plot: Path | None, save: Path | None) -> None:
    """Refuse a place that cannot be written to before the training, not after it."""
    from elman.io import tables
    from elman.io.destination import check_destination
    from elman.timeseries.plotting import ENDINGS

    for path, endings in ((out, tables.WRITERS), (plot, ENDINGS), (save, ())):
        if path is not None:
            check_destination(path, endings=endings)


def _new(horizon: int, network: Network | None, training: Training) -> Any:
    from elman import Forecaster

    return Forecaster(horizon, network=network, training=training)


def _saved(path: Path, horizon: int | None) -> Any:
    """Return the saved Forecaster, whose horizon was fixed when it was trained."""
    import elman

    loaded = elman.load(path)
    if not isinstance(loaded, elman.Forecaster):
        raise SettingError(f"{path} is a {type(loaded).__name__}, which does not forecast. Give a model saved by elman forecast --save.")
    if horizon is not None and horizon != loaded.horizon:
        raise SettingError(f"{path} forecasts {loaded.horizon} steps; --horizon {horizon} needs a model of its own. Leave --horizon out.")
    return loaded


def _look_back(forecaster: Any, panel: Any, windows: int, told: dict[str, Any], plot: Path | None) -> list[str]:
    """Backtest, and recommend a forecast."""
    from elman.evaluation.backtest import backtest

    result = backtest(forecaster, panel, windows=windows)
    told |= {"backtest": result.table, "verdict": str(result.verdict), "use": result.verdict.use}
    if result.persistence.detected:
        told["persistence"] = str(result.persistence)
    if plot is not None:
        series = sorted({int(row) for row in result.cutoffs.series})
        _save_axes(_beside(plot, "backtest"), lambda axes, i=0: result.plot(series[i], axes=axes), len(series))
    return [*str(result).splitlines(), ""]


def _anomalies(
    forecaster: Any, panel: Any, rate: float, names: dict[str, str], told: dict[str, Any], out: Path | None, plot: Path | None
) -> list[str]:
    """List the points that were not expected."""
    from elman.evaluation.anomalies import anomalies

    result = anomalies(forecaster, panel, rate=rate)
    shown = _in_callers_words(result.to_frame(), names)
    odd = [row for row in zip(*shown.values(), strict=True) if row[-1]]
    told["anomalies"] = {"threshold": result.threshold, "rate": rate, "points": [dict(zip(shown, row, strict=True)) for row in odd]}
    lines = ["", str(result)]
    if odd:
        lines += _listed(list(shown)[:-1], [row[:-1] for row in odd[-_SHOWN:]])
    if out is not None:
        lines += _written(_beside(out, "anomalies"), shown, told, "anomalies_out", quiet=False)
    if plot is not None:
        _save_axes(_beside(plot, "anomalies"), lambda axes, series=0: result.plot(series, axes=axes), len(panel.series))
    return lines


def _listed(names: Iterable[str], rows: list[tuple[Any, ...]]) -> list[str]:
    return table(list(names), [[value if isinstance(value, float) else str(value) for value in row] for row in rows])


def _written(path: Path, shown: dict[str, list[Any]], told: dict[str, Any], key: str, *, quiet: bool) -> list[str]:
    from elman.io import tables
    from elman.io.destination import write_or_keep

    write_or_keep(path, lambda place: tables.write(place, shown))
    told[key] = str(path)
    return [] if quiet else [f"wrote {len(next(iter(shown.values()))):,} rows to {path}"]


def _in_callers_words(frame: Any, names: dict[str, str]) -> dict[str, list[Any]]:
    from elman.io import tables

    columns = tables.from_frame(frame).columns
    columns["ds"] = _days(columns["ds"])
    return {names.get(name, name): values for name, values in columns.items()}


def _days(stamps: list[Any]) -> list[Any]:
    """Return dates where every time is midnight."""
    if all(isinstance(stamp, datetime.datetime) and stamp.time() == datetime.time() for stamp in stamps):
        return [stamp.date() for stamp in stamps]
    return stamps


def _draw(path: Path, made: Any, count: int) -> None:
    _save_axes(path, lambda axes, series=0: made.plot(series, axes=axes), count)


def _save_axes(path: Path, draw: Any, count: int, most: int = 6) -> None:
    """Save a picture of some series, one above the other."""
    from elman.timeseries.plotting import save_plots

    save_plots(path, draw, min(count, most))


def _beside(path: Path, what: str) -> Path:
    """Return ``name.part.ending`` for ``name.ending``."""
    return path.with_name(f"{path.stem}.{what}{path.suffix}")
