"""Insight: what a network remembers, and how its training went."""

from elman.insight.horizon import Memory as Memory
from elman.insight.remembering import memory as memory
from elman.insight.traced import LayerTrace as LayerTrace
from elman.insight.traced import Predictions as Predictions
from elman.insight.traced import Trace as Trace
from elman.insight.tracing import trace as trace
