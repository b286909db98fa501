"""Answer for a value: the parts behind Model."""
