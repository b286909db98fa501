"""Relation, sizes and options inferred from data."""
