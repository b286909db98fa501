"""Backtests, anomalies and verdicts of fitted estimators."""
