"""Seasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from elman.forecasting.direct.selection import _PER_WEEK, _SHARED
from elman.forecasting.grouped import GroupedSeries
from elman.timeseries.read import Panel
from elman.timeseries.seasonality import detect_season, seasonal_strength


def seasons_of(tape: GroupedSeries, panel: Panel, given: int | Sequence[int] | str) -> tuple[tuple[int, ...], str]:
    """Return the seasons, shortest first, and why.

    Parameters
    ----------
    tape : Tape
        The series.
    panel : Panel
        Their stamps.
    given : int, sequence of int or "auto"
        What the user said; 1 for none.

    Returns
    -------
    tuple of int, str
        Seasons above 1, and the reason.
    """
    if not isinstance(given, str):
        listed = [given] if isinstance(given, int) else list(given)
        return tuple(sorted({int(s) for s in listed if s > 1})), "as set"
    series = [tape.series(row) for row in range(0, len(tape), max(1, len(tape) // 40))]
    season, why = (panel.frequency.season, "from the stamps") if panel.form == "frame" else (1, "")
    if season <= 1:
        season, why = _detected(series), "found in the series"
    found = [season, 7 * season] if season in _PER_WEEK else [season]
    kept = tuple(s for s in found if s > 1 and _helps(series, s))
    return kept, f"{why}; better than the last value in {_SHARED:.0%} of the series or more" if kept else "none helps"


def _detected(series: list[np.ndarray]) -> int:
    found = Counter(season for season in map(detect_season, series) if season > 1)
    if not found:
        return 1
    season, count = found.most_common(1)[0]
    return season if count >= 0.3 * len(series) else 1


def _helps(series: list[np.ndarray], season: int) -> bool:
    return float(np.mean([seasonal_strength(values, season) > 0 for values in series])) >= _SHARED
