"""Verdict: the forecast to use, by a test of the difference between a model and the best baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from elman.metrics.forecasts import Interval, bootstrap

_FEWEST = 5
"""Series or moments needed to tell a better forecast from luck."""
_LABELS = {
    "naive": "the last value",
    "seasonal naive": "the value one season ago",
    "drift": "the drift line",
    "naive2": "the deseasonalised last value",
    "linear": "the linear map",
}
"""Simplest first."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The forecast to use, with the evidence.

    Attributes
    ----------
    use : str
        Name of the forecast.
    against : str
        The best of the others, which ours is compared with.
    gain : Interval
        Share by which our errors are smaller than the other's (negative: larger), with its 95 % interval.
    sure : bool
        Whether the interval leaves out zero.
    sentence : str
        All of it in words.
    """

    use: str
    against: str
    gain: Interval
    sure: bool
    sentence: str

    def __str__(self) -> str:
        """Return the sentence."""
        return self.sentence


def judge(errors: Mapping[str, np.ndarray], ours: str, series: np.ndarray, moments: np.ndarray) -> Verdict:
    """Compare one forecast with the best of the others, on the same cutoffs.

    The interval of the difference combines a bootstrap over series and one over moments in time: one day affects many
    series, so both are sources of chance.

    Parameters
    ----------
    errors : mapping of str to array
        Scaled errors of every forecast, (m,) each; a cutoff that is NaN for one is left out for all.
    ours : str
        Name of the forecast to compare.
    series : array, (m,)
        Series of each cutoff.
    moments : array, (m,)
        Its period: cutoffs with overlapping horizons share a number.

    Returns
    -------
    Verdict
        The forecast to use, and the reason.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> same = random.uniform(1, 2, 400)
    >>> errors = {"elman": same * 1.05, "naive": same, "drift": same * 1.2}
    >>> print(judge(errors, "elman", np.repeat(np.arange(20), 20), np.tile(np.arange(20), 20)))
    Use the last value: elman's errors are 5.0 % larger (95 % interval 4.9 to 5.1 %; 20 series, 20 moments).
    """
    finite = np.all([np.isfinite(e) for e in errors.values()], axis=0)
    means = {name: float(e[finite].mean()) if finite.any() else np.nan for name, e in errors.items()}
    series, moments = series[finite], moments[finite]

    def gain_of(name: str, other: str) -> Interval:
        return _gain(errors[name][finite], errors[other][finite], series, moments)

    against = min((name for name in errors if name != ours), key=lambda name: means[name])
    gain = gain_of(ours, against)
    if not gain.low > 0:  # ours does not win: compare with the simplest forecast that nothing surely beats
        best = against
        candidates = _by_simplicity(errors, ours, best)
        against = next(name for name in candidates if not (gain_of(best, name).low > 0 or gain_of(ours, name).low > 0))
        gain = gain_of(ours, against)
    counts = f"{_count(series, 'series', 'series')}, {_count(moments, 'moment', 'moments')}"
    enough = bool(np.isfinite(gain.low)) and max(len(np.unique(series)), len(np.unique(moments))) >= _FEWEST
    sure = enough and not gain.low <= 0 <= gain.high
    use = ours if sure and gain.mean > 0 else against
    return Verdict(
        use=use, against=against, gain=gain, sure=sure, sentence=_sentence(ours, against, gain, counts, enough=enough, sure=sure)
    )


def _by_simplicity(names: Mapping[str, Any], ours: str, best: str) -> list[str]:
    """The other forecasts, simplest first, and last of all the best."""
    order = list(_LABELS)
    others = sorted((n for n in names if n not in (ours, best)), key=lambda n: order.index(n) if n in order else len(order))
    return [*(n for n in others if n in order and (best not in order or order.index(n) < order.index(best))), best]


def _gain(ours: np.ndarray, other: np.ndarray, series: np.ndarray, moments: np.ndarray) -> Interval:
    if len(other) == 0 or other.mean() == 0:
        return Interval(np.nan, np.nan, np.nan)
    ranges = [bootstrap((other - ours) / other.mean(), groups=groups) for groups in (series, moments)]
    ranges = [r for r in ranges if np.isfinite(r.low)]
    if not ranges:
        return Interval(float(1 - ours.mean() / other.mean()), np.nan, np.nan)
    mean = ranges[0].mean  # variances of the two add up (Cameron, Gelbach and Miller 2011, eq. 2.11, without the term in common)
    down, up = (float(np.sqrt(sum((end - mean) ** 2 for end in ends))) for ends in zip(*(r[1:] for r in ranges), strict=True))
    return Interval(mean, mean - down, mean + up)


def _count(groups: np.ndarray, one: str, many: str) -> str:
    count = len(np.unique(groups))
    return f"{count:,} {one if count == 1 else many}"


def _sentence(ours: str, against: str, gain: Interval, counts: str, *, enough: bool, sure: bool) -> str:
    label = _LABELS.get(against, against)
    if not np.isfinite(gain.mean):
        return f"No verdict: the series are constant, or no true value is known ({counts})."
    size = f"{abs(gain.mean):.1%}".replace("%", " %")
    if not enough:
        side = "smaller" if gain.mean > 0 else "larger"
        return f"Too little data: {ours}'s errors are {size} {side} than those of {label}, but on {counts} only. Backtest more windows."
    if gain.mean > 0:
        low, high = gain.low, gain.high
    else:
        low, high = -gain.high, -gain.low
    interval = f"95 % interval {100 * low:.1f} to {100 * high:.1f} %; {counts}"
    if not sure:
        side = "smaller" if gain.mean > 0 else "larger"
        return f"Use {label}: it is as good. {ours}'s errors are {size} {side}, which may be chance ({interval})."
    if gain.mean > 0:
        return f"Use {ours}: its errors are {size} smaller than those of {label}, the best of the others ({interval})."
    return f"Use {label}: {ours}'s errors are {size} larger ({interval})."
