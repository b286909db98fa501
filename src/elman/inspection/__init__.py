"""States, memory and errors of fitted estimators."""
