"""Forecasting: how series are prepared, what a network reads of them, and how its answers become forecasts."""
