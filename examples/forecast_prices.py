"""Forecasting: monthly prices of five companies, one network for all of them.

Needs the extra "demo" (prices come inside vega_datasets). Run: python examples/forecast_prices.py
"""

import os

from vega_datasets import data

from elman import Forecaster, Training

quick = bool(os.environ.get("ELMAN_QUICK"))
horizon = 12

# A long frame: one row for each series and time. pandas, polars and Arrow are all welcome, and the same kind comes back.
prices = data.stocks().rename(columns={"symbol": "unique_id", "date": "ds", "price": "y"}).sort_values(["unique_id", "ds"])
known = prices.groupby("unique_id").head(-horizon)  # the last year is kept for judging
future = prices.groupby("unique_id").tail(horizon)

model = Forecaster(horizon, training=Training(budget="2s" if quick else "20s")).fit(known)
table = model.predict().to_frame()
print(table.groupby("unique_id").head(2).to_string(index=False))

# Prices are nearly a random walk: no honest model beats the last value by much. That is why it is always printed beside.
both = future.merge(table, on=["unique_id", "ds"])
last = known.groupby("unique_id")["y"].last()
error, simplest = (both["y"] - both["elman"]).abs(), (both["y"] - both["unique_id"].map(last)).abs()
inside = both["y"].between(both["elman-lo-80"], both["elman-hi-80"]).mean()
print(f"mean absolute error {error.mean():.2f}; of the last value {simplest.mean():.2f}; inside the 80 % interval: {inside:.0%}")
