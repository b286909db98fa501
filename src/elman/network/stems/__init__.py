"""Layers before the encoder."""
