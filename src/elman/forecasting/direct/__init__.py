"""Forecast all steps of a horizon at once."""
