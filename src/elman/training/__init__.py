"""Training: how a network learns. Import names from their files: ``elman.training.loop.fit``; this folder loads no torch."""

from elman.training.settings import Training as Training
