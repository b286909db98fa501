"""Batteries that every cell, kernel, codec and estimator must pass, ours and other people's."""

from elman.testing.check_codec import check_codec as check_codec
