"""Settings left at "auto" are chosen on held-out windows, and the plan gives the reason."""

import numpy as np
import pandas as pd
import pytest

from elman import Forecaster, Network, Preparation, Training
from elman.forecasting.direct.selection import default_context, default_segment
from elman.forecasting.grouped import GroupedSeries
from elman.forecasting.seasons import choose_seasons
from elman.timeseries.read import read_panel

QUICK = Training(max_epochs=1, verbose=0)
TINY = Network(hidden_size=4)


def chosen(series, **options):
    layout = Forecaster(6, network=TINY, training=QUICK, refit=False, **options).fit(series).plan()
    return layout, {name: value for name, (value, _) in layout.preparation.items()}


def test_growth_with_growing_noise_is_taken_as_a_logarithm():
    random = np.random.default_rng(0)
    growing = [np.exp(np.cumsum(0.05 + 0.1 * random.normal(size=150))) for _ in range(5)]
    layout, choices = chosen(growing, season=1)
    assert choices["power"] in ("log", "box-cox")
    assert "held-out error of a linear model: none" in str(layout)
    assert chosen([x - 5 for x in growing], season=1)[1]["power"] == "none"
    assert chosen(growing, season=1, preparation=Preparation(power="none"))[1]["power"] == "none"


def test_a_season_that_multiplies_is_taken_out_so():
    random = np.random.default_rng(0)
    shape = np.exp(0.5 * np.sin(2 * np.pi * np.arange(12) / 12))
    series = [np.exp(np.cumsum(0.1 * random.normal(size=240))) * shape[np.arange(240) % 12] * 100 for _ in range(4)]
    _, choices = chosen(series, season=12, preparation=Preparation(power="none", scale="mean"))
    assert choices["seasonality"] == "multiplicative"


def seasons(series, setting="auto"):
    panel = read_panel(series)
    return choose_seasons(GroupedSeries.from_panel(panel), panel, setting)


def test_hours_have_days_and_weeks_where_the_data_say_so():
    t = np.arange(24 * 7 * 8)
    stamps = pd.date_range("2024-01-01", periods=len(t), freq="h")
    noise = 0.1 * np.random.default_rng(0).normal(size=len(t))
    daily = np.sin(2 * np.pi * t / 24) + noise
    weekly = daily + 2 * (t // 24 % 7 >= 5)
    assert seasons(pd.DataFrame({"ds": stamps, "y": weekly}))[0] == (24, 168)
    assert seasons(weekly)[0][0] in (24, 168)
    assert seasons(np.cumsum(np.random.default_rng(1).normal(size=300)))[0] == ()
    assert seasons(daily, 12) == ((12,), "as set")
    assert seasons(daily, (168, 24)) == ((24, 168), "as set")
    assert seasons(daily, 1)[0] == ()


@pytest.mark.parametrize(
    ("case", "context", "segment"),
    [
        (((24, 168), 48, 900), 336, 24),
        (((52,), 13, 2000), 104, 13),
        (((), 5, 40), 16, 1),
        (((), 720, 9000), 720, 45),
        (((12,), 3, 20), 20, 3),
    ],
)
def test_windows_hold_two_seasons_and_segments_one(case, context, segment):
    periods, horizon, longest = case
    assert default_context(periods, horizon, longest) == context
    assert default_segment(periods, horizon, context) == segment
