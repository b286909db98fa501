"""Checks for plug-ins: cells, kernels, codecs and estimators of your own, held to what ours are held to."""

from elman.testing.check_cell import check_cell as check_cell
from elman.testing.check_kernel import check_kernel as check_kernel
