"""Seasonality: the period of a series, and the gain of a seasonal over a plain naive forecast."""

from __future__ import annotations

import numpy as np

from elman.errors import DataError


def interpolate(values: np.ndarray) -> np.ndarray:
    """Replace NaN by straight lines between neighbours, and at the ends by the nearest value."""
    observed = np.flatnonzero(~np.isnan(values))
    if len(observed) == 0:
        raise DataError("A series has no known value, only NaN. Drop it or give at least one number.")
    return np.interp(np.arange(len(values)), observed, values[observed])


def seasonal_strength(values: np.ndarray, season: int) -> float:
    """Return the gain of the value a season ago over the last value as a forecast; positive if it is better.

    1 - mean|x_t - x_{t-season}| / mean|x_t - x_{t-h}| averaged over h = 1..season.
    """
    if season <= 1 or len(values) <= 2 * season:
        return 0.0
    seasonal = float(np.mean(np.abs(values[season:] - values[:-season])))
    naive = float(np.mean([np.mean(np.abs(values[h:] - values[:-h])) for h in range(1, season + 1)]))
    return 1.0 - seasonal / naive if naive > 0 else 0.0


def detect_season(values: np.ndarray, longest: int = 400) -> int:
    """Return the period of a series, 1 if there is no clear one.

    The period is the first clear peak of the autocorrelation of the detrended series (at least 0.5, and a local maximum).
    """
    count = len(values)
    if count < 12:
        return 1
    steps = np.arange(count)
    detrended = values - np.polyval(np.polyfit(steps, values, 1), steps)
    power = np.abs(np.fft.rfft(detrended, 2 * count)) ** 2
    correlation = np.fft.irfft(power)[: min(longest, count // 3) + 1]
    if correlation[0] <= 0:
        return 1
    correlation = correlation / correlation[0] * count / (count - np.arange(len(correlation)))
    inner = correlation[2:-1]
    peaks = np.flatnonzero((inner > correlation[1:-2]) & (inner >= correlation[3:]) & (inner > 0.5)) + 2
    if len(peaks) == 0:
        return 1
    best = float(correlation[peaks].max())
    return int(peaks[correlation[peaks] >= 0.9 * best][0])
