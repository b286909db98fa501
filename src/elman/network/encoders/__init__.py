"""Recurrent encoders and their counterparts."""
