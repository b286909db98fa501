"""Checks of a fitted estimator."""
