"""States and gates of recurrent layers, step by step."""

from elman.inspection.trace.trace import LayerTrace as LayerTrace
from elman.inspection.trace.trace import Predictions as Predictions
from elman.inspection.trace.trace import Trace as Trace
from elman.inspection.trace.tracing import trace as trace
