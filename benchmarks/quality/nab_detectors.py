"""Simple detectors to stand beside, written from their papers: each judges a point by what came before it."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln


def windowed_percentile(values: np.ndarray, window: int = 1000) -> np.ndarray:
    """Distance of a value from the middle of the last ``window`` values, as a share of their 5–95 % range on its side."""
    scores = np.zeros(len(values))
    for i in range(10, len(values)):
        low, middle, high = np.quantile(values[max(0, i - window) : i], (0.05, 0.5, 0.95))
        side = high - middle if values[i] > middle else middle - low
        scores[i] = abs(values[i] - middle) / max(side, 1e-9 * max(1.0, abs(middle)))
    return scores


def windowed_gaussian(values: np.ndarray, window: int = 1000) -> np.ndarray:
    """Distance of a value from the mean of the last ``window`` values, in their standard deviations."""
    total = np.concatenate([[0.0], np.cumsum(values - values[0])])
    square = np.concatenate([[0.0], np.cumsum((values - values[0]) ** 2)])
    ends = np.arange(len(values))
    starts = np.maximum(0, ends - window)
    count = np.maximum(1, ends - starts)
    mean = (total[ends] - total[starts]) / count
    deviation = np.sqrt(np.maximum((square[ends] - square[starts]) / count - mean**2, 0.0))
    scores = np.abs(values - values[0] - mean) / np.maximum(deviation, 1e-6)
    scores[:10] = 0.0
    return scores


def changepoint(values: np.ndarray, *, longest: int = 500, every: float = 250.0) -> np.ndarray:
    """Bayesian online changepoint detection (Adams and MacKay 2007): how far the likeliest run length falls.

    A normal distribution of unknown mean and variance within a run (normal-gamma prior: alpha 0.1, beta 0.001, kappa 1,
    mu 0), a constant hazard of one change in ``every`` points, runs of at most ``longest`` points: the settings of the
    benchmark's own detector of that name.
    """
    runs = np.arange(longest + 1)
    alpha, kappa = 0.1 + runs / 2, 1.0 + runs
    constant = gammaln(alpha + 0.5) - gammaln(alpha) - 0.5 * np.log(2 * np.pi * alpha)
    mu, beta = np.zeros(longest + 1), np.full(longest + 1, 0.001)
    odds, longest_before = np.zeros(longest + 1), 0
    odds[0] = 1.0
    scores = np.zeros(len(values))
    for i, x in enumerate(values):
        spread = beta * (kappa + 1) / (alpha * kappa)
        likelihood = np.exp(constant - 0.5 * np.log(spread) - (alpha + 0.5) * np.log1p((x - mu) ** 2 / (2 * alpha * spread)))
        weighed = odds * likelihood
        total = weighed.sum()
        if total <= 0:
            weighed, total = odds, 1.0
        grown = np.concatenate([[total / every], weighed[:-1] * (1 - 1 / every)])
        grown[-1] += weighed[-1] * (1 - 1 / every)
        odds = grown / grown.sum()
        beta = np.concatenate([[0.001], (beta + kappa * (x - mu) ** 2 / (2 * (kappa + 1)))[:-1]])
        mu = np.concatenate([[0.0], ((kappa * mu + x) / (kappa + 1))[:-1]])
        likeliest = int(odds.argmax())
        scores[i] = 1 - likeliest / longest_before if likeliest < longest_before else 0.0
        longest_before = likeliest
    return scores
