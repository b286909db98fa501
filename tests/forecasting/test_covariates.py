"""Past, future and static covariates, categories and the calendar; and the errors for missing ones."""

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

import elman
from elman import Forecaster, Network, Preparation, Training
from elman.errors import DataError, SettingError
from elman.forecasting import calendar_features as calendar
from elman.forecasting.covariates import Column, Covariates
from elman.timeseries.frequency import Frequency
from elman.timeseries.read import read_panel

QUICK = Training(max_epochs=15, learning_rate=0.01, verbose=0)
SMALL = Network(hidden_size=16)


def promotions(seed=0, length=160):
    """Sales that are 10, and 20 on days of a promotion known beforehand; two shops of another level each."""
    random = np.random.default_rng(seed)
    frames = []
    for shop, level in (("north", 10.0), ("south", 30.0)):
        promoted = random.random(length) < 0.3
        frames.append(pd.DataFrame({
            "unique_id": shop, "ds": pd.date_range("2024-01-01", periods=length), "promoted": promoted.astype(float), "region": shop[:1],
            "y": level * (1 + promoted) + random.normal(size=length) * 0.1,
        }))  # fmt: skip
    return pd.concat(frames)


@pytest.mark.parametrize("kind", ["direct", "autoregressive"])
def test_a_covariate_that_explains_the_series_is_used(kind, tmp_path):
    table = promotions()
    late = table["ds"] >= "2024-06-01"
    model = Forecaster(
        7, model=kind, season=1, future=("promoted",), static=("unique_id",), preparation=Preparation(calendar=False),
        network=SMALL, training=QUICK,
    ).fit(table[~late])  # fmt: skip
    after = table[late].groupby("unique_id").head(7)
    forecast = model.predict(future=after.drop(columns="y"))
    truth = after["y"].to_numpy().reshape(2, 7)
    assert np.abs(forecast.values / truth - 1).mean() < 0.15
    model.save(tmp_path / "shops.elman")
    assert np.array_equal(elman.load(tmp_path / "shops.elman").predict(future=after).values, forecast.values)
    holed = after.copy()
    holed.loc[holed["unique_id"] == "south", "promoted"] = np.where(np.arange(7) == 3, np.nan, 0.0)
    with pytest.raises(DataError, match=r"series 'south': future has no 'promoted' at 2024-06-04.*step 4 of 7"):
        model.predict(future=holed)
    with pytest.raises(DataError, match="series 'south': future has no rows for it"):
        model.predict(future=after[after["unique_id"] == "north"])
    with pytest.raises(DataError, match=r"reads the future of \['promoted'\]"):
        model.predict()


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(DataError, match="series 'north' has no column 'promotion'.*Did you mean 'promoted'"):
        Forecaster(7, future=("promotion",)).fit(promotions())
    with pytest.raises(DataError, match="series 'north': the static covariate 'promoted' changes from"):
        Forecaster(7, static=("promoted",)).fit(promotions())
    with pytest.raises(SettingError, match="past must be a list of columns; got 'promoted'"):
        Forecaster(7, past="promoted").fit(promotions())


def test_categories_are_one_channel_each_and_new_ones_are_none():
    panel = read_panel({"unique_id": ["a", "a", "b"], "ds": [1, 2, 1], "y": [1.0, 2.0, 3.0], "sky": ["sun", "rain", "sun"]})
    covariates = Covariates.learn(panel, {"past": ["sky"], "future": [], "static": ["unique_id"]}, dates=True)
    encoded = covariates.encode(panel)
    assert [part.tolist() for part in encoded["past"]] == [[[0, 1], [1, 0]], [[0, 1]]]
    assert encoded["static"]["unique_id"].tolist() == [[1, 0], [0, 1]]
    other = read_panel({"unique_id": ["c"], "ds": [1], "y": [1.0], "sky": ["snow"]})
    assert covariates.encode(other)["past"][0].tolist() == [[0, 0]]
    assert Covariates.from_config(covariates.config()) == covariates


def test_numbers_are_standardised_and_unknown_ones_are_the_mean():
    panel = read_panel({"ds": [1, 2, 3], "y": [1.0, 2.0, 3.0], "heat": [1.0, None, 3.0]})
    numbers = Covariates.learn(panel, {"past": ["heat"]}, dates=False).encode(panel)["past"][0]
    assert numbers[:, 0].tolist() == [-1, 0, 1]


def test_the_calendar_reads_the_clock_on_the_wall():
    noon = calendar.features([datetime(2024, 1, 1, 12), datetime(2024, 1, 6, 0)], ("hour", "weekday"))
    assert noon == pytest.approx(np.array([[0, -1, 0, 1, 0], [0, 1, -0.975, -0.223, 1]]), abs=1e-3)
    days = [date(2022, 1, 1) + timedelta(days=i) for i in range(900)]
    daily = Frequency(kind="delta", step=timedelta(days=1), season=7)
    assert calendar.parts_of(days, daily) == ("weekday", "monthday", "yearday")
    assert calendar.parts_of(days[:30], daily) == ("weekday",)
    assert calendar.parts_of([1, 2, 3], Frequency(kind="delta", step=1)) == ()
    assert calendar.features(days[:2], ()).shape == (2, 0)


def test_columns_that_cannot_be_covariates_are_refused():
    with pytest.raises(DataError, match="The covariate 'id' has 1001 categories; at most 1000 are supported. Group the rare ones"):
        Column.learn("id", "past", [f"id{i}" for i in range(1001)])
    numbers = Column.learn("heat", "past", [1.0, 2.0])
    with pytest.raises(DataError, match="the covariate 'heat' was a number in fit; got 'hot'. Give numbers"):
        numbers.encode(["hot"])
    with pytest.raises(DataError, match="The covariate 'day' has categories that are no text or numbers; such a model cannot be saved"):
        Column(name="day", role="past", levels=(date(2024, 1, 1),)).config()
