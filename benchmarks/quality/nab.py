"""NAB, the seven series of known cause: the benchmark's score (standard profile) of Forecaster.anomalies beside simple detectors.

ELMAN_DATA=folder python -m benchmarks.quality.nab [--linear] [--part name]

Every detector reads each series once, from its beginning, and judges each point by what came before it. Ours learns from
the probationary period and again whenever the history has doubled, always from the past alone; its score is the tail
probability of a point's distance from the forecast among such distances so far, at the beginnings of what is unusual.
The threshold is the best one for every detector, as the benchmark's rules say.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.quality.nab_detectors import changepoint, windowed_gaussian, windowed_percentile
from benchmarks.quality.nab_scoring import at_threshold, best, mark, probation
from benchmarks.quality.report import machine
from elman import Forecaster, Network, Training
from elman.baselines import LinearForecaster
from elman.datasets import load
from elman.estimators import read_panel
from elman.evaluation.anomalies import score_series
from elman.evaluation.tail_probability import onsets, surprise

PUBLISHED = ("ARTime", "numenta", "bayesChangePt", "windowedGaussian", "random")


def forecaster() -> Forecaster:
    return Forecaster(1, context=64, level=(80,), refit=False, network=Network(members=1), training=Training(max_epochs=5, verbose=0))


def streamed(make: Callable[[], Any], values: np.ndarray) -> np.ndarray:
    """One-step scores (T,) of a forecaster that learns anew whenever its history has doubled."""
    found = np.full(len(values), np.nan)
    known = probation(len(values))
    while known < len(values):
        stop = min(2 * known, len(values))
        model = make().fit(values[:known])
        scores, _ = score_series(model, read_panel(values[:stop]), 0)
        found[known:stop] = scores[known:]
        if np.isnan(found[:known]).all():
            found[:known] = scores[:known]  # the usual surprises to begin with
        known = stop
    return found


def judged(scores: np.ndarray) -> np.ndarray:
    """Surprise among the scores so far, and of an alarm that rings on its beginning: it speaks for a fifth of the probationary period."""
    return onsets(surprise(scores), quiet=probation(len(scores)) // 5)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--linear", action="store_true", help="the linear map alone: seconds instead of minutes")
    parser.add_argument("--part", help="one series only")
    options = parser.parse_args()
    split = load("nab_known_cause")["all"]
    chosen = [i for i, name in enumerate(split.extra["name"]) if options.part in (None, name)]
    names, values = [split.extra["name"][i] for i in chosen], [split.x[i] for i in chosen]
    marked = [mark(split.extra["time"][i], split.extra["windows"][i]) for i in chosen]
    points: dict[tuple[str, int], np.ndarray] = {}

    def scores_of(name: str, make: Callable[[], Any], v: np.ndarray) -> np.ndarray:
        key = (name, id(v))
        if key not in points:
            points[key] = streamed(make, v)
        return points[key]

    detectors: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "windowed percentile": windowed_percentile,
        "windowed percentile, onsets": lambda v: onsets(windowed_percentile(v), probation(len(v)) // 5),
        "windowed Gaussian": windowed_gaussian,
        "windowed Gaussian, onsets": lambda v: onsets(windowed_gaussian(v), probation(len(v)) // 5),
        "Bayesian changepoint": changepoint,
        "linear map": lambda v: scores_of("linear", LinearForecaster, v),
        "linear map, surprise": lambda v: judged(scores_of("linear", LinearForecaster, v)),
    }
    if not options.linear:
        detectors["elman"] = lambda v: scores_of("elman", forecaster, v)
        detectors["elman, surprise"] = lambda v: judged(scores_of("elman", forecaster, v))
    print(f"{len(names)} series, {sum(m.windows for m in marked)} windows; {machine()}\n")
    print("| detector | NAB score, standard | windows found | false alarms | seconds |\n|---|--:|--:|--:|--:|")
    for name, detector in detectors.items():
        begun = time.perf_counter()
        scores = [detector(v) for v in values]
        seconds = time.perf_counter() - begun
        score, threshold = best(marked, scores)
        rows = at_threshold(marked, scores, threshold)
        found, alarms = sum(r[1] for r in rows), sum(r[2] for r in rows)
        print(f"| {name} | {score:.1f} | {found} | {alarms} | {seconds:.0f} |", flush=True)
        for series, (total, hit, false), m in zip(names, rows, marked, strict=True):
            print(f"<!-- {series}: {total:+.2f}, {hit} of {m.windows} windows, {false} false alarms -->", flush=True)
    results = load("nab_known_cause").details["results"]
    shown = ", ".join(f"{name} {results[name]['standard']:.1f}" for name in PUBLISHED if name in results)
    print(f"\nPublished over the whole of NAB (58 series): {shown}.")


if __name__ == "__main__":
    main()
