"""Files: atomic writes and the model file."""
