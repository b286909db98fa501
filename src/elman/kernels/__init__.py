"""Kernels: run one recurrent layer in one direction on the best backend that can, with the reasons."""

from elman.kernels.call import Call as Call
from elman.kernels.call import Norms as Norms
from elman.kernels.dispatch import Explanation as Explanation
from elman.kernels.dispatch import choose as choose
from elman.kernels.dispatch import explain as explain
from elman.kernels.dispatch import names as names
from elman.kernels.dispatch import register_operators
from elman.kernels.dispatch import run as run
from elman.kernels.dispatch import use as use
from elman.kernels.memory import keep_within_limit
from elman.kernels.memory import trim as trim

register_operators()
keep_within_limit()
