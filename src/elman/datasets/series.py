"""Series: competition series, load, anomalies, prices, vowels."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from elman.datasets.dataset import Info, Split
from elman.datasets.files import Files
from elman.datasets.formats import read_ragged_csv, read_table, read_ts
from elman.errors import FileError

_Read = tuple[dict[str, Split], dict[str, Any]]
_SEASON = {"Hourly": 24, "Weekly": 1}
_NAB = (
    "ambient_temperature_system_failure",
    "cpu_utilization_asg_misconfiguration",
    "ec2_request_latency_system_failure",
    "machine_temperature_system_failure",
    "nyc_taxi",
    "rogue_agent_key_hold",
    "rogue_agent_key_updown",
)
_ETT_ROWS = (8640, 2880, 2880)
_PRICES = ("adjusted_close", "open", "high", "low", "close", "volume", "dividend", "split")


def _numbers(cells: list[str], name: str) -> np.ndarray:
    try:
        return np.array(cells, dtype=np.float64)
    except ValueError as error:
        raise FileError(f"{name}: {error}.") from error


def _times(cells: list[str], unit: str, name: str) -> np.ndarray:
    try:
        return np.array(cells, dtype=f"datetime64[{unit}]")
    except ValueError as error:
        raise FileError(f"{name}: {error}.") from error


def _m4(files: Files, frequency: str) -> _Read:
    entries = {part: read_ragged_csv(files.text(f"{frequency}-{part}.csv.gz"), f"{frequency}-{part}.csv") for part in ("train", "test")}
    if list(entries["train"]) != list(entries["test"]):
        raise FileError(f"{frequency}-train.csv and {frequency}-test.csv of m4 name different series.")
    splits = {part: Split(x=list(series.values()), extra={"id": list(series)}) for part, series in entries.items()}
    horizon = len(next(iter(entries["test"].values()), ()))
    forecasts = {}
    for method in ("Naive2", "sNaive", "SES"):
        path = f"forecast-{method}-Hourly-Weekly.csv.gz"
        if files.has(path):
            table = read_ragged_csv(files.text(path), path)
            forecasts[method] = [table[name][:horizon] for name in entries["test"] if name in table]
    details = {"horizon": horizon, "season": _SEASON[frequency], "forecasts": forecasts, "results": _m4_results(files, frequency)}
    return splits, details


def _m4_results(files: Files, frequency: str) -> dict[str, dict[str, float]]:
    """Return sMAPE, MASE and OWA of the competition's methods (empty where the file is not at hand)."""
    path = "reference_results.csv"
    if not files.has(path):
        return {}
    header, *rows = [line.split(",") for line in files.lines(path)]
    columns = {measure: header.index(f"{measure}_{frequency}") for measure in ("sMAPE", "MASE", "OWA")}
    complete = [row for row in rows if len(row) == len(header) and all(row[column] for column in columns.values())]
    return {row[0]: {measure: float(row[column]) for measure, column in columns.items()} for row in complete}


def _ett(files: Files) -> _Read:
    table = read_table(files.text("ETTh1.csv.gz"), "ETTh1.csv")
    names = tuple(name for name in table if name != "date")
    values = np.column_stack([_numbers(table[name], f"ETTh1.csv, {name}") for name in names])
    dates = _times(table["date"], "s", "ETTh1.csv, date")
    splits, start = {}, 0
    for part, rows in zip(("train", "validation", "test"), _ETT_ROWS, strict=True):
        splits[part] = Split(x=values[start : start + rows], extra={"date": dates[start : start + rows]})
        start += rows
    return {**splits, "all": Split(x=values, extra={"date": dates})}, {"columns": names, "season": 24}


def _nab(files: Files) -> _Read:
    points, windows = (json.loads(files.text(f"combined_{what}.json")) for what in ("labels", "windows"))
    extra: dict[str, list[Any]] = {"name": list(_NAB), "time": [], "points": [], "windows": []}
    x, y = [], []
    for name in _NAB:
        table = read_table(files.text(f"{name}.csv.gz"), f"{name}.csv")
        key, time = f"realKnownCause/{name}.csv", _times(table["timestamp"], "s", f"{name}.csv, timestamp")
        spans = [_times(window, "us", "combined_windows.json").astype("datetime64[s]") for window in windows[key]]
        x.append(_numbers(table["value"], f"{name}.csv, value"))
        y.append(np.any([(time >= start) & (time <= stop) for start, stop in spans], axis=0).astype(np.int64))
        for column, value in (("time", time), ("points", _times(points[key], "s", "combined_labels.json")), ("windows", spans)):
            extra[column].append(value)
    path = "reference_final_results.json"
    return {"all": Split(x=x, y=y, extra=extra)}, {"results": json.loads(files.text(path)) if files.has(path) else {}}


def _stocks(files: Files, column: str) -> _Read:
    path = "sp500_20_daily_1999_2021.csv.gz"
    table = read_table(files.text(path), path)
    symbols, dates = np.array(table["symbol"]), _times(table["date"], "D", path)
    chosen = _PRICES if column == "all" else (column,)
    values = np.column_stack([_numbers(table[name], f"{path}, {name}") for name in chosen])
    names = list(dict.fromkeys(table["symbol"]))
    rows = [np.flatnonzero(symbols == name) for name in names]
    x = [values[row] if column == "all" else values[row, 0] for row in rows]
    return {"all": Split(x=x, extra={"symbol": names, "date": [dates[row] for row in rows]})}, {"columns": chosen}


def _vowels(files: Files) -> _Read:
    splits = {}
    for part in ("train", "test"):
        path = f"JapaneseVowels_{part.upper()}.ts.gz"
        x, y = read_ts(files.lines(path), path)
        splits[part] = Split(x=x, y=y)
    return splits, {}


def _entry(name: str, summary: str, read: Callable[..., _Read], **rest: Any) -> Info:
    return Info(name=name, family="series", summary=summary, source="series", read=read, **{"target": "", **rest})


SETS = (
    _entry(
        "m4",
        "M4 competition, hourly (414 series, 48 ahead) or weekly (359, 13 ahead); x of test continues x of train",
        _m4,
        licence="not stated for the data",
        origin="https://github.com/Mcompetitions/M4-methods/tree/6c1067e",
        citation="S. Makridakis et al., The M4 competition: 100,000 time series and 61 forecasting methods, IJF 2020",
        options={"frequency": ("Hourly", "Weekly")},
        derivation=(
            "The organisers' forecasts and results come from archives and a workbook of the origin; only the series can be downloaded."
        ),
    ),
    _entry(
        "ett",
        "ETTh1: hourly oil temperature and six loads of a transformer, 17,420 rows; usual split 12 / 4 / 4 months",
        _ett,
        licence="CC BY-ND 4.0 (do not publish changed copies)",
        origin="https://github.com/zhouhaoyi/ETDataset/tree/1d16c8f",
        citation="H. Zhou et al., Informer: beyond efficient transformer for long sequence time-series forecasting, AAAI 2021",
    ),
    _entry(
        "nab_known_cause",
        "seven server and sensor series with anomalies of known cause; y is 1 inside a marked window",
        _nab,
        licence="MIT",
        origin="https://github.com/numenta/NAB/tree/ea702d7",
        citation="A. Lavin and S. Ahmad, Evaluating real-time anomaly detection algorithms, ICMLA 2015",
    ),
    _entry(
        "stocks_daily",
        "20 large US companies, 5,402 trading days each, 1999-11-01 to 2021-04-21; one column or all; no split",
        _stocks,
        licence="MIT (repository); prices from Alpha Vantage, whose terms are not restated",
        origin="https://github.com/Pooksoft/PooksoftSP500EquityPriceDataSet/tree/19a3f02/daily_adjusted",
        citation="Pooksoft SP500 equity price data set, 2021",
        options={"column": (*_PRICES, "all")},
        derivation="Its file joins 20 of the origin's files daily_adjusted/*.csv, oldest day first, adjusted close rounded to 6 digits.",
    ),
    _entry(
        "uea_japanese_vowels",
        "LPC features of a vowel pair, 9 speakers, 12 channels, 7-29 steps; official split 270 / 370",
        _vowels,
        target="category",
        licence="BSD-3-Clause (repository); UCI data",
        origin="https://github.com/sktime/sktime/tree/7bd7d16/sktime/datasets/data/JapaneseVowels",
        citation="M. Kudo et al., Multidimensional curve classification using passing-through regions, 1999",
    ),
)
