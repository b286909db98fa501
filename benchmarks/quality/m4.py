"""M4 Hourly and Weekly, official test: sMAPE, MASE and OWA of Forecaster, of the organisers' forecasts, and of the simple forecast alone.

ELMAN_DATA=DIR python -m benchmarks.quality.m4 --part hourly [--validate] [--simple]

``--simple`` prints the simple forecasts instead. ``--validate`` hides the last horizon of the training part and judges on it: what was
chosen, was chosen there.
"""

from __future__ import annotations

import argparse
import copy
import time

import numpy as np
import torch

from benchmarks.quality.report import row
from elman import Forecaster, Network, Training, datasets
from elman.baselines import Drift, LinearForecaster, Naive, Naive2, SeasonalNaive, Theta
from elman.metrics.forecasts import mase, owa, smape
from elman.network.ensemble import members_of

SEASONS = {"hourly": (24, 168), "weekly": 52}
MASE_SEASON = {"hourly": 24, "weekly": 1}


def judge(said: np.ndarray, truth: np.ndarray, known: list[np.ndarray], season: int) -> tuple[float, float]:
    """Return sMAPE in per cent and MASE, means over the series."""
    scaled = [mase(*series, season) for series in zip(truth, said, known, strict=True)]
    return float(smape(truth, said).mean()), float(np.mean(scaled))


def without_network(model: Forecaster) -> Forecaster:
    """Return the reference alone, what the network forecasts the difference to: heads that say nothing."""
    alone = copy.deepcopy(model)
    with torch.no_grad():
        for member in members_of(alone.model_):
            for weight in member.decoder.head.parameters():
                weight.zero_()
    return alone


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=sorted(SEASONS), default="hourly")
    parser.add_argument("--validate", action="store_true")
    parser.add_argument("--simple", action="store_true")
    parser.add_argument("--members", type=int, default=0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    chosen = parser.parse_args()
    data = datasets.load("m4", frequency=chosen.part.capitalize())
    horizon, season = data.details["horizon"], MASE_SEASON[chosen.part]
    known, truth = data.splits["train"].x, np.stack(data.splits["test"].x)
    naive2 = judge(np.stack(data.details["forecasts"]["Naive2"]), truth, known, season)
    if chosen.validate:
        known, truth = [x[:-horizon] for x in known], np.stack([x[-horizon:] for x in known])
    if chosen.simple:
        for model in (Naive2(season), SeasonalNaive(season), Theta(season), Drift(), Naive(), LinearForecaster()):
            errors = judge(model.fit(known).predict(horizon, level=()).mean, truth, known, season)
            print(f"| {type(model).__name__} | {errors[0]:.3f} | {errors[1]:.3f} | {owa(*errors, *naive2):.3f} |", flush=True)
        return
    for seed in chosen.seeds:
        start = time.perf_counter()
        network = Network(members=chosen.members) if chosen.members else None
        training = Training(random_state=seed, verbose=0)
        model = Forecaster(horizon, season=SEASONS[chosen.part], network=network, training=training)
        said = model.fit(known).predict()
        errors = judge(np.maximum(said.mean, 0), truth, known, season)
        alone = judge(np.maximum(without_network(model).predict().mean, 0), truth, known, season)
        print(model.plan())
        inside = ", ".join(f"{level} %: {np.mean((said.low[level] <= truth) & (truth <= said.high[level])):.3f}" for level in said.low)
        row(
            task=f"M4 {chosen.part}, seed {seed}" + (", validation" if chosen.validate else ""),
            OWA=f"{owa(*errors, *naive2):.4f}", sMAPE=f"{errors[0]:.3f}", MASE=f"{errors[1]:.3f}", coverage=inside,
            reference_alone=f"{owa(*alone, *naive2):.4f}", naive2=f"{naive2[0]:.3f} / {naive2[1]:.3f}",
            parameters=model.plan().parameters, seconds=time.perf_counter() - start,
        )  # fmt: skip


if __name__ == "__main__":
    main()
