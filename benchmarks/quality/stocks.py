"""20 stocks, adjusted close, walked forward over the last two years: the network beside the last value, and the verdict.

ELMAN_DATA=folder python -m benchmarks.quality.stocks [--horizon 1|30] [--refit 504]

One day ahead from every one of the last 504 trading days; 30 days ahead from every fifth of them that has 30 days to come.
The network learns at the first day of the two years, and again after every ``--refit`` days, from what was known by then.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from benchmarks.quality.report import machine
from elman import Forecaster, Training
from elman.datasets import load
from elman.estimators import read_panel
from elman.evaluation.backtest import Backtest, backtest
from elman.timeseries.read import Panel

DAYS = 504


def prices(column: str = "adjusted_close") -> Panel:
    """The 20 series with their dates."""
    split = load("stocks_daily", column=column)["all"]
    names = np.repeat(split.extra["symbol"], [len(x) for x in split.x])
    dates = np.concatenate(split.extra["date"]).astype("datetime64[us]")
    return read_panel({"unique_id": names.tolist(), "ds": dates.tolist(), "y": np.concatenate(split.x).tolist()})


def report(result: Backtest, seconds: float) -> None:
    ours, last = result.errors["elman"], result.errors["naive"]
    ratio = np.nanmean(ours["MAE"] / np.nanmean(last["MAE"]))
    scaled = float(np.nanmean(ours["MASE"]) / np.nanmean(last["MASE"]))
    each = [
        float(np.nanmean(ours["MAE"][result.cutoffs.series == r]) / np.nanmean(last["MAE"][result.cutoffs.series == r])) for r in range(20)
    ]
    print(f"\n## {result.horizon} days ahead: {len(result.cutoffs.series):,} forecasts; {seconds:.0f} s; {machine()}\n")
    print(result)
    print(f"\nerror against the last value: MASE {scaled:.4f}, MAE {ratio:.4f}; by stock {min(each):.3f} to {max(each):.3f}")
    print(f"80 % interval holds {100 * np.nanmean(ours['coverage-80']):.1f} %, 95 % interval {100 * np.nanmean(ours['coverage-95']):.1f} %")
    print(f"last value's own: {100 * np.nanmean(last['coverage-80']):.1f} %, {100 * np.nanmean(last['coverage-95']):.1f} %", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--horizon", type=int, choices=(1, 30))
    parser.add_argument("--refit", type=int, default=504, help="days after which the network learns anew")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    panel = prices()
    for horizon, step in ((1, 1), (30, 5)):
        if options.horizon in (None, horizon):
            begun = time.perf_counter()
            model = Forecaster(horizon, training=Training(random_state=options.seed, verbose=0))
            windows = (DAYS - horizon) // step + 1
            result = backtest(model, panel, windows=windows, step=step, refit=max(1, options.refit // step))
            report(result, time.perf_counter() - begun)


if __name__ == "__main__":
    main()
