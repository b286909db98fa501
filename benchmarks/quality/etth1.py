"""ETTh1, all seven channels, standard split (8,640 / 2,880 / 2,880 hours): MSE and MAE on scaled data over every window of the test part.

ELMAN_DATA=DIR python -m benchmarks.quality.etth1 --horizon 96 192 336 720 [--validate]

The recipe is SegRNN's (Lin 2023): windows of 720 steps, measured from their last value, read in segments of 48, absolute error, channels
told apart by a vector of their own; beside it a linear map of the window, fitted by ridge regression (``--no-linear`` leaves it out), which
is judged alone too. ``--validate`` judges on the validation part: what was chosen, was chosen there.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd

from benchmarks.quality.m4 import without_network
from benchmarks.quality.report import row
from elman import Forecaster, Network, Preparation, Training, datasets
from elman.timeseries.read import OneSeries, Panel, read_panel

PUBLISHED = {96: ".368 / .386", 192: ".408 / .437", 336: ".444 / .481", 720: ".446 / .519"}
TRAIN, VALIDATION, TEST = 8_640, 2_880, 2_880


def scaled() -> pd.DataFrame:
    """Return the three parts as a long frame, each channel standardised by the training part."""
    data = datasets.load("ett")
    values, stamps = data.splits["all"].x[: TRAIN + VALIDATION + TEST], data.splits["all"].extra["date"]
    values = (values - values[:TRAIN].mean(0)) / values[:TRAIN].std(0)
    parts = [pd.DataFrame({"unique_id": n, "ds": stamps[: len(values)], "y": values[:, i]}) for i, n in enumerate(data.details["columns"])]
    return pd.concat(parts)


def forecaster(horizon: int, hidden_size: int, epochs: int, seed: int, *, linear: bool) -> Forecaster:
    return Forecaster(
        horizon,
        model="direct",
        context=720,
        season=1,
        preparation=Preparation(
            scale="last", power="none", reference="last", seasonality="none", calendar=False, lags=(), segment=48, linear=linear
        ),
        static=("unique_id",),
        refit=False,
        network=Network(hidden_size=hidden_size, dropout=0.5, head="median"),
        training=Training(
            max_epochs=epochs, learning_rate=1e-3, batch_size=256, validation_fraction=VALIDATION / (TRAIN + VALIDATION), random_state=seed
        ),
    )


def defaults(horizon: int, seed: int) -> Forecaster:
    """Return a forecaster that is told nothing but the split: the validation part is held out, and not learned from in the end."""
    share = VALIDATION / (TRAIN + VALIDATION)
    return Forecaster(horizon, refit=False, training=Training(validation_fraction=share, random_state=seed))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--horizon", type=int, nargs="+", default=sorted(PUBLISHED))
    parser.add_argument("--hidden-size", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--defaults", action="store_true", help="no recipe: everything left to 'auto'")
    parser.add_argument("--validate", action="store_true")
    parser.add_argument("--linear", action=argparse.BooleanOptionalAction, default=True)
    chosen = parser.parse_args()
    frame = scaled()
    place = frame.groupby("unique_id").cumcount()
    panel = read_panel(frame)
    for horizon in chosen.horizon:
        start = time.perf_counter()
        made = forecaster(horizon, chosen.hidden_size, chosen.epochs, chosen.seed, linear=chosen.linear)
        model = (defaults(horizon, chosen.seed) if chosen.defaults else made).fit(frame[place < TRAIN + VALIDATION])
        print(model.plan())
        first = TRAIN if chosen.validate else TRAIN + VALIDATION
        ends = np.arange(first, first + VALIDATION - horizon + 1)
        (mse, mae), seconds = errors(model, panel, ends), time.perf_counter() - start
        alone = errors(without_network(model), panel, ends)[0] if model.engine_.inputs.linear else float("nan")
        row(
            task=f"ETTh1, {horizon} steps" + (", validation" if chosen.validate else ""), MSE=f"{mse:.4f}", MAE=f"{mae:.4f}",
            linear_alone=f"{alone:.4f}", last_value=f"{simple(panel, ends, horizon):.3f}", published=PUBLISHED.get(horizon, "-"),
            windows=len(ends), parameters=model.plan().parameters, seconds=seconds,
        )  # fmt: skip


def truth_of(one: OneSeries, ends: np.ndarray, horizon: int) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(one.values, horizon)[ends]


def errors(model: Forecaster, panel: Panel, ends: np.ndarray) -> tuple[float, float]:
    """Return MSE and MAE over all windows of all channels."""
    squares, absolute = [], []
    for channel, one in enumerate(panel.series):
        off = model.forecast_from(panel, np.full(len(ends), channel), ends).mean - truth_of(one, ends, model.horizon)
        squares.append(np.mean(off**2))
        absolute.append(np.mean(np.abs(off)))
    return float(np.mean(squares)), float(np.mean(absolute))


def simple(panel: Panel, ends: np.ndarray, horizon: int) -> float:
    """Return the MSE of the last value."""
    return float(np.mean([np.mean((one.values[ends - 1][:, None] - truth_of(one, ends, horizon)) ** 2) for one in panel.series]))


if __name__ == "__main__":
    main()
