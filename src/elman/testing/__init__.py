"""Batteries that every cell, kernel, codec and estimator must pass, ours and other people's."""

from elman.testing.check_cell import check_cell as check_cell
from elman.testing.check_codec import check_codec as check_codec
from elman.testing.check_estimator import check_estimator as check_estimator
from elman.testing.check_kernel import check_kernel as check_kernel
