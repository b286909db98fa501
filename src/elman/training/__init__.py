"""Training: how a network learns. Import names from their files: ``elman.training.loop.fit``; this folder loads no torch."""

from elman.training.callback import Callback as Callback
from elman.training.callback import TrainingState as TrainingState
from elman.training.settings import Training as Training
