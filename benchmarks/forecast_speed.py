"""Fit and forecast all of M4 Hourly: DeepAR of elman and of neuralforecast, one process, interleaved, equal parameters and epochs.

ELMAN_DATA=folder python -m benchmarks.forecast_speed [--rounds 3] [--epochs 4] [--threads 1]

Both are two LSTM layers that are trained with the true values before (Salinas 2020), Gaussian steps, 168 hours of context.
An epoch is the same on both sides: every value of every series has been learned once. Ours learns all steps of pieces that
overlap by half; the other learns the last 48 steps of windows of 168 + 48, the most it can, from as many windows as make
the epoch. Ours forecasts by 100 sample paths for each series; the other feeds back one value a step. Both are warmed up
by a small run first. Needs neuralforecast beside elman.
"""

from __future__ import annotations

import argparse
import logging
import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from benchmarks.quality.report import machine
from elman import Forecaster, Network, Training
from elman.baselines import Naive2
from elman.datasets import load
from elman.estimators.forecasting.autoregressive_engine import Pieces
from elman.estimators.series_metrics import mase, owa, smape

HORIZON, CONTEXT, SEASON = 48, 168, 24
THEIR_HIDDEN, THEIR_WINDOWS = 148, 256
"""Units that give the other as many trainable numbers as ours has; windows a training step."""


@dataclass
class Done:
    """One run: seconds to fit and to forecast, trainable numbers, steps of the recurrence in training, and the forecast."""

    fitted: float
    forecast: float
    parameters: int
    steps: int
    values: np.ndarray


def ours(histories: list[np.ndarray], epochs: int) -> Done:
    network = Network(cell="lstm", hidden_size=128, num_layers=2, members=1, head="gaussian")
    training = Training(max_epochs=epochs, validation_fraction=0.0, verbose=0)
    model = Forecaster(
        HORIZON, model="autoregressive", context=CONTEXT, season=SEASON, refit=False, network=network, training=training
    )  # fmt: skip
    begun = time.perf_counter()
    model.fit(histories)
    middle = time.perf_counter()
    values = model.predict(n_samples=100).mean
    ended = time.perf_counter()
    engine: Any = model.engine_
    steps = epochs * int(Pieces(engine.reading, engine.tape(model.panel_), 0.0).lengths.sum())
    return Done(middle - begun, ended - middle, sum(p.numel() for p in model.model_.parameters()), steps, values)


def theirs(histories: list[np.ndarray], epochs: int) -> Done:
    import pandas as pd
    from neuralforecast import NeuralForecast
    from neuralforecast.losses.pytorch import DistributionLoss
    from neuralforecast.models import DeepAR

    values = sum(len(history) for history in histories)
    training_steps = max(1, round(epochs * values / (THEIR_WINDOWS * HORIZON)))
    model = DeepAR(
        h=HORIZON, input_size=CONTEXT, h_train=HORIZON, lstm_n_layers=2, lstm_hidden_size=THEIR_HIDDEN, trajectory_samples=100,
        max_steps=training_steps, windows_batch_size=THEIR_WINDOWS, batch_size=32, scaler_type="robust", random_seed=0,
        loss=DistributionLoss("Normal", level=[80]), logger=False, enable_progress_bar=False, enable_checkpointing=False,
        enable_model_summary=False, accelerator="cpu",
    )  # fmt: skip
    frame = pd.DataFrame(
        {
            "unique_id": np.repeat(np.arange(len(histories)), [len(h) for h in histories]),
            "ds": np.concatenate([np.arange(len(h)) for h in histories]),
            "y": np.concatenate(histories).astype(np.float32),
        }
    )
    begun = time.perf_counter()
    library = NeuralForecast(models=[model], freq=1)
    library.fit(frame)
    middle = time.perf_counter()
    found = library.predict()
    ended = time.perf_counter()
    size = sum(p.numel() for p in library.models[0].parameters())
    steps = training_steps * THEIR_WINDOWS * (CONTEXT + HORIZON)
    return Done(middle - begun, ended - middle, size, steps, found["DeepAR-median"].to_numpy().reshape(len(histories), HORIZON))


def scores(values: np.ndarray, histories: list[np.ndarray], truth: np.ndarray) -> tuple[float, float]:
    errors = [mase(y, f, h, SEASON) for y, f, h in zip(truth, values, histories, strict=True)]
    return float(smape(truth, values).mean()), float(np.mean(errors))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--series", type=int, default=414)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for name in ("pytorch_lightning", "lightning.pytorch", "lightning_fabric", "pytorch_lightning.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    data = load("m4", frequency="Hourly")
    histories, truth = data["train"].x[: options.series], np.stack(data["test"].x[: options.series])
    yardstick = scores(Naive2(season=SEASON).fit(histories).predict(HORIZON, level=()).mean, histories, truth)
    print(f"{machine()}; {len(histories)} series, {options.epochs} epochs", flush=True)
    for run in (ours, theirs):
        run(histories[:4], 1)
    ratios = []
    for turn in range(options.rounds):
        done = {"elman": ours(histories, options.epochs), "neuralforecast": theirs(histories, options.epochs)}
        for name, one in done.items():
            print(
                f"{name:15} fit {one.fitted:6.1f} s, forecast {one.forecast:5.1f} s, {one.parameters:,} parameters,"
                f" {one.steps:,} steps in training, OWA {owa(*scores(one.values, histories, truth), *yardstick):.3f}",
                flush=True,
            )
        mine, other = done.values()
        rate = (other.fitted / other.steps) / (mine.fitted / mine.steps)
        ratios.append(((other.fitted + other.forecast) / (mine.fitted + mine.forecast), rate))
        print(f"round {turn + 1}: {ratios[-1][0]:.2f} times as fast in all; {rate:.2f} times by step of training", flush=True)
    whole, rate = np.median(ratios, axis=0)
    print(f"median: {whole:.2f} times as fast in all; {rate:.2f} times by step of training")


if __name__ == "__main__":
    main()
