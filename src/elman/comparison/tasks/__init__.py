"""Tasks of a comparison, one per estimator."""
