"""Batches of sequences of different lengths."""

from elman.sequences.ragged import Ragged as Ragged
