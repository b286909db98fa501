"""Forecast series: the parts behind Forecaster."""
