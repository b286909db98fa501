"""Insight: what a network remembers, and how its training went."""
