"""Fit and forecast all of M4 Hourly: elman beside neuralforecast, one process, interleaved, equal parameters and epochs.

ELMAN_DATA=folder python -m benchmarks.forecast_speed [--pair direct|autoregressive] [--rounds 3] [--epochs 2] [--threads 1]

*direct*: what both answer by default, 48 hours at once from 168: ours reads the window by segments (SegRNN), neuralforecast's
LSTM hour by hour. Equal parameters, equal training steps of 256 windows each, so as many windows learned.

*autoregressive*: DeepAR of both (Salinas 2020): two LSTM layers trained with the true values before, Gaussian steps. An epoch
is the same on both sides: every value of every series has been learned once. Ours learns all steps of pieces that overlap by
half; the other the last 48 steps of windows of 168 + 48, the most it can. Ours forecasts by 100 sample paths for each series;
the other feeds back one value a step and samples around it.

Both sides are warmed up by a small run first. Needs neuralforecast beside elman.
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

from benchmarks.quality.m4 import judge
from benchmarks.quality.report import machine
from elman import Forecaster, Network, Training
from elman.baselines import Naive2
from elman.datasets import load
from elman.forecasting.autoregressive.chunks import Chunks
from elman.metrics.forecasts import owa

HORIZON, CONTEXT, SEASON, WINDOWS = 48, 168, 24, 256
OUR_HIDDEN = {"direct": 182, "autoregressive": 128}
THEIR_HIDDEN = {"direct": 128, "autoregressive": 148}
"""Units that give both sides as many trainable numbers."""


@dataclass
class Done:
    """One run: seconds to fit and to forecast, trainable numbers, what was done in training, and the forecast."""

    fitted: float
    forecast: float
    parameters: int
    work: int
    values: np.ndarray


def ours(pair: str, histories: list[np.ndarray], epochs: int) -> tuple[Done, int]:
    """Ours, and the training steps that the other is to do."""
    network = Network(hidden_size=OUR_HIDDEN[pair], members=1)
    if pair == "autoregressive":
        network.set_params(cell="lstm", num_layers=2, head="gaussian")
    training = Training(max_epochs=epochs, validation_fraction=0.0, verbose=0, **({"batch_size": WINDOWS} if pair == "direct" else {}))
    model = Forecaster(HORIZON, model=pair, context=CONTEXT, season=SEASON, refit=False, network=network, training=training)
    begun = time.perf_counter()
    model.fit(histories)
    middle = time.perf_counter()
    values = model.predict(**({"n_samples": 100} if pair == "autoregressive" else {})).mean
    ended = time.perf_counter()
    size = sum(p.numel() for p in model.model_.parameters())
    if pair == "direct":
        steps = int(model.history_[-1]["step"])
        return Done(middle - begun, ended - middle, size, steps * WINDOWS, values), steps
    engine: Any = model.engine_
    work = epochs * int(Chunks(engine.inputs, engine.group(model.panel_), 0.0).lengths.sum())
    learned = epochs * sum(len(history) for history in histories)
    return Done(middle - begun, ended - middle, size, work, values), max(1, round(learned / (WINDOWS * HORIZON)))


def theirs(pair: str, histories: list[np.ndarray], steps: int) -> Done:
    import pandas as pd
    from neuralforecast import NeuralForecast
    from neuralforecast.losses.pytorch import DistributionLoss
    from neuralforecast.models import LSTM, DeepAR

    quiet = {"logger": False, "enable_progress_bar": False, "enable_checkpointing": False, "enable_model_summary": False}
    common = {
        "h": HORIZON, "input_size": CONTEXT, "max_steps": steps, "windows_batch_size": WINDOWS, "batch_size": 32,
        "scaler_type": "robust", "random_seed": 0, "accelerator": "cpu", **quiet,
    }  # fmt: skip
    hidden = THEIR_HIDDEN[pair]
    if pair == "direct":
        model: Any = LSTM(encoder_hidden_size=hidden, encoder_n_layers=2, decoder_hidden_size=hidden, **common)
    else:
        loss = DistributionLoss("Normal", level=[80])
        model = DeepAR(h_train=HORIZON, lstm_n_layers=2, lstm_hidden_size=hidden, trajectory_samples=100, loss=loss, **common)
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
    work = steps * WINDOWS * (1 if pair == "direct" else CONTEXT + HORIZON)
    column = "LSTM" if pair == "direct" else "DeepAR-median"
    return Done(middle - begun, ended - middle, size, work, found[column].to_numpy().reshape(len(histories), HORIZON))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pair", choices=list(OUR_HIDDEN), default="direct")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--series", type=int, default=414)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for name in ("pytorch_lightning", "lightning.pytorch", "lightning_fabric", "pytorch_lightning.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    data = load("m4", frequency="Hourly")
    histories, truth = data["train"].x[: options.series], np.stack(data["test"].x[: options.series])
    yardstick = judge(Naive2(season=SEASON).fit(histories).predict(HORIZON, level=()).mean, truth, histories, SEASON)
    unit = "windows learned" if options.pair == "direct" else "steps of the recurrence in training"
    print(f"{machine()}; {options.pair}, {len(histories)} series, {options.epochs} epochs", flush=True)
    theirs(options.pair, histories[:4], ours(options.pair, histories[:4], 1)[1])
    ratios = []
    for turn in range(options.rounds):
        mine, steps = ours(options.pair, histories, options.epochs)
        other = theirs(options.pair, histories, steps)
        for name, one in (("elman", mine), ("neuralforecast", other)):
            print(
                f"{name:15} fit {one.fitted:6.1f} s, forecast {one.forecast:5.1f} s, {one.parameters:,} parameters,"
                f" {one.work:,} {unit}, OWA {owa(*judge(one.values, truth, histories, SEASON), *yardstick):.3f}",
                flush=True,
            )
        ratios.append(((other.fitted + other.forecast) / (mine.fitted + mine.forecast), other.fitted / mine.fitted))
        print(f"round {turn + 1}: {ratios[-1][0]:.2f} times as fast in all, {ratios[-1][1]:.2f} times to fit", flush=True)
    whole, fitted = np.median(ratios, axis=0)
    print(f"median: {whole:.2f} times as fast in all, {fitted:.2f} times to fit")


if __name__ == "__main__":
    main()
