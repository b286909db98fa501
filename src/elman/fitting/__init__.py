"""Rows, training and inference shared by the estimators."""
