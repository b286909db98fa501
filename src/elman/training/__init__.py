"""Training of networks: settings and callbacks, without torch. Other names come from their files: ``elman.training.loop.fit``."""

from elman.training.callback import Callback as Callback
from elman.training.callback import TrainingState as TrainingState
from elman.training.settings import Training as Training
