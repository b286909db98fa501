"""How far back a network remembers."""

from elman.inspection.memory.measuring import memory as memory
from elman.inspection.memory.memory import Memory as Memory
