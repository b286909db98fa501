"""Reports and model cards in HTML."""
