"""Forecast step by step, by sampling."""
