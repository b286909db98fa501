"""Seasons: the cycles of a panel, from the stamps or from the values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from elman.forecasting.grouped import GroupedSeries
from elman.timeseries.read import Panel
from elman.timeseries.seasonality import detect_season, seasonal_strength

_SHARE = 0.1
"""Share of the series that a season must help."""
_DAYS = {24, 48, 96, 144, 288}
"""Steps of a day that usually has a week above it."""


def choose_seasons(series: GroupedSeries, panel: Panel, setting: int | Sequence[int] | str) -> tuple[tuple[int, ...], str]:
    """Return the seasons, shortest first, and the reason."""
    if not isinstance(setting, str):
        seasons = [setting] if isinstance(setting, int) else list(setting)
        return tuple(sorted({int(s) for s in seasons if s > 1})), "as set"
    sample = [series[row] for row in range(0, len(series), max(1, len(series) // 40))]
    season, reason = (panel.frequency.season, "from the stamps") if panel.form == "frame" else (1, "")
    if season <= 1:
        season, reason = _detect(sample), "found in the series"
    candidates = [season, 7 * season] if season in _DAYS else [season]
    seasons = tuple(s for s in candidates if s > 1 and _helps(sample, s))
    return seasons, f"{reason}; better than the last value in {_SHARE:.0%} of the series or more" if seasons else "none helps"


def _detect(sample: list[np.ndarray]) -> int:
    """Return the most frequent period, 1 if it is rare."""
    counts = Counter(season for season in map(detect_season, sample) if season > 1)
    if not counts:
        return 1
    season, count = counts.most_common(1)[0]
    return season if count >= 0.3 * len(sample) else 1


def _helps(sample: list[np.ndarray], season: int) -> bool:
    return float(np.mean([seasonal_strength(values, season) > 0 for values in sample])) >= _SHARE
